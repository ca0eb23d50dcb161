"""The closed lists of a layout (域的种类): what a field may hold and how it may be written (docs/layouts.md)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

MAX_NUMBER_OCTETS: Final = 18  # digits that always fit 64 signed bits


class Kind(StrEnum):
    """What a field holds: the closed list (docs/layouts.md)."""

    TEXT = "text"  # 文本, any character of the bank's encoding
    IDENTIFIER = "identifier"  # 标识: printable ASCII without blanks
    REFERENCE = "reference"  # 明细参考号: an identifier, required, once in an instruction
    DIGITS = "digits"  # 定长数字串: fills its field, leading zeros are part of it
    AMOUNT_FEN = "amount_fen"  # 金额(分)
    AMOUNT_YUAN = "amount_yuan"  # 金额(元), always two decimals
    DATE = "date"  # 日期
    CODE = "code"  # 代码: the bank's code for one of our closed lists
    CONSTANT = "constant"  # 固定值
    SEQUENCE = "sequence"  # 序号: 1, 2, 3 ... within the file
    COUNT = "count"  # 总笔数
    TOTAL = "total"  # 总金额
    FILLER = "filler"  # 保留域: written blank, not read
    TIME = "time"  # 时间
    MOMENT = "moment"  # 日期时间, the two joined by a blank unless both are compact
    CHECKSUM = "checksum"  # 校验值 over the octets of all details; trailer only


class Align(StrEnum):
    """Where a value stands in its field."""

    LEFT = "left"
    RIGHT = "right"


class Pad(StrEnum):
    """What fills the rest of a field."""

    BLANK = "blank"
    ZERO = "zero"


class DateForm(StrEnum):
    """How a date is written."""

    COMPACT = "YYYYMMDD"
    DASHED = "YYYY-MM-DD"
    SLASHED = "YYYY/MM/DD"


class TimeForm(StrEnum):
    """How a time, or a moment after its date, is written."""

    COMPACT = "HHMMSS"
    COLONS = "HH:MM:SS"


class ChecksumForm(StrEnum):
    """Of what a checksum is made, in hexadecimal capitals."""

    CRC32 = "crc32"
    SHA256 = "sha256"
    SM3 = "sm3"


class Unit(StrEnum):
    """In what a total is counted."""

    FEN = "fen"
    YUAN = "yuan"


TEXTUAL: Final = frozenset({Kind.TEXT, Kind.IDENTIFIER, Kind.REFERENCE})
NUMERIC: Final = frozenset({Kind.AMOUNT_FEN, Kind.AMOUNT_YUAN, Kind.SEQUENCE, Kind.COUNT, Kind.TOTAL})
SOURCELESS: Final = frozenset({Kind.CONSTANT, Kind.SEQUENCE, Kind.COUNT, Kind.TOTAL, Kind.CHECKSUM, Kind.FILLER})
ALWAYS_THERE: Final = NUMERIC | {Kind.REFERENCE, Kind.CONSTANT, Kind.CHECKSUM}
