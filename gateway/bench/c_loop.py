"""pain.001 items by a loop in C (裸循环): the bare limit of building them, where a C compiler is at hand."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

SOURCE: Final = Path(__file__).with_name("pain001_loop.c")
CHUNK_ROWS: Final = 1_000
MOST_OCTETS_PER_ITEM: Final = 2_000
LITERALS: Final = (
    "<CdtTrfTxInf><PmtId><InstrId>",
    "</InstrId><EndToEndId>",
    '</EndToEndId></PmtId><Amt><InstdAmt Ccy="CNY">',
    "</InstdAmt></Amt><CdtrAgt><FinInstnId><ClrSysMmbId><ClrSysId><Cd>CNAPS</Cd></ClrSysId><MmbId>",
    "</MmbId></ClrSysMmbId></FinInstnId></CdtrAgt><Cdtr><Nm>",
    "</Nm><Id><",
    "><Othr><Id>",
    "</Id><SchmeNm><Prtry>",
    "</Prtry></SchmeNm></Othr></",
    "></Id></Cdtr><CdtrAcct><Id><Othr><Id>",
    "</Id></Othr></Id><Tp><Prtry>",
    "</Prtry></Tp></CdtrAcct><RmtInf><Ustrd>",
    "</Ustrd>",
    "</RmtInf></CdtTrfTxInf>\n",
)
"""What stands around the columns of ``_columns``, in order."""


class NoCompiler(Exception):
    """This machine has no C compiler, or it refused the loop; says what it said."""


def load(directory: Path) -> ctypes.CDLL:
    """The loop, compiled into ``directory``; raises NoCompiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise NoCompiler("no compiler here")
    target = directory / "pain001_loop.so"
    command = [compiler, "-O2", "-shared", "-fPIC", "-o", str(target), str(SOURCE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoCompiler(f"the compiler refused the loop: {done.stderr[:200]}")
    library = ctypes.CDLL(str(target))
    library.build_items.restype = ctypes.c_int64
    return library


class Loop:
    """The loop over one block of items; what it reads is laid out beforehand, outside of the clock."""

    def __init__(self, library: ctypes.CDLL, block: pl.DataFrame, policy_name: str):
        self._build = library.build_items
        self._rows = block.height
        self._fen = block["amount_fen"].to_numpy()
        laid = [_laid_out(column) for column in _columns(block, policy_name)]
        literals = [text.encode() for text in LITERALS]
        self._data = (ctypes.c_char_p * len(laid))(*(octets for octets, _ in laid))
        self._offsets = (ctypes.c_void_p * len(laid))(*(starts.ctypes.data for _, starts in laid))
        self._literals = (ctypes.c_char_p * len(literals))(*literals)
        self._octets = (ctypes.c_int64 * len(literals))(*map(len, literals))
        self._kept: list[Any] = [laid, literals]  # what the pointers above point to
        self._out = ctypes.create_string_buffer(CHUNK_ROWS * MOST_OCTETS_PER_ITEM)

    def chunks(self) -> Iterator[memoryview]:
        """The items' octets, CHUNK_ROWS at a time; each view holds until the next one."""
        view = memoryview(self._out)
        fen = ctypes.c_void_p(self._fen.ctypes.data)
        for first in range(0, self._rows, CHUNK_ROWS):
            places = (ctypes.c_int64(first), ctypes.c_int64(min(first + CHUNK_ROWS, self._rows)))
            columns = ctypes.c_int64(len(self._data))
            octets = self._build(
                self._out, *places, columns, self._data, self._offsets, fen, self._literals, self._octets
            )
            yield view[:octets]


def _columns(block: pl.DataFrame, policy_name: str) -> list[pl.Series | None]:
    """The texts of one item in the order of the message; None stands for the amount."""
    person, remark = pl.col("payee_kind") == "PERSON", pl.format("<Ustrd>{}</Ustrd>", "remark")
    texts = block.with_columns(
        identity=pl.when(person).then(pl.lit("PrvtId")).otherwise(pl.lit("OrgId")),
        policy=pl.lit(policy_name),
        remark=pl.when(pl.col("remark").is_not_null()).then(remark).otherwise(pl.lit("")),
    )
    before = ("reference", "reference")
    after = ("bank_code", "name", "identity", "id_number", "id_type", "identity")
    last = ("account", "account_kind", "policy", "remark")
    return [*(texts[name] for name in before), None, *(texts[name] for name in (*after, *last))]


def _laid_out(column: pl.Series | None) -> tuple[bytes | None, npt.NDArray[np.int64]]:
    if column is None:
        return None, np.zeros(1, dtype=np.int64)
    ends = column.str.len_bytes().cast(pl.Int64).cum_sum().to_numpy()
    return column.str.join("").item().encode(), np.concatenate([np.zeros(1, dtype=np.int64), ends])
