"""What a profile says about XML signatures (XML 签名约定): ``security.xml`` of envelope ``xmldsig``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from adapters.endpoints import Part

EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"


class XmlTerms(Part):
    """Algorithm identifiers as the bank writes them, and what its signature covers."""

    signature_uri: str
    digest_uri: str
    digest: Literal["sha1", "sha256", "sha384", "sha512", "sm3"] | None = None  # where digest_uri is no standard's
    canonicalisation: str = EXCLUSIVE
    id_attribute: str | None = Field(default=None, pattern=r"\A[A-Za-z_][A-Za-z0-9_.-]{0,31}\z")  # null: URI=""
    signed_element: str | None = Field(default=None, min_length=1, max_length=200)  # "{namespace}name"; null: the root
