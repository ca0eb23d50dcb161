"""Kinds of text in a batch header (批次头字段类型): bounded, without control characters, checked where checkable."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from messages.checks.bank_code import is_bank_code
from messages.checks.text import is_clean


def _clean(text: str) -> str:
    if not is_clean(text):
        raise ValueError("CONTROL_CHARACTER")
    return text


def _checked_bank_code(text: str) -> str:
    if not is_bank_code(text):
        raise ValueError("BANK_CODE_CHECK")
    return text


Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_clean)]
"""A name or title of up to 100 characters."""

ShortText = Annotated[str, Field(min_length=1, max_length=60), AfterValidator(_clean)]
"""A text of up to 60 characters."""

LongText = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_clean)]
"""A text of up to 200 characters."""

Number = Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,39}$", max_length=40)]
"""A number or code of up to 40 ASCII characters."""

DivisionCode = Annotated[str, Field(pattern=r"^[1-9][0-9]{5}(?:[0-9]{3}|[0-9]{6})?$", max_length=12)]
"""6 digits (GB/T 2260), 9 (财政区划 mof_div_code) or 12 (统计用区划代码)."""

AccountNumber = Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z-]{4,31}$", max_length=32)]
"""5 to 32 letters, digits and hyphens."""

BankCode = Annotated[str, Field(pattern=r"^[0-9]{12}$", max_length=12), AfterValidator(_checked_bank_code)]
"""行号: 12 digits with the right check digit."""
