"""Which messages there are (报文种类), by the type number that header and namespace both carry.

Source: facts B.5. The number is written in full, such as ``beps.382.001.01``.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from messages.bounded_xml import Malformed

_STANDARD: Final = "urn:cnaps:std"
_NAMESPACE: Final = re.compile(
    rb"""\sxmlns=["']urn:cnaps:std:(?:beps|ccms):([a-z]{4}\.[0-9]{3}\.[0-9]{3}\.[0-9]{2})["']"""
)
_OPENING_BYTES: Final = 512


class MessageType(StrEnum):
    """The messages of this family."""

    BATCH_CREDIT = "beps.382.001.01"  # 批量代付业务
    BATCH_CREDIT_RESULT = "beps.383.001.01"  # 批量代付业务回执
    INQUIRY = "ccms.314.001.01"  # 业务查询
    INQUIRY_ANSWER = "ccms.315.001.01"  # 业务查复
    RETURN_REQUEST = "ccms.318.001.01"  # 业务退回申请
    RETURN_ANSWER = "ccms.319.001.01"  # 业务退回应答
    CONFIRMATION = "ccms.900.001.01"  # 通用处理确认
    DISCARD = "ccms.911.001.01"  # 报文丢弃通知


ROOT: Final[dict[MessageType, str]] = {
    MessageType.BATCH_CREDIT: "BtchCdtTrf",
    MessageType.BATCH_CREDIT_RESULT: "BtchCdtTrfRspn",
    MessageType.INQUIRY: "BizQry",
    MessageType.INQUIRY_ANSWER: "BizQryRspn",
    MessageType.RETURN_REQUEST: "BizRtrAply",
    MessageType.RETURN_ANSWER: "BizRtrRspn",
    MessageType.CONFIRMATION: "CmonConf",
    MessageType.DISCARD: "MsgDscrd",
}
"""The element below ``Document`` that holds the whole message."""


def namespace(kind: str) -> str:
    """The namespace of a message type's ``Document``."""
    return f"{_STANDARD}:{kind[:4]}:{kind}"


def type_of(body: bytes) -> str:
    """The type number that a body's namespace names, known or not; raises Malformed. No parser is asked."""
    found = _NAMESPACE.search(body[:_OPENING_BYTES])
    if found is None:
        raise Malformed("names no message type in its namespace", line=1, field="xmlns")
    return found[1].decode("ascii")
