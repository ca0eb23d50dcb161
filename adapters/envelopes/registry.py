"""Every envelope (报文封装), by the name that profiles use in ``security.envelope``: one line each.

``detached`` has no line: a detached signature travels beside the bytes and leaves them as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapters.envelopes.cms import CmsEnvelope
from adapters.envelopes.cnaps2_block import Cnaps2Block
from adapters.envelopes.contract import Envelope
from adapters.envelopes.form import FormEnvelope
from adapters.envelopes.json_sm4 import JsonSm4Envelope
from adapters.envelopes.xml_element import XmlElementEnvelope
from adapters.envelopes.xmldsig import XmlDsigEnvelope

ENVELOPES: Final[Mapping[str, Envelope]] = {
    "xml-element": XmlElementEnvelope(),
    "form": FormEnvelope(),
    "cnaps2-block": Cnaps2Block(),
    "json-sm4": JsonSm4Envelope(),
    "xmldsig": XmlDsigEnvelope(),
    "cms": CmsEnvelope(),
}
