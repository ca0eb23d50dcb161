"""Acknowledgement, result and return files of bank ``rural-fixed``, written as whole columns (回执、结果、退汇文件)."""

from __future__ import annotations

from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from simulators.answers import Kind, Status
from simulators.rural_records import record_type

ACCEPTED: Final = "0000"
_DETAIL: Final = {
    "type": 1, "sequence": 8, "reference": 20, "account": 32, "amount_fen": 15, "status": 1, "reason": 4, "text": 60,
    "serial": 24, "settled_on": 8,
}  # fmt: skip
_STATUS: Final = {Status.PAID: "0", Status.FAILED: "1", Status.PROCESSING: "2", Status.RETURNED: "3"}


class DoesNotFit(ValueError):
    """A script's word that this bank's record cannot hold."""


def _text(value: str, width: int) -> bytes:
    octets = value.encode("gb18030")
    if len(octets) > width:
        raise DoesNotFit(f"{value!r} needs {len(octets)} octets, the field has {width}")
    return octets.ljust(width)


def acknowledgement(message_id: str, day: date, status: str, text: str) -> bytes:
    """The file-level answer; status ``0000`` is accepted, anything else refused."""
    head = f"H01{message_id:<17}{day:%Y%m%d}".encode("ascii")
    return head + _text(status, 4) + _text(text, 60) + b"\r\n"


def _digits(numbers: npt.NDArray[np.int64], width: int) -> npt.NDArray[np.bytes_]:
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    octets = ((numbers[:, None] // powers) % 10 + 48).astype(np.uint8)
    return octets.view(f"S{width}").ravel()


def _column(values: pl.Series, name: str) -> npt.NDArray[np.bytes_]:
    """Text as padded octets; each distinct text is encoded once, which is what makes reasons cheap."""
    width = _DETAIL[name]
    if name in ("reason", "text", "status"):
        distinct = values.unique().to_list()
        table = {value: _text(value or "", width) for value in distinct}
        encoded = values.replace_strict(list(table), list(table.values()), return_dtype=pl.Binary)
        return np.array(encoded.to_list(), dtype=f"S{width}")
    octets = values.fill_null("").cast(pl.Binary)
    longest = octets.bin.size().max()
    if isinstance(longest, int) and longest > width:
        raise DoesNotFit(f"field {name}: a value needs {longest} octets, the field has {width}")
    return np.array(octets.to_list(), dtype=f"S{width}")


def _details(rows: pl.DataFrame) -> bytes:
    records = np.zeros(rows.height, dtype=record_type(_DETAIL))
    records["type"], records["crlf"] = b"D", b"\r\n"
    records["sequence"] = _digits(np.arange(1, rows.height + 1), 8)
    records["amount_fen"] = _digits(rows["amount_fen"].to_numpy(), 15)
    as_text = rows.with_columns(
        pl.col("settled_on").dt.strftime("%Y%m%d"),
        pl.col("status").replace_strict(_STATUS, return_dtype=pl.String),
    )
    for name in ("reference", "account", "status", "reason", "text", "serial", "settled_on"):
        records[name] = _column(as_text[name], name)
    octets = records.view(np.uint8)
    octets[octets == 0] = 0x20
    return octets.tobytes()


def answer_file(message_id: str, kind: Kind, day: date, rows: pl.DataFrame, *, total_off_by: int = 0) -> bytes:
    """A result or return file over ``ANSWER_SCHEMA`` rows; ``total_off_by`` fen falsifies the trailer."""
    total = int(rows["amount_fen"].sum())
    head = f"H01{message_id:<17}{kind}{day:%Y%m%d}{rows.height:08d}{total:018d}\r\n".encode("ascii")
    tail = f"T{rows.height:08d}{total + total_off_by:018d}\r\n".encode("ascii")
    return b"".join((head, _details(rows), tail))
