"""The API's door (接口监听): bodies are met by the receptionist while they arrive, and the port is opened.

What the receptionist turns away is answered before its body is read, and the connection closed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from gateway.api.bounds import Bounds
from gateway.api.build import Api
from gateway.api.envelope import envelope_of
from gateway.api.problems import MEDIA_TYPE, Problem
from gateway.api.reception import Reception
from gateway.api.serving import SECURITY_HEADERS
from gateway.api.uploading import Upload
from gateway.api.validation import explained
from gateway.transports.body_receiver import BodyReceiver, BodyRefused, Head
from gateway.transports.http_gate import Refusal
from gateway.transports.site import BoundedSite, SiteLimits
from gateway.transports.site_tls import RenewedTls, ServerKeys

SERVER_KEY, CLIENT_AUTHORITY = "api-tls-server", "api-client-ca"


class Place(Protocol):
    """Where to listen; ``gateway.settings.ApiSettings``."""

    @property
    def host(self) -> str:
        """The address."""

    @property
    def port(self) -> int:
        """0 for any free port."""

    @property
    def tls(self) -> bool:
        """Without it only on loopback; the settings refuse anything else."""


class Keys(Protocol):
    """What the door asks of the keystore, for every connection: it follows a rotation without closing."""

    def tls_identity(self, alias: str) -> tuple[bytes, bytes]:
        """Certificate chain and private key, PEM."""

    def trusted_certificates(self, alias: str) -> list[bytes]:
        """Certificates of the authorities that sign client certificates, PEM."""


def open_door(api: Api, place: Place, keys: Keys, reactor: Any, refusal: Refusal | None = None) -> int:
    """Listen; the port. Client certificates are verified where they are given: a signature may stand instead.

    ``refusal`` looks at the chain of a client. Raises KeyUnusable, Misconfigured, CannotListenError.
    """
    site = build_site(api, reactor)
    if not place.tls:
        return int(reactor.listenTCP(place.port, site, interface=place.host).getHost().port)

    def drawn() -> ServerKeys:
        certificate, key = keys.tls_identity(SERVER_KEY)
        return ServerKeys(certificate + key, b"".join(keys.trusted_certificates(CLIENT_AUTHORITY)), refusal)

    tls = RenewedTls(drawn, clients="optional")
    return int(reactor.listenSSL(place.port, site, tls, interface=place.host).getHost().port)


def build_site(api: Api, reactor: Any) -> BoundedSite:
    """The API as a factory of connections."""
    limits = SiteLimits(streamed_bytes=_largest(api.bounds))
    return BoundedSite(api.resource, reactor, limits, lambda head: _meet(api, head))


def _largest(bounds: Bounds) -> int:
    return max(bounds.max_upload_bytes, bounds.max_json_bytes)


def _meet(api: Api, head: Head) -> BodyReceiver:
    with _refused():
        envelope = envelope_of(head.method, head.target, head.request)
        return MetBody(api.receptionist.begin(envelope, head.length, head.flow))


class MetBody:
    """A body that was let in; ``reception`` is what its request's handler goes by."""

    def __init__(self, reception: Reception):
        self.reception = reception

    @property
    def _upload(self) -> Upload:
        upload = self.reception.upload
        if upload is None:
            raise Problem("TOO_LARGE")
        return upload

    def write(self, data: bytes) -> None:
        """A piece; raises BodyRefused once it is clear that the body cannot be taken."""
        with _refused():
            self._upload.write(data)

    def finished(self) -> None:
        """The body is complete; the handler takes it from here."""

    def aborted(self, reason: str) -> None:  # noqa: ARG002 - the server has logged it
        """The body ended early: no trace of it stays."""
        self._upload.lost()


@contextmanager
def _refused() -> Iterator[None]:
    try:
        with explained():
            yield
    except Problem as problem:
        body = problem.document().model_dump_json().encode()
        headers = {**SECURITY_HEADERS, "Content-Type": MEDIA_TYPE, **problem.headers}
        raise BodyRefused(problem.status, problem.code, headers, body) from None
