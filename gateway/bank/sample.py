"""Items to show a bank's format with (样例明细): few, always the same, each one valid and nobody's.

The area code 520099 and the card prefix 629998 are not assigned. Check digits are found by asking
``messages.checks``, so that a sample passes whatever intake asks of an item.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Final, NamedTuple

import polars as pl

from adapters.contract import INSTRUCTION_EXTRA, InstructionHead
from adapters.profile import BankProfile
from gateway.clock import CHINA
from messages.batch.columns import STORED_SCHEMA, AccountKind, IdType, PayeeKind
from messages.batch.numbering import batch_reference, item_references, message_id
from messages.checks.bank_code import WIDTH as BANK_CODE_WIDTH
from messages.checks.bank_code import are_bank_codes
from messages.checks.luhn import satisfy_luhn
from messages.checks.resident_id import are_resident_ids
from messages.checks.uscc import are_usccs

MOST: Final = 1000
_DIGITS: Final = "0123456789"
_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ACCEPTED_AT: Final = time(9, 30)
_LATEST_BIRTH: Final = date(2100, 1, 1)


class _Payee(NamedTuple):
    payee_kind: PayeeKind
    name: str
    id_type: IdType
    account_kind: AccountKind
    mobile: str | None
    address: str | None
    remark: str | None


_CARD, _BANK, _BOOK = AccountKind.SOCIAL_SECURITY_CARD, AccountKind.BANK_CARD, AccountKind.PASSBOOK
_PAYEES: Final = (
    _Payee(PayeeKind.PERSON, "王建国", IdType.RESIDENT_ID, _CARD, "13800000001", "示范县青龙乡石桥村3组", None),
    _Payee(PayeeKind.PERSON, "阿依古丽·买买提", IdType.RESIDENT_ID, _BANK, None, None, "二〇二六年度补贴"),
    _Payee(PayeeKind.ORGANISATION, "石桥村农民专业合作社", IdType.USCC, AccountKind.CORPORATE, None, None, None),
    _Payee(PayeeKind.PERSON, "李秀英", IdType.RESIDENT_ID, _BOOK, "13800000004", None, None),
    _Payee(PayeeKind.PERSON, "赵䶮", IdType.RESIDENT_ID, _CARD, None, None, None),
)
"""The last name has a rare character (生僻字) that GB18030 and UTF-8 carry and GBK does not."""


def sample_items(profile: BankProfile, rows: int) -> pl.DataFrame:
    """``rows`` items that this bank would be given: STORED_SCHEMA and ``reference``. At most MOST."""
    numbers = range(min(rows, MOST))
    payees = [_PAYEES[number % len(_PAYEES)] for number in numbers]
    codes = _bank_codes(profile)
    people, firms = _resident_ids(numbers), _credit_codes(numbers)
    columns = {
        "item_id": [f"SAMPLE{number + 1:04d}" for number in numbers],
        "id_number": [(people if payee.id_type is IdType.RESIDENT_ID else firms)[n] for n, payee in enumerate(payees)],
        "account": _checked([f"629998{number + 1:012d}" for number in numbers], _DIGITS, satisfy_luhn),
        "bank_code": [codes[number % len(codes)] for number in numbers],
        "amount_fen": [80_000 + number * 12_345 for number in numbers],
        "reissues_item_id": [None for _ in numbers],
        "line_no": [number + 1 for number in numbers],
        "item_no": list(numbers),
    }
    people_columns = {name: [getattr(payee, name) for payee in payees] for name in _Payee._fields}
    frame = pl.DataFrame({**columns, **people_columns}, schema_overrides=STORED_SCHEMA)
    return as_instructed(profile, frame.select(*STORED_SCHEMA))


def as_instructed(profile: BankProfile, items: pl.DataFrame) -> pl.DataFrame:
    """Numbered items as instruction blocks: with the references that this sample gives them."""
    return items.with_columns(item_references(_reference(profile)).alias(INSTRUCTION_EXTRA))


def sample_head(profile: BankProfile, block: pl.DataFrame, day: date) -> InstructionHead:
    """What one file of ``block`` says about itself, accepted on ``day`` at half past nine."""
    return InstructionHead(
        message_id=message_id(_reference(profile), 1),
        file_no=1,
        rows=block.height,
        total_fen=int(block["amount_fen"].sum()),
        created_at=datetime.combine(day, _ACCEPTED_AT, CHINA),
        requested_on=day,
        batch_no="SAMPLE-0001",
        project_code="DEMO-PROJECT-01",
        policy_name="示范补贴",
        voucher_no="SAMPLE-VOUCHER-01",
        debtor_name="示范县财政局",
        debtor_account="520099000000000001",
        debtor_bank_code=profile.bank_codes[0],
    )


def _reference(profile: BankProfile) -> str:
    return batch_reference("GW01", "preview", profile.bank)


def _resident_ids(numbers: range) -> list[str]:
    bodies = [f"520099{1950 + n % 50}0{n % 9 + 1}15{n % 900 + 100:03d}" for n in numbers]
    return _checked(bodies, _DIGITS + "X", lambda texts: are_resident_ids(texts, today=_LATEST_BIRTH))


def _credit_codes(numbers: range) -> list[str]:
    return _checked([f"N3520099{number:09d}" for number in numbers], _ALPHABET, are_usccs)


def _bank_codes(profile: BankProfile) -> list[str]:
    """A 行号 for each prefix that the bank serves, else its own; the empty prefix stands for any bank."""
    prefixes = profile.serves.bank_codes or profile.bank_codes
    whole = [prefix for prefix in prefixes if len(prefix) == BANK_CODE_WIDTH]
    bodies = [(prefix or "313").ljust(BANK_CODE_WIDTH - 1, "0") for prefix in prefixes if prefix not in whole]
    return whole + _checked(bodies, _DIGITS, are_bank_codes)


def _checked(bodies: list[str], alphabet: str, valid: Callable[[pl.Series], pl.Series]) -> list[str]:
    """Each body with the one check character that makes it valid."""
    candidates = pl.Series([body + last for body in bodies for last in alphabet], dtype=pl.String)
    return candidates.filter(valid(candidates)).to_list()
