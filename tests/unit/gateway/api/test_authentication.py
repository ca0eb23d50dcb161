"""Who is let in, decided from the head alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crypto.http_signatures import sign_request
from gateway.api.authentication import ClientRegister, OpenOnLoopback, SignatureCheck, require_loopback
from gateway.api.clients import RegisteredClient
from gateway.api.envelope import Envelope
from gateway.api.problems import Problem
from gateway.core.authority import Permission, Role

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
NOW = 1_800_000_000
PLAIN = Envelope("GET", "/v1/batches?limit=1", (), True, "gw.example:8443", "10.0.0.5", None)
CLIENTS = [
    RegisteredClient("platform", certificate_names=("platform.example",), key_ids=("k1",)),
    RegisteredClient("ops", certificate_names=("ops.example",), roles=frozenset({Role.OPERATOR})),
]


class FixedClock:
    """Stands still."""

    def now_ms(self) -> int:
        return NOW * 1000


def register(public_base_url: str | None = None) -> ClientRegister:
    """Two clients, one of them with a key."""
    check = SignatureCheck({"k1": KEY.public_key()}.get, FixedClock(), public_base_url=public_base_url)
    return ClientRegister(CLIENTS, check)


def signed(envelope: Envelope, url: str, **more: Any) -> Envelope:
    """The envelope with a signature over ``url``."""
    added = sign_request(envelope.method, url, {}, None, "k1", KEY, NOW, **more)
    return replace(envelope, headers=(*envelope.headers, *((n.lower(), v) for n, v in added.items())))


def refusal(authenticator: Any, envelope: Envelope) -> str:
    """The code with which it is turned away."""
    with pytest.raises(Problem) as refused:
        authenticator.identify(envelope)
    return refused.value.code


def test_a_registered_certificate_is_enough() -> None:
    """The subject's CN says which client it is, and whether it is an operator."""
    client = register().identify(replace(PLAIN, certificate_name="ops.example"))
    assert (client.client_id, client.may(Permission.ALERTS_READ)) == ("ops", True)


def test_unknown_certificates_and_nobody_are_refused() -> None:
    """A certificate that TLS accepts but nobody registered is nobody."""
    assert refusal(register(), replace(PLAIN, certificate_name="else.example")) == "NOT_AUTHENTICATED"
    assert refusal(register(), PLAIN) == "NOT_AUTHENTICATED"


def test_a_signature_names_the_client() -> None:
    """Over the address that the client used."""
    request = signed(PLAIN, "https://gw.example:8443/v1/batches?limit=1")
    assert register().identify(request).client_id == "platform"


def test_a_signature_for_another_place_is_refused() -> None:
    """Another host, scheme or query was signed."""
    for url in (
        "https://evil.example/v1/batches?limit=1",
        "http://gw.example:8443/v1/batches?limit=1",
        "https://gw.example:8443/v1/batches",
    ):
        assert refusal(register(), signed(PLAIN, url)) == "NOT_AUTHENTICATED"


def test_behind_a_proxy_the_public_address_is_signed() -> None:
    """Then the Host field does not matter."""
    request = signed(PLAIN, "https://public.example/v1/batches?limit=1")
    assert register("https://public.example").identify(request).client_id == "platform"


def test_a_bad_signature_is_not_saved_by_a_certificate() -> None:
    """A signature that is there must be right, and be the same client's."""
    wrong = signed(PLAIN, "https://evil.example/")
    assert refusal(register(), replace(wrong, certificate_name="platform.example")) == "NOT_AUTHENTICATED"
    right = signed(PLAIN, "https://gw.example:8443/v1/batches?limit=1")
    assert refusal(register(), replace(right, certificate_name="ops.example")) == "NOT_AUTHENTICATED"


def test_a_body_must_be_covered() -> None:
    """A signature without the digest of a body vouches for nothing that is in it."""
    with_body = replace(PLAIN, headers=(("content-length", "5"),))
    assert refusal(register(), signed(with_body, "https://gw.example:8443/v1/batches?limit=1")) == "NOT_AUTHENTICATED"


def test_once_only() -> None:
    """The second time is a replay."""
    gate, request = register(), signed(PLAIN, "https://gw.example:8443/v1/batches?limit=1")
    gate.identify(request)
    assert refusal(gate, request) == "SIGNATURE_REPLAYED"


def test_one_name_is_one_client() -> None:
    """Two clients with one certificate name or key id are a mistake in the settings."""
    with pytest.raises(ValueError, match="platform and for twin"):
        ClientRegister([*CLIENTS, RegisteredClient("twin", key_ids=("k1",))], None)


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "10.0.0.5", "localhost.example"])  # noqa: S104
def test_open_is_never_reachable(address: str) -> None:
    """What is open cannot be bound anywhere but to loopback."""
    with pytest.raises(ValueError, match="would listen on"):
        require_loopback(address)


@pytest.mark.parametrize(
    ("host", "local", "fine"),
    [
        ("127.0.0.1:8443", "127.0.0.1", True),
        ("localhost", "127.0.0.1", True),
        ("[::1]:8443", "::1", True),
        ("127.0.0.1:8443", "10.0.0.5", False),
        ("evil.example:8443", "127.0.0.1", False),
        ("", "127.0.0.1", False),
    ],
)
def test_open_means_this_machine_at_both_ends(host: str, local: str, fine: bool) -> None:
    """A name that an attacker rebound to loopback is refused like an address from outside."""
    gate, envelope = OpenOnLoopback("demo", "127.0.0.1"), replace(PLAIN, host=host, local_address=local)
    if fine:
        assert gate.identify(envelope).client_id == "demo"
    else:
        assert refusal(gate, envelope) == "NOT_AUTHENTICATED"
