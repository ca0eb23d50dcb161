"""The rejection catalogue (校验结果代码表): every code, what it means and what to do about it.

The platform shows these words to a county finance bureau, so they are written for people; they name
fields and never repeat what the field contains.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from messages.batch.codes import Code, Entry, Severity
from messages.batch.item_rejections import ITEM_ENTRIES
from messages.batch.line_rejections import LINE_ENTRIES

__all__ = ["CATALOGUE", "Code", "Entry", "Severity"]

_ENTRIES: Final = {str(entry.code): entry for entry in (*LINE_ENTRIES, *ITEM_ENTRIES)}

CATALOGUE: Final[Mapping[str, Entry]] = MappingProxyType({str(code): _ENTRIES[code] for code in Code})
"""Every code and its entry, in the order of ``Code``."""
