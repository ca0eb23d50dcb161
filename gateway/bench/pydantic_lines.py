"""What everybody writes first (逐行校验的常见写法): a pydantic model, one line at a time. Measured against, never used."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, model_validator

from messages.batch.columns import AccountKind, IdType, PayeeKind

_ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_USCC: Final = {character: value for value, character in enumerate("0123456789ABCDEFGHJKLMNPQRTUWXY")}
_USCC_WEIGHTS: Final = tuple(pow(3, place, 31) for place in range(17))
_NAME: Final = re.compile(r"[\u3400-\u9fffA-Za-z0-9·. ]+")


class Line(BaseModel):
    """One item with the shape of each field, and nothing that needs arithmetic."""

    model_config = ConfigDict(strict=False, extra="forbid")

    item_id: Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[0-9A-Za-z_-]+$")]
    payee_kind: PayeeKind
    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    id_type: IdType
    id_number: Annotated[str, StringConstraints(min_length=1, max_length=30)]
    account: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{5,32}$")]
    account_kind: AccountKind
    bank_code: Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
    mobile: Annotated[str, StringConstraints(pattern=r"^1[3-9][0-9]{9}$")] | None = None
    address: Annotated[str, StringConstraints(max_length=200)] | None = None
    amount_fen: Annotated[int, Field(gt=0, le=100_000_000, strict=True)]
    remark: Annotated[str, StringConstraints(max_length=100)] | None = None
    reissues_item_id: Annotated[str, StringConstraints(max_length=40)] | None = None


class CheckedLine(Line):
    """The same with the arithmetic: check digits, birth date, and fields that must fit each other."""

    @model_validator(mode="after")
    def _holds(self) -> Self:
        organisation = self.payee_kind is PayeeKind.ORGANISATION
        if organisation != (self.id_type is IdType.USCC) or organisation != (
            self.account_kind is AccountKind.CORPORATE
        ):
            raise ValueError("kinds do not fit")
        if not _NAME.fullmatch(self.name):
            raise ValueError("name")
        if self.id_type is IdType.RESIDENT_ID and not _is_resident_id(self.id_number):
            raise ValueError("id_number")
        if self.id_type is IdType.USCC and not _is_uscc(self.id_number):
            raise ValueError("id_number")
        if not organisation and not _is_luhn(self.account):
            raise ValueError("account")
        if not _is_bank_code(self.bank_code):
            raise ValueError("bank_code")
        return self


def check_lines(model: type[BaseModel], lines: Iterable[bytes]) -> int:
    """Validate each line by itself and refuse repeated ids; returns how many there were."""
    validate, seen = TypeAdapter(model).validate_json, set[str]()
    for line in lines:
        item_id: str = validate(line).item_id  # type: ignore[attr-defined]
        if item_id in seen:
            raise ValueError("item_id")
        seen.add(item_id)
    return len(seen)


def _is_resident_id(number: str) -> bool:
    if len(number) != 18 or not number[:17].isdigit():
        return False
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    weighted = sum(int(digit) * weight for digit, weight in zip(number[:17], _ID_WEIGHTS, strict=True))
    return born <= date(2026, 11, 1) and "10X98765432"[weighted % 11] == number[17]


def _is_uscc(code: str) -> bool:
    try:
        values = [_USCC[character] for character in code]
    except KeyError:
        return False
    weighted = sum(value * weight for value, weight in zip(values[:17], _USCC_WEIGHTS, strict=True))
    return len(code) == 18 and (31 - weighted % 31) % 31 == values[17]


def _is_luhn(number: str) -> bool:
    doubled = (sum(divmod(int(digit) * 2, 10)) for digit in number[-2::-2])
    return (sum(map(int, number[-1::-2])) + sum(doubled)) % 10 == 0


def _is_bank_code(code: str) -> bool:
    product = 10
    for digit in map(int, code[:11]):
        product = ((product + digit) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == int(code[11])
