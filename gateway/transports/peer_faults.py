"""Why a connection failed, in words for whoever must act; the same for every transport."""

from __future__ import annotations

from collections.abc import Iterator

from OpenSSL import SSL
from service_identity import VerificationError
from twisted.internet.defer import TimeoutError
from twisted.internet.error import ConnectError, DNSLookupError
from twisted.python.failure import Failure

from gateway.transports.contract import Misconfigured, TransportFault

# By these alerts a TLS peer says "not with this certificate". Whoever sends one has not finished its
# handshake, so no byte of a message reached its application (RFC 8446 sections 4.4.2 and 6.2).
_CERTIFICATE_ALERTS = (
    "certificate required", "bad certificate", "unknown ca", "certificate unknown", "certificate expired",
    "certificate revoked", "unsupported certificate", "access denied",
)  # fmt: skip


def fault(what: str, error: BaseException, *, maybe_sent: bool, told: str | None = None) -> TransportFault:
    """The fault that ``error`` amounts to while doing ``what``; Misconfigured where the sides do not trust each other.

    ``told`` says why in the caller's words, where it knows better than the error.
    """
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, TransportFault):
            return cause
        distrust = _distrust(cause)
        if distrust:
            return Misconfigured(f"{what}: {distrust}")
    reason = told or "; ".join(dict.fromkeys(_told(cause) for cause in causes))
    return TransportFault(f"{what}: {reason}", maybe_sent=maybe_sent)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The leaves under Twisted's wrappers, which each hold a list of failures."""
    reasons: list[Failure] = getattr(error, "reasons", [])
    if not reasons:
        yield error
    for reason in reasons:
        if reason.value is not None:
            yield from _causes(reason.value)


def _told(cause: BaseException) -> str:
    if isinstance(cause, ConnectError | DNSLookupError):
        return f"cannot connect ({cause})"
    if isinstance(cause, TimeoutError):
        return "no answer in time"
    return f"{type(cause).__name__}: {cause}".rstrip(": ")


def _distrust(cause: BaseException) -> str | None:
    if isinstance(cause, VerificationError):
        return "the server's certificate is for another name; correct its address or ask for the right certificate"
    if not isinstance(cause, SSL.Error):
        return None
    text = str(cause).lower()
    if "certificate verify failed" in text:
        return "the server's certificate is not signed by the trusted CA or not valid now; check trusted_ca"
    if "alert" in text and any(alert in text for alert in _CERTIFICATE_ALERTS):
        return f"the server refuses our certificate ({cause}); the bank must register it, or it has expired"
    return None
