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
from messages.checks.bank_code import is_bank_code
from messages.checks.luhn import satisfies_luhn
from messages.checks.resident_id import is_resident_id
from messages.checks.uscc import is_uscc

MOST: Final = 1000
_DIGITS: Final = "0123456789"
_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ACCEPTED_AT: Final = time(9, 30)
_LATEST_BIRTH: Final = date(2100, 1, 1)


class _Payee(NamedTuple):
    kind: PayeeKind
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
    codes = [_bank_code(prefix) for prefix in profile.serves.bank_codes] or list(profile.bank_codes)
    items = [_item(number, codes[number % len(codes)]) for number in range(min(rows, MOST))]
    return as_instructed(profile, pl.DataFrame(items, schema=STORED_SCHEMA))


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


def _item(number: int, bank_code: str) -> dict[str, object]:
    payee = _PAYEES[number % len(_PAYEES)]
    person = payee.kind is PayeeKind.PERSON
    return {
        "item_id": f"SAMPLE{number + 1:04d}",
        "payee_kind": payee.kind.value,
        "name": payee.name,
        "id_type": payee.id_type.value,
        "id_number": _resident_id(number) if person else _credit_code(number),
        "account": _checked(f"629998{number + 1:012d}", _DIGITS, satisfies_luhn),
        "account_kind": payee.account_kind.value,
        "bank_code": bank_code,
        "mobile": payee.mobile,
        "address": payee.address,
        "amount_fen": 80_000 + number * 12_345,
        "remark": payee.remark,
        "reissues_item_id": None,
        "line_no": number + 1,
        "item_no": number,
    }


def _resident_id(number: int) -> str:
    body = f"520099{1950 + number % 50}0{number % 9 + 1}15{number % 900 + 100:03d}"
    return _checked(body, _DIGITS + "X", lambda text: is_resident_id(text, today=_LATEST_BIRTH))


def _credit_code(number: int) -> str:
    return _checked(f"N3520099{number:09d}", _ALPHABET, is_uscc)


def _bank_code(prefix: str) -> str:
    """A 行号 that begins with ``prefix``; the empty prefix stands for any bank."""
    if len(prefix) == BANK_CODE_WIDTH:
        return prefix
    return _checked((prefix or "313").ljust(BANK_CODE_WIDTH - 1, "0"), _DIGITS, is_bank_code)


def _checked(body: str, alphabet: str, valid: Callable[[str], bool]) -> str:
    """``body`` and the one check character that makes it valid."""
    return next(body + character for character in alphabet if valid(body + character))
