"""Codes of the findings about lines and items (校验结果代码), and the shape of an entry of their catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Whether a finding holds its item."""

    REJECT = "REJECT"  # 退回: the item is not paid
    WARN = "WARN"  # 提示: the item goes on


class Code(StrEnum):
    """Codes of findings, in the order in which a line is judged."""

    LINE_TOO_LONG = "LINE_TOO_LONG"
    LINE_ENCODING = "LINE_ENCODING"
    LINE_NUL = "LINE_NUL"
    LINE_NOT_JSON = "LINE_NOT_JSON"
    LINE_NOT_OBJECT = "LINE_NOT_OBJECT"
    LINE_NOT_CSV = "LINE_NOT_CSV"
    COLUMN_COUNT = "COLUMN_COUNT"
    DUPLICATE_FIELD = "DUPLICATE_FIELD"
    UNKNOWN_FIELD = "UNKNOWN_FIELD"
    FIELD_TYPE = "FIELD_TYPE"
    AMOUNT_FORMAT = "AMOUNT_FORMAT"
    MISSING = "MISSING"
    ITEM_ID_FORMAT = "ITEM_ID_FORMAT"
    DUPLICATE_ITEM_ID = "DUPLICATE_ITEM_ID"
    UNKNOWN_CODE = "UNKNOWN_CODE"
    KIND_MISMATCH = "KIND_MISMATCH"
    TOO_LONG = "TOO_LONG"
    LOOSE_SPACES = "LOOSE_SPACES"
    CONTROL_CHARACTER = "CONTROL_CHARACTER"
    NAME_CHARACTERS = "NAME_CHARACTERS"
    RESIDENT_ID_FORM = "RESIDENT_ID_FORM"
    RESIDENT_ID_REGION = "RESIDENT_ID_REGION"
    RESIDENT_ID_BIRTH_DATE = "RESIDENT_ID_BIRTH_DATE"
    RESIDENT_ID_CHECK = "RESIDENT_ID_CHECK"
    USCC_CHECK = "USCC_CHECK"
    DOCUMENT_FORM = "DOCUMENT_FORM"
    ACCOUNT_FORM = "ACCOUNT_FORM"
    ACCOUNT_LUHN = "ACCOUNT_LUHN"
    BANK_CODE_CHECK = "BANK_CODE_CHECK"
    MOBILE_FORM = "MOBILE_FORM"
    AMOUNT_RANGE = "AMOUNT_RANGE"
    REISSUES_ITSELF = "REISSUES_ITSELF"
    REPEATED_PAYMENT = "REPEATED_PAYMENT"
    NO_ROUTE = "NO_ROUTE"
    NOT_CARRIED = "NOT_CARRIED"
    ABOVE_BANK_LIMIT = "ABOVE_BANK_LIMIT"


@dataclass(frozen=True, slots=True)
class Entry:
    """One code: which fields it speaks of ("line": the line as a whole; "*": the one named), what and what to do."""

    code: Code
    field: str
    severity: Severity
    what_zh: str
    remedy_zh: str
    what_en: str
    remedy_en: str

    @property
    def zh(self) -> str:
        """Explanation and remedy in Chinese."""
        return f"{self.what_zh}；{self.remedy_zh}。"

    @property
    def en(self) -> str:
        """Explanation and remedy in English."""
        return f"{self.what_en}: {self.remedy_en}"
