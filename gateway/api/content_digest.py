"""Content-Digest (内容摘要), RFC 9530: what the sender says that the content hashes to."""

from __future__ import annotations

from crypto.contract import SignatureInvalid
from crypto.http_signatures import parse_content_digest
from gateway.api.problems import Problem


def declared_sha256(field: str | None) -> str | None:
    """The sha-256 member in hex, or None without the field; raises Problem when it cannot be read."""
    if field is None:
        return None
    try:
        return parse_content_digest(field).hex()
    except SignatureInvalid:
        raise Problem("DIGEST_UNREADABLE", field="Content-Digest") from None


def require_same(declared: str | None, received: str) -> None:
    """Raise Problem unless what arrived is what was declared, where anything was."""
    if declared is not None and declared != received:
        raise Problem("BAD_DIGEST", field="Content-Digest")
