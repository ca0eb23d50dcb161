"""The private broker where there is no RabbitMQ: a clear word, and nothing started."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.demo import broker
from gateway.demo.broker import Broker, NoBroker


def test_without_rabbitmq_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "SERVER", tmp_path / "rabbitmq-server")
    with pytest.raises(NoBroker, match="apt-get install rabbitmq-server"):
        Broker(tmp_path / "node").start()
    assert not (tmp_path / "node").exists()


@pytest.mark.skipif(Broker.missing() is not None, reason=str(Broker.missing()))
def test_a_server_that_does_not_start_says_its_last_words_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = tmp_path / "rabbitmq-server"
    server.write_text("#!/bin/sh\necho out of luck\nexit 3\n")
    server.chmod(0o755)
    monkeypatch.setattr(broker, "SERVER", server)
    node = Broker(tmp_path / "node")
    with pytest.raises(NoBroker, match="out of luck"):
        node.start()
    assert node._node is None and node._mapper is None
