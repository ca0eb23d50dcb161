"""What is wrong with a message of the gateway, in the bank's own words and codes (报文拒绝原因)."""

from __future__ import annotations

from typing import Final

from messages.layout.errors import LayoutError
from messages.layout.kinds import Kind
from messages.layout.model import FieldLine, Message
from messages.outcome import Reason
from simulators.declaration import BankData, Failing

_COUNTED: Final = frozenset({Kind.COUNT, Kind.TOTAL, Kind.CHECKSUM})
_WORDS: Final[dict[Failing, str]] = {"totals": "笔数或金额与明细不符", "encoding": "含有无法识别的汉字编码"}


def failing_of(fault: LayoutError | None, message: Message | None, encoding: str) -> Failing:
    """What kind of fault it is: of counts and totals, of characters, or of anything else."""
    if fault is None or message is None:
        return "format"
    line = _line_of(fault, message)
    if line is not None and line.kind in _COUNTED and "details make" in fault.what:
        return "totals"
    return "encoding" if fault.what.upper().startswith(f"IS NOT {encoding.upper()}") else "format"


def code_of(fault: LayoutError | None, message: Message | None, data: BankData, encoding: str) -> str:
    """The bank's code for the refusal."""
    return data.refusals.get(failing_of(fault, message, encoding)) or data.words.refusal(Reason.FORMAT)


def words_of(fault: LayoutError, message: Message) -> str:
    """Where it is and what, without anything that stands in the message."""
    line = _line_of(fault, message)
    place = (f"第{fault.line}行 " if fault.line is not None else "") + (line.title if line is not None else "")
    what = _WORDS.get("totals", "") if "details make" in fault.what else "不符合格式"
    return f"{place}{what}"


def _line_of(fault: LayoutError, message: Message) -> FieldLine | None:
    lines = (*message.header, *message.detail, *message.trailer)
    return next((line for line in lines if (line.name, line.clause) == (fault.field, fault.clause)), None)


def fitting(text: str, octets: int | None, encoding: str) -> str:
    """As much of ``text`` as ``octets`` hold."""
    while octets is not None and len(text.encode(encoding, "replace")) > octets:
        text = text[:-1]
    return text
