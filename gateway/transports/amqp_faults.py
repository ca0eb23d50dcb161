"""What a broker's refusals mean, in words for whoever must act."""

from __future__ import annotations

from pika.exceptions import (
    ChannelClosedByBroker,
    ConnectionClosedByBroker,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
)

from gateway.transports import peer_faults
from gateway.transports.contract import Misconfigured, TransportFault

_MEANINGS = {
    403: "the broker refuses the login, or this user may not use the queue; check username, password and permissions",
    404: "the broker does not know this queue; check send_queue and receive_queue",
    406: "the queue exists with other properties than this gateway declares; delete it or choose another name",
    530: "the broker does not let this user into the virtual host; check virtual_host and permissions",
}
"""AMQP 0-9-1 reply codes that stay until a person changes something."""


def fault(what: str, error: BaseException, *, maybe_sent: bool) -> TransportFault:
    """The fault that ``error`` amounts to while doing ``what``."""
    meaning = _meaning(error)
    if meaning is not None and not maybe_sent:
        return Misconfigured(f"{what}: {meaning}")
    return peer_faults.fault(what, error, maybe_sent=maybe_sent)


def _meaning(error: BaseException) -> str | None:
    if isinstance(error, ProbableAuthenticationError):
        return _MEANINGS[403]
    if isinstance(error, ProbableAccessDeniedError):
        return _MEANINGS[530]
    if isinstance(error, ChannelClosedByBroker | ConnectionClosedByBroker) and error.reply_code in _MEANINGS:
        return f"{_MEANINGS[error.reply_code]} ({error.reply_text})"
    return None
