"""The declared type of submitted content (内容类型): what the lines are, and in which character set."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message
from enum import StrEnum
from typing import Final, Literal

from messages.batch.unreadable import ContentCode, UnreadableContent


class LineKind(StrEnum):
    """What one line is."""

    NDJSON = "NDJSON"  # a JSON object
    CSV = "CSV"  # cells separated by commas
    TSV = "TSV"  # cells separated by tabs


@dataclass(frozen=True, slots=True)
class ContentType:
    """What the lines are and how their characters are encoded."""

    kind: LineKind
    charset: Literal["utf-8", "gb18030"] = "utf-8"


_KINDS: Final = {
    "application/x-ndjson": LineKind.NDJSON,
    "application/ndjson": LineKind.NDJSON,
    "application/jsonl": LineKind.NDJSON,
    "text/csv": LineKind.CSV,
    "text/tab-separated-values": LineKind.TSV,
}
# GBK and GB2312 are subsets of GB18030: one decoder reads all three
_CHARSETS: Final[dict[str, Literal["utf-8", "gb18030"]]] = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "gb18030": "gb18030",
    "gbk": "gb18030",
    "gb2312": "gb18030",
}


def parse_content_type(text: str) -> ContentType:
    """``text/csv; charset=gb18030`` and the like; raises UnreadableContent (CONTENT_TYPE) for all others."""
    header = Message()
    header["Content-Type"] = text.replace("\r", " ").replace("\n", " ")
    kind = _KINDS.get(header.get_content_type())
    charset = _CHARSETS.get((header.get_content_charset() or "utf-8").lower())
    if kind is None or charset is None or (kind is LineKind.NDJSON and charset != "utf-8"):
        raise UnreadableContent(
            ContentCode.CONTENT_TYPE,
            "内容类型不支持；请用 application/x-ndjson（UTF-8），或 text/csv、text/tab-separated-values"
            "（charset=utf-8 或 gb18030）。",
            "the content type is not supported: use application/x-ndjson in UTF-8, or text/csv or "
            "text/tab-separated-values with charset=utf-8 or gb18030",
        )
    return ContentType(kind, charset)
