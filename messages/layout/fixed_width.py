"""A fixed-width file (定长文件), compiled from a layout: columns to exact bytes, exact bytes to columns."""

from __future__ import annotations

from messages.layout.cutting import Cutter
from messages.layout.model import Layout
from messages.layout.record import RecordCodec
from messages.layout.record_file import RecordFile, records_of
from messages.layout.vocabulary import MessageName


class FixedWidthFile(RecordFile):
    """One fixed-width message of one layout in one encoding."""

    def __init__(self, layout: Layout, name: MessageName, encoding: str, *, once: bool):
        """See RecordFile for ``once``; raises KeyError where the layout does not have the message."""
        records = records_of(layout.messages[name])
        codecs = {part: RecordCodec(record, encoding) for part, record in records.items()}
        sizes = {part: codec.octets for part, codec in codecs.items()}
        cutter = Cutter(sizes["header"], sizes.get("detail", 0), sizes.get("trailer", 0))
        super().__init__(records, codecs, cutter.cut, once=once)
