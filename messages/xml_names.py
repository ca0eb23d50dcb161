"""Names of elements in the XML of others (XML 元素名): what a tag is called, and what of it an error may repeat.

The parser lets a prefix through that nobody declared (``<s:Document>``, ``<:Row>``): such a tag is no qualified name,
and belongs to no namespace.
"""

from __future__ import annotations

import re
from typing import Final

from lxml import etree

_REPEATABLE: Final = re.compile(r"(?!.*[0-9]{6})[A-Za-z_][A-Za-z0-9_.-]{0,39}", re.ASCII)


def local_name(element: etree._Element) -> str:
    """The tag without its namespace, and with its prefix where that was never declared."""
    return str(element.tag).rpartition("}")[2]


def namespace_of(element: etree._Element) -> str:
    """The namespace of the tag; empty where it has none."""
    return str(element.tag).rpartition("}")[0].removeprefix("{")


def shown_name(element: etree._Element) -> str | None:
    """The name as an error may repeat it; None where it could be somebody's name or number."""
    name = local_name(element)
    return name if _REPEATABLE.fullmatch(name) else None
