"""The block header (报文头) ``{H:…}``: fourteen fields of fixed width in ASCII, blanks to the right.

Source: facts B.5; clauses are those of tests/golden/clearing_cnaps/document.md, part 2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from messages.bounded_xml import Malformed

WIDTHS: Final[dict[str, int]] = {
    "Version": 2,  # 版本号, "02"
    "OrigSender": 14,  # 报文发起人
    "OrigSenderSID": 4,  # 发送系统号
    "OrigReceiver": 14,  # 报文接收人
    "OrigReceiverSID": 4,  # 接收系统号
    "OrigSendDate": 8,  # 报文发起日期
    "OrigSendTime": 6,  # 报文发起时间
    "StructType": 3,  # 格式类型, "XML"
    "MesgType": 20,  # 报文类型代码
    "MesgID": 20,  # 通信级标识号
    "MesgRefID": 20,  # 通信级参考号
    "Priority": 1,  # 报文优先级, "3"
    "Direction": 1,  # 报文传输方向
    "Reserve": 9,  # 保留域
}
OPENING: Final = b"{H:"
CLOSING: Final = b"}\r\n"
OCTETS: Final = len(OPENING) + sum(WIDTHS.values()) + len(CLOSING)

_CLAUSES: Final = {name: f"2.{number}" for number, name in enumerate(WIDTHS, 1)}
_FORMS: Final[dict[str, re.Pattern[str]]] = {
    "Version": re.compile(r"02"),
    "OrigSender": re.compile(r"[0-9A-Z]{1,14}"),
    "OrigSenderSID": re.compile(r"[A-Z]{4}"),
    "OrigReceiver": re.compile(r"[0-9A-Z]{1,14}"),
    "OrigReceiverSID": re.compile(r"[A-Z]{4}"),
    "OrigSendDate": re.compile(r"[0-9]{8}"),
    "OrigSendTime": re.compile(r"[0-9]{6}"),
    "StructType": re.compile(r"XML"),
    "MesgType": re.compile(r"[a-z]{4}\.[0-9]{3}\.[0-9]{3}\.[0-9]{2}"),
    "MesgID": re.compile(r"[0-9A-Za-z]{1,20}"),
    "MesgRefID": re.compile(r"[0-9A-Za-z]{0,20}"),
    "Priority": re.compile(r"3"),
    "Direction": re.compile(r"[UD]"),
    "Reserve": re.compile(r""),
}


@dataclass(frozen=True, slots=True)
class BlockHeader:
    """What the header says; the constants (version, XML, priority, reserve) are checked and not kept."""

    sender: str
    receiver: str
    sent_at: datetime  # China time, without a zone, whole seconds
    message_type: str
    message_id: str  # 通信级标识号, at most 20 letters and digits
    reference: str = ""  # of the message that this one answers; empty: none
    direction: Literal["U", "D"] = "U"  # U to the clearing centre, D from it

    @property
    def system(self) -> str:
        """发送系统号 and 接收系统号: the system that the message type belongs to."""
        return self.message_type[:4].upper()

    def values(self) -> dict[str, str]:
        """The fields in order, not padded; ValueError for one that the header cannot hold."""
        values = {
            "Version": "02",
            "OrigSender": self.sender,
            "OrigSenderSID": self.system,
            "OrigReceiver": self.receiver,
            "OrigReceiverSID": self.system,
            "OrigSendDate": self.sent_at.date().isoformat().replace("-", ""),
            "OrigSendTime": self.sent_at.strftime("%H%M%S"),
            "StructType": "XML",
            "MesgType": self.message_type,
            "MesgID": self.message_id,
            "MesgRefID": self.reference,
            "Priority": "3",
            "Direction": self.direction,
            "Reserve": "",
        }
        for name, value in values.items():
            if not _FORMS[name].fullmatch(value):
                raise ValueError(f"the block header cannot hold this {name} (clause {_CLAUSES[name]})")
        return values

    def encode(self) -> bytes:
        """The header's ``OCTETS`` octets; ValueError for what it cannot hold."""
        fields = "".join(value.ljust(WIDTHS[name]) for name, value in self.values().items())
        return OPENING + fields.encode("ascii") + CLOSING


def decode(octets: bytes) -> BlockHeader:
    """The header at the beginning of ``octets``; raises Malformed with field and clause."""
    values = _cut(octets)
    for name, value in values.items():
        if not _FORMS[name].fullmatch(value):
            raise Malformed("is not as the document has it", line=1, field=name, clause=_CLAUSES[name])
    header = BlockHeader(
        sender=values["OrigSender"],
        receiver=values["OrigReceiver"],
        sent_at=_moment(values),
        message_type=values["MesgType"],
        message_id=values["MesgID"],
        reference=values["MesgRefID"],
        direction="D" if values["Direction"] == "D" else "U",
    )
    for name in ("OrigSenderSID", "OrigReceiverSID"):
        if values[name] != header.system:
            raise Malformed("is not the system of the message type", line=1, field=name, clause=_CLAUSES[name])
    return header


def _cut(octets: bytes) -> dict[str, str]:
    head = octets[:OCTETS]
    if not head.startswith(OPENING) or not head.endswith(CLOSING) or len(head) != OCTETS:
        what = f"does not begin with a block header of {OCTETS} octets"
        raise Malformed(what, line=1, field="{H:}", clause="2")
    if not head.isascii():
        raise Malformed("holds octets that are not ASCII", line=1, field="{H:}", clause="2")
    text, at, values = head.decode("ascii"), len(OPENING), {}
    for name, width in WIDTHS.items():
        values[name] = text[at : at + width].rstrip(" ")
        at += width
    return values


def _moment(values: dict[str, str]) -> datetime:
    """China time without a zone: the header has none, and the field of ``BlockHeader`` says so."""
    found = []
    for name, form in (("OrigSendDate", "%Y%m%d"), ("OrigSendTime", "%H%M%S")):
        try:
            found.append(datetime.strptime(values[name], form))  # noqa: DTZ007
        except ValueError:
            raise Malformed("is none that there is", line=1, field=name, clause=_CLAUSES[name]) from None
    return datetime.combine(found[0].date(), found[1].time())
