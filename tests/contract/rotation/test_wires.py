"""Lines to banks and queues from them when their keys change: replaced, never cut under a request."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from adapters.endpoints import AmqpEndpoint, HttpsEndpoint
from crypto.generate import generate_key
from crypto.key_entry import KeyState, Purpose
from gateway.transports.contract import MessageTransport, Misconfigured, Reply
from gateway.wiring import hearing as hearing_module
from gateway.wiring.hearing import Hearing
from gateway.wiring.links import Links
from gateway.wiring.peer_checks import PeerChecks
from gateway.wiring.wires import replaceable

OURS, THEIRS, PASSWORD = "bank-tls-client", "bank-ca", "bank-amqp-password"
NO_LISTS = PeerChecks(SimpleNamespace(crl_directory=None, stale_crl="strict"))  # type: ignore[arg-type]


class Slow:
    """A wire whose answer comes when the test says so."""

    def __init__(self) -> None:
        self.answer: Deferred[Reply] = Deferred()
        self.closed = 0

    async def submit(self, *_: Any) -> Reply:
        return await self.answer

    async def inquire(self, *_: Any) -> Reply:
        return Reply(404, {}, 0)

    async def close(self) -> None:
        self.closed += 1


@pytest_twisted.ensureDeferred
async def test_a_retired_wire_ends_after_its_last_request() -> None:
    inner = Slow()
    wire = replaceable(inner)
    assert isinstance(wire, MessageTransport)
    request = Deferred.fromCoroutine(wire.submit("M1", lambda: iter(()), 0, {}, None, 1))  # type: ignore[arg-type]
    wire.retire()
    assert inner.closed == 0
    inner.answer.callback(Reply(200, {}, 0))
    assert (await request).status == 200 and inner.closed == 1
    assert (await wire.inquire("M1", None, 1)).status == 404 and inner.closed == 2  # type: ignore[arg-type]


def context(endpoint: Any) -> Any:
    """One bank."""
    profile = SimpleNamespace(
        transport=endpoint, limits=SimpleNamespace(result_bytes=1000), security=SimpleNamespace(signature_header="X")
    )
    bank = SimpleNamespace(edition="", profile=profile)
    return SimpleNamespace(bank_today=lambda _name: bank, banks={"bank": bank})


@pytest.fixture
def secured(safe: Any, pki: Any) -> Any:
    """Keys of one bank, and its authority."""
    safe.authority = pki()
    safe.ours = safe.add(OURS, Purpose.TRANSPORT, safe.authority.leaf().identity())
    safe.theirs(THEIRS, Purpose.TRANSPORT, safe.authority.ca.trusted())
    return safe


@pytest.fixture
def links(secured: Any) -> Links:
    """Over HTTPS."""
    endpoint = HttpsEndpoint(
        kind="https", base_url="https://127.0.0.1:1", submit_path="/", client_certificate=OURS, trusted_ca=THEIRS
    )
    return Links(context(endpoint), secured.followed(), Clock(), lambda *_: succeed(None), lambda: None, NO_LISTS)


def test_a_wire_is_the_same_for_as_long_as_its_keys_are(secured, links, pki) -> None:
    first = links.of("bank")
    secured.add("something-else", Purpose.FIELD, "hmac")
    assert links.of("bank") is first
    secured.replace(OURS, secured.authority.leaf().identity())
    second = links.of("bank")
    assert second is not first and links.of("bank") is second
    secured.theirs(THEIRS, Purpose.TRANSPORT, pki("next").ca.trusted())
    assert links.of("bank") is not second


def test_a_wire_that_nobody_uses_is_let_go_when_its_keys_change(secured, links) -> None:
    held = links.of("bank")
    closed: list[bool] = []
    held.retire = lambda: closed.append(True)
    links.refresh()
    assert not closed
    secured.replace(OURS, secured.authority.leaf().identity())
    links.refresh()
    assert closed == [True]


def test_without_a_usable_key_there_is_no_wire_until_there_is_one(secured, links) -> None:
    links.of("bank")
    secured.move(secured.ours, KeyState.REVOKED)
    with pytest.raises(Misconfigured, match="REVOKED"):
        links.of("bank")
    secured.add(OURS, Purpose.TRANSPORT, secured.authority.leaf().identity())
    assert links.of("bank")


class Consumer:
    """Stands for ``AmqpConsumer``: says what it was given and done."""

    made: list[Consumer] = []

    def __init__(self, _reactor: Any, _endpoint: Any, password: str, *_: Any, hearing: Any, **_more: Any):
        self.password, self.hearing, self.said = password, hearing, list[str]()
        Consumer.made.append(self)

    def start(self) -> None:
        self.said.append("start")

    async def stop(self) -> None:
        self.said.append("stop")


@pytest.fixture
def heard(safe: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A bank on a queue; what it was told to a person is in ``heard.told``."""
    monkeypatch.setattr(hearing_module, "AmqpConsumer", Consumer)
    Consumer.made = []
    safe.password = safe.add(PASSWORD, Purpose.TRANSPORT, "secret")
    endpoint = AmqpEndpoint(
        kind="amqp", host="h", username="u", password=PASSWORD, leased_line=True, send_queue="s", receive_queue="r"
    )
    told: list[Any] = []
    made = Hearing(
        context(endpoint), safe.followed(), Clock(), lambda *given: succeed(told.append(given)), lambda: None, NO_LISTS
    )
    made.listen()
    return SimpleNamespace(safe=safe, hearing=made, told=told)


def test_a_queue_is_heard_without_a_gap_while_its_password_changes(heard) -> None:
    heard.hearing.refresh()
    (first,) = Consumer.made
    heard.safe.replace(PASSWORD, "secret")
    heard.hearing.refresh()
    first, second = Consumer.made
    assert first.password != second.password
    assert (first.said, second.said) == (["start"], ["start"])
    second.hearing()
    assert first.said == ["start", "stop"] and not heard.told


def test_a_revoked_password_ends_its_connection_at_once(heard) -> None:
    (first,) = Consumer.made
    heard.safe.move(heard.safe.password, KeyState.REVOKED)
    heard.hearing.refresh()
    assert first.said == ["start", "stop"] and len(Consumer.made) == 1
    heard.hearing.refresh()
    assert len(heard.told) == 1 and "REVOKED" in str(heard.told[0])
    heard.safe.add(PASSWORD, Purpose.TRANSPORT, generate_key("secret"))
    heard.hearing.refresh()
    assert Consumer.made[1].said == ["start"]


@pytest_twisted.ensureDeferred
async def test_after_the_end_nothing_is_begun(heard) -> None:
    await heard.hearing.close()
    heard.safe.replace(PASSWORD, "secret")
    heard.hearing.refresh()
    assert Consumer.made[0].said == ["start", "stop"] and len(Consumer.made) == 1


def test_a_replaced_password_that_is_revoked_in_the_same_change_ends_its_connection_at_once(heard) -> None:
    (first,) = Consumer.made
    heard.safe.replace(PASSWORD, "secret")
    heard.safe.move(heard.safe.password, KeyState.REVOKED)
    heard.hearing.refresh()
    assert first.said == ["start", "stop"] and Consumer.made[1].said == ["start"]
