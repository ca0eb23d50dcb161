"""A delimited file (分隔符文件), compiled from a layout: a summary line, a line an item, a trailer where there is one."""

from __future__ import annotations

from messages.layout.delimited_record import DelimitedRecord
from messages.layout.line_cutting import LineCutter
from messages.layout.model import Delimited, Layout
from messages.layout.record_file import RecordFile, records_of
from messages.layout.vocabulary import MessageName


class DelimitedFile(RecordFile):
    """One delimited message of one layout in one encoding."""

    def __init__(self, layout: Layout, name: MessageName, encoding: str, *, once: bool):
        """See RecordFile for ``once``; raises KeyError where the layout does not have the message."""
        records = records_of(layout.messages[name])
        rule = layout.delimited or Delimited()
        codecs = {part: DelimitedRecord(record, rule, encoding) for part, record in records.items()}
        cutter = LineCutter(details="detail" in records, trailer="trailer" in records)
        super().__init__(records, codecs, cutter.cut, once=once)
