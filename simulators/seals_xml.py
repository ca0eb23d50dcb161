"""The seals of banks whose messages carry their signature inside (报文内签名): an XML element, or a field of a form.

Written from the banks' documents on purpose, not from the gateway's envelopes: the two check each other.
"""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import parse_qs, urlencode

from simulators.bank_contract import NotGenuine
from simulators.signatures import Seal as Signatures


class XmlElementSeal:
    """``<name>signature</name>`` right before the end tag of the document element; signed is all the rest."""

    def __init__(self, signatures: Signatures, element: str):
        self._signatures = signatures
        self._start, self._end = f"<{element}>".encode(), f"</{element}>".encode()

    def close(self, message_id: str, body: bytes, how: str | None) -> tuple[bytes, bytes | None]:  # noqa: ARG002
        """See Seal; the signature is inside the content."""
        if how == "missing-signature":
            return body, None
        signature = self._signatures.sign(body + b"\n" if how == "bad-signature" else body)
        place = body.rindex(b"</")
        return body[:place] + self._start + signature + self._end + body[place:], None

    def open(self, content: bytes, signature: bytes | None) -> bytes:  # noqa: ARG002
        """See Seal."""
        before, start, rest = content.partition(self._start)
        inside, end, after = rest.partition(self._end)
        if not (start and end) or self._start in after or after.count(b"<") != 1:
            raise NotGenuine
        body = before + after
        if not self._signatures.is_genuine(body, inside):
            raise NotGenuine
        return body


class FormSeal:
    """A form with the XML in ``reqData`` and its signature in ``Sign``; the bank answers with base64 in ``reqData``."""

    def __init__(self, signatures: Signatures, user_code: str):
        self._signatures, self._user_code = signatures, user_code

    def close(self, message_id: str, body: bytes, how: str | None) -> tuple[bytes, bytes | None]:  # noqa: ARG002
        """See Seal; the signature is inside the content."""
        fields = {"reqData": b64encode(body)}
        if how != "missing-signature":
            fields["Sign"] = self._signatures.sign(body + b"\n" if how == "bad-signature" else body)
        return urlencode(fields).encode("ascii"), None

    def open(self, content: bytes, signature: bytes | None) -> bytes:  # noqa: ARG002
        """See Seal; whatever is wrong, the caller learns only that it is not genuine."""
        try:
            form = parse_qs(content.decode("ascii"), strict_parsing=True, max_num_fields=6, encoding="latin-1")
        except ValueError:
            raise NotGenuine from None
        fields = {name: values[0] for name, values in form.items() if len(values) == 1}
        if fields.get("GroupCIS") != self._user_code or not {"reqData", "Sign"} <= fields.keys():
            raise NotGenuine
        body = fields["reqData"].encode("latin-1")
        code = f"<TransCode>{fields.get('TransCode')}</TransCode>".encode("latin-1")
        if code not in body or not self._signatures.is_genuine(body, fields["Sign"].encode("latin-1")):
            raise NotGenuine
        return body
