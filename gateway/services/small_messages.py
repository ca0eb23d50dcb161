"""Small messages of ours as they leave: sealed in the bank's envelope, or with a detached signature in a header."""

from __future__ import annotations

from adapters.envelopes.contract import Outer
from crypto.signature_text import encode_signature
from gateway.services.context import Bank, Context


def sealed(context: Context, bank: Bank, outer: Outer, body: bytes) -> tuple[bytes, dict[str, str]]:
    """The bytes, and the headers that go with them; raises KeyUnusable."""
    headers, security = {"X-Message-Id": outer.message_id}, bank.profile.security
    if bank.envelope is not None:
        return bank.envelope.seal(bank.profile, outer, body, context.envelope_keys(security))[0], headers
    signer = context.signer(security)
    signer.update(body)
    headers[security.signature_header] = encode_signature(signer.signature(), security.encoding).decode("ascii")
    return body, headers
