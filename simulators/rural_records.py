"""The fixed-width records of bank ``rural-fixed`` as this bank reads and writes them (定长报文).

Written from the bank's record table on purpose, not from the gateway's layout file: the two check each
other. Octet widths in GB18030, text left-justified with spaces, numbers right-justified with zeros, CRLF.
Detail records are read and written as whole columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

Octets = npt.NDArray[np.uint8]

_HEADER: Final = {
    "type": 1, "version": 2, "message_id": 17, "file_date": 8, "requested_on": 8, "project_code": 20, "policy_name": 60,
    "voucher_no": 30, "debtor_account": 32, "debtor_bank_code": 12, "count": 8, "total_fen": 18,
}  # fmt: skip
_DETAIL: Final = {
    "type": 1, "sequence": 8, "reference": 20, "payee_kind": 1, "name": 120, "id_type": 2, "id_number": 20,
    "account": 32, "account_kind": 1, "bank_code": 12, "amount_fen": 15, "remark": 60,
}  # fmt: skip
_TRAILER: Final = {"type": 1, "count": 8, "total_fen": 18}
_CRLF: Final = b"\r\n"


def _width(fields: Mapping[str, int]) -> int:
    return sum(fields.values()) + len(_CRLF)


def record_type(fields: Mapping[str, int]) -> np.dtype[np.void]:
    """The record as a numpy structure of octet strings, line end included."""
    return np.dtype([*((name, f"S{width}") for name, width in fields.items()), ("crlf", "S2")])


class FileUnreadable(Exception):
    """An instruction file that this bank refuses; ``code`` goes into the acknowledgement."""

    def __init__(self, code: str, text: str):
        self.code, self.text = code, text
        super().__init__(f"{code}: {text}")


@dataclass(frozen=True, slots=True)
class InstructionFile:
    """An instruction file as read: head, and items with reference, account, name, amount_fen."""

    message_id: str
    file_date: date
    requested_on: date
    total_fen: int
    items: pl.DataFrame


def _fixed(record: bytes, fields: Mapping[str, int], type_mark: bytes, what: str) -> dict[str, bytes]:
    if len(record) != _width(fields) or not record.endswith(_CRLF) or not record.startswith(type_mark):
        raise FileUnreadable("9003", f"{what}记录不符合格式")
    values, place = {}, 0
    for name, width in fields.items():
        values[name] = record[place : place + width]
        place += width
    return values


def _number(digits: bytes, what: str) -> int:
    if not digits.isdigit():
        raise FileUnreadable("9003", f"{what}不是数字")
    return int(digits)


def _day(digits: bytes, what: str) -> date:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        raise FileUnreadable("9003", f"{what}不是日期") from None


def read_instruction(content: bytes) -> InstructionFile:
    """Read and check one whole instruction file; raises FileUnreadable (format, counts, totals, encoding)."""
    header, detail, trailer = _width(_HEADER), _width(_DETAIL), _width(_TRAILER)
    count, odd = divmod(len(content) - header - trailer, detail)
    if count < 1 or odd:
        raise FileUnreadable("9003", "文件长度与记录长度不符")
    head = _fixed(content[:header], _HEADER, b"H01", "首")
    tail = _fixed(content[-trailer:], _TRAILER, b"T", "尾")
    records = np.frombuffer(content, dtype=record_type(_DETAIL), count=count, offset=header)
    amounts = _checked_details(records)
    total = int(amounts.sum())
    for field, where in ((head, "首"), (tail, "尾")):
        if (_number(field["count"], "笔数"), _number(field["total_fen"], "金额")) != (count, total):
            raise FileUnreadable("9004", f"{where}记录笔数或金额与明细不符")
    return InstructionFile(
        message_id=head["message_id"].decode("ascii", "replace").rstrip(),
        file_date=_day(head["file_date"], "文件日期"),
        requested_on=_day(head["requested_on"], "要求支付日期"),
        total_fen=total,
        items=_items(records, amounts),
    )


def _octets(records: npt.NDArray[np.void], name: str) -> Octets:
    column = np.ascontiguousarray(records[name])
    return column.view(np.uint8).reshape(len(records), -1)


def _digits_to_int(digits: Octets, what: str) -> npt.NDArray[np.int64]:
    values = digits.astype(np.int64) - 48
    if ((values < 0) | (values > 9)).any():
        raise FileUnreadable("9003", f"{what}不是数字")
    powers = 10 ** np.arange(digits.shape[1] - 1, -1, -1, dtype=np.int64)
    numbers: npt.NDArray[np.int64] = values @ powers
    return numbers


def _checked_details(records: npt.NDArray[np.void]) -> npt.NDArray[np.int64]:
    """The amounts, after type, line end and sequence of every detail were found right."""
    if not ((records["type"] == b"D") & (records["crlf"] == _CRLF)).all():
        raise FileUnreadable("9003", "明细记录不符合格式")
    sequence = _digits_to_int(_octets(records, "sequence"), "序号")
    if not np.array_equal(sequence, np.arange(1, len(records) + 1)):
        raise FileUnreadable("9003", "明细序号不连续")
    return _digits_to_int(_octets(records, "amount_fen"), "金额")


def _text(records: npt.NDArray[np.void], name: str) -> pl.Series:
    """A text column; a character cut in half by a field's end is found, since it cannot swallow the line feed."""
    octets = _octets(records, name)
    lines = np.hstack([octets, np.full((len(octets), 1), 0x0A, dtype=np.uint8)])
    try:
        values = lines.tobytes().decode("gb18030").split("\n")[:-1]
    except UnicodeDecodeError:
        raise FileUnreadable("9006", "含有无法识别的汉字编码") from None
    if len(values) != len(records):
        raise FileUnreadable("9006", "字段含有换行")
    return pl.Series(name, values, dtype=pl.String).str.strip_chars_end(" ")


def _items(records: npt.NDArray[np.void], amounts: npt.NDArray[np.int64]) -> pl.DataFrame:
    names = ("reference", "account", "name")
    items = pl.DataFrame([_text(records, name) for name in names]).with_columns(pl.Series("amount_fen", amounts))
    if items["reference"].is_duplicated().any():
        raise FileUnreadable("9003", "文件内明细编号重复")
    return items
