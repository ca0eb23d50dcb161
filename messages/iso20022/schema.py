"""The published schemas (ISO 20022 报文模式), loaded once, from inside the package."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from lxml import etree

PAIN_001: Final = "pain.001.001.09"
PAIN_002: Final = "pain.002.001.11"
PACS_004: Final = "pacs.004.001.10"
CAMT_053: Final = "camt.053.001.08"
CAMT_054: Final = "camt.054.001.08"
ACMT_023: Final = "acmt.023.001.02"
ACMT_024: Final = "acmt.024.001.02"

_DIRECTORY: Final = Path(__file__).with_name("schemas")


def namespace(message: str) -> str:
    """The target namespace of a message definition, such as ``pain.001.001.09``."""
    return f"urn:iso:std:iso:20022:tech:xsd:{message}"


@cache
def schema(message: str) -> etree.XMLSchema:
    """The compiled schema of ``message``; a missing file is a fault of the installation."""
    parser = etree.XMLParser(no_network=True, resolve_entities=False)
    return etree.XMLSchema(etree.parse(str(_DIRECTORY / f"{message}.xsd"), parser))
