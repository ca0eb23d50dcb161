"""The rules an item must satisfy before any money is promised (明细校验规则), as expressions over a block (R12, R13).

Each rule is true where an item *fails*. A rule about a field says nothing where the field is missing, and a
rule about characters says nothing where a coarser rule about the same text has failed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import polars as pl

from messages.batch.codes import Code
from messages.batch.columns import AccountKind, IdType, PayeeKind
from messages.batch.findings import ITEM_ID_PATTERN
from messages.checks.amount import is_payable
from messages.checks.documents import FOREIGN_RESIDENT, HK_MACAO_PERMIT, PASSPORT, TAIWAN_PERMIT, has_form
from messages.checks.mobile import are_mobiles
from messages.checks.names import (
    ORGANISATION_CHARACTERS,
    PERSON_CHARACTERS,
    are_organisation_names,
    are_person_names,
)
from messages.checks.text import is_free_of_controls, is_trimmed, is_within

REQUIRED: Final = (
    "item_id",
    "payee_kind",
    "name",
    "id_type",
    "id_number",
    "account",
    "account_kind",
    "bank_code",
    "amount_fen",
)
TEXT_CHARACTERS: Final = {"name": ORGANISATION_CHARACTERS, "address": 200, "remark": 100}
"""Most Unicode characters of the free texts; a person's name has at most ``PERSON_CHARACTERS``."""

CARD_PATTERN: Final = r"\A[0-9]{5,32}\z"
ACCOUNT_PATTERN: Final = r"\A[0-9A-Za-z][0-9A-Za-z-]{4,31}\z"

_CODES: Final[dict[str, type[StrEnum]]] = {"payee_kind": PayeeKind, "id_type": IdType, "account_kind": AccountKind}
_DOCUMENTS: Final = {
    IdType.HK_MACAO_PERMIT: HK_MACAO_PERMIT,
    IdType.TAIWAN_PERMIT: TAIWAN_PERMIT,
    IdType.FOREIGN_RESIDENT: FOREIGN_RESIDENT,
    IdType.PASSPORT: PASSPORT,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: where ``failing`` is true, ``field`` has the finding ``code``."""

    field: str
    code: Code
    failing: pl.Expr


def item_rules(amount_limit_fen: int) -> list[Rule]:
    """All rules that are expressions; check digits are columns computed beside them (``check_digits``)."""
    return [
        *(Rule(name, Code.MISSING, pl.col(name).is_null()) for name in REQUIRED),
        Rule("item_id", Code.ITEM_ID_FORMAT, ~pl.col("item_id").str.contains(ITEM_ID_PATTERN)),
        *_code_rules(),
        *_kind_rules(),
        *(rule for name in TEXT_CHARACTERS for rule in _text_rules(name)),
        Rule("id_number", Code.DOCUMENT_FORM, _wrong_document()),
        Rule("account", Code.ACCOUNT_FORM, ~_has_account_form()),
        Rule("mobile", Code.MOBILE_FORM, ~are_mobiles(pl.col("mobile"))),
        Rule("amount_fen", Code.AMOUNT_RANGE, ~is_payable(pl.col("amount_fen"), amount_limit_fen)),
        Rule("reissues_item_id", Code.ITEM_ID_FORMAT, ~pl.col("reissues_item_id").str.contains(ITEM_ID_PATTERN)),
        Rule("reissues_item_id", Code.REISSUES_ITSELF, pl.col("reissues_item_id") == pl.col("item_id")),
    ]


def is_card() -> pl.Expr:
    """Accounts that are card numbers."""
    return pl.col("account_kind").is_in([str(AccountKind.BANK_CARD), str(AccountKind.SOCIAL_SECURITY_CARD)])


def _values(codes: type[StrEnum]) -> list[str]:
    return [str(code) for code in codes]


def _code_rules() -> list[Rule]:
    return [Rule(name, Code.UNKNOWN_CODE, ~pl.col(name).is_in(_values(codes))) for name, codes in _CODES.items()]


def _kind_rules() -> list[Rule]:
    """Persons have personal documents and accounts, organisations a USCC and a corporate account (001 五(一))."""
    person, organisation = (pl.col("payee_kind") == str(kind) for kind in PayeeKind)
    personal_ids = [value for value in _values(IdType) if value != IdType.USCC]
    personal_accounts = [value for value in _values(AccountKind) if value != AccountKind.CORPORATE]
    document, account = pl.col("id_type"), pl.col("account_kind")
    return [
        Rule(
            "id_type",
            Code.KIND_MISMATCH,
            (person & (document == str(IdType.USCC))) | (organisation & document.is_in(personal_ids)),
        ),
        Rule(
            "account_kind",
            Code.KIND_MISMATCH,
            (person & (account == str(AccountKind.CORPORATE))) | (organisation & account.is_in(personal_accounts)),
        ),
    ]


def _text_rules(name: str) -> list[Rule]:
    text = pl.col(name)
    person = pl.col("payee_kind") == str(PayeeKind.PERSON)
    limits = pl.when(person).then(PERSON_CHARACTERS).otherwise(ORGANISATION_CHARACTERS)
    sized = (text.str.len_chars() <= limits) if name == "name" else is_within(text, TEXT_CHARACTERS[name])
    rules = [
        Rule(name, Code.TOO_LONG, ~sized),
        Rule(name, Code.LOOSE_SPACES, ~is_trimmed(text)),
        Rule(name, Code.CONTROL_CHARACTER, ~is_free_of_controls(text)),
    ]
    if name == "name":
        named = pl.when(person).then(are_person_names(text)).otherwise(are_organisation_names(text))
        rules.append(Rule(name, Code.NAME_CHARACTERS, ~named & is_trimmed(text) & is_free_of_controls(text)))
    return rules


def _wrong_document() -> pl.Expr:
    number, kind = pl.col("id_number"), pl.col("id_type")
    wrong = [(kind == str(code)) & ~has_form(number, pattern) for code, pattern in _DOCUMENTS.items()]
    return pl.any_horizontal(wrong)


def _has_account_form() -> pl.Expr:
    account = pl.col("account")
    return pl.when(is_card()).then(account.str.contains(CARD_PATTERN)).otherwise(account.str.contains(ACCOUNT_PATTERN))
