"""What several transports' tests share: a real broker, once a session, and waiting for the other side without sleeping."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
import trustme
from twisted.internet.task import deferLater

from gateway.demo.broker import Broker, BrokerTls

Until = Callable[..., Awaitable[Any]]


@pytest.fixture(scope="session")
def broker_ca() -> trustme.CA:
    """Signs the broker's certificate and its clients'."""
    return trustme.CA()


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory, broker_ca: trustme.CA) -> Iterator[Broker]:
    """RabbitMQ itself."""
    why = Broker.missing()
    if why is not None:
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("broker")
    leaf = broker_ca.issue_cert("127.0.0.1", "localhost")
    broker_ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    leaf.private_key_pem.write_to_path(str(folder / "key.pem"))
    leaf.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    with Broker(folder / "node", BrokerTls(folder / "cert.pem", folder / "key.pem", folder / "ca.pem")) as running:
        yield running
        running.kill()


@pytest.fixture
def until() -> Until:
    """Waits, on the reactor, for something that another process or thread does by itself."""
    from twisted.internet import reactor

    async def wait(condition: Callable[[], Any], seconds: float = 10) -> Any:
        end = reactor.seconds() + seconds  # type: ignore[attr-defined]
        while not (found := condition()):
            assert reactor.seconds() < end, "it did not happen in time"  # type: ignore[attr-defined]
            await deferLater(reactor, 0.002)
        return found

    return wait
