"""Every kind of key rotated while money moves: nothing stops, nothing is lost or paid twice, the old keys end."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from crypto.schemes.sm2_keys import private_from_pem
from crypto.schemes.sm2_sm3 import Sm2Signer
from crypto.sealing import named_key
from crypto.signature_text import encode_signature
from gateway.demo.broker import Broker
from gateway.services import arrivals
from gateway.store.records import InboxState
from simulators.platform_client import PlatformClient

sys.path.insert(0, str(Path(__file__).parent))

from rotating.load import ITEMS
from rotating.scene import Scene
from rotating.world import AMQP, BANKS, CALLER, HTTPS, SEALED, SFTP, TCP

VERIFYING = {
    SFTP: "rural-fixed-sm2-verify",
    HTTPS: "city-iso-rsa-verify",
    TCP: "coop-tcp-verify",
    AMQP: "clearing-cnaps-verify",
    CALLER: "village-delimited-verify",
    SEALED: "merchant-json-verify",
}
SIGNING = {bank: "gateway-rsa-sign" if bank in (HTTPS, CALLER) else "gateway-sm2-sign" for bank in BANKS}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(Broker.missing() is not None, reason=str(Broker.missing())),
]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A world in which every key has been rotated under load, and all that was submitted is settled."""
    with Scene(tmp_path_factory.mktemp("rotation")) as scene:
        scene.turned_over()
        scene.until(scene.settled, "everything is settled")
        yield scene


def test_nothing_is_lost_and_nothing_is_paid_twice(scene) -> None:
    scene.require_agreement()
    assert len({one.message_id for one in scene.instructions()}) == len(scene.instructions())


def test_every_bank_was_paid_by_before_and_after(scene) -> None:
    for bank in BANKS:
        new = scene.turnover.new_ids(SIGNING[bank])
        signed = [one.key_id in new for one in scene.instructions() if one.bank == bank]
        assert signed == sorted(signed) and set(signed) == {False, True}, bank
        new = scene.turnover.new_ids(VERIFYING[bank])
        applied = [one.key_id in new for one in scene.messages(bank) if one.state is InboxState.APPLIED]
        assert set(applied) == {False, True} and applied[-1], bank


def test_no_message_was_refused_and_no_bank_was_out_of_reach(scene) -> None:
    assert not [one for bank in BANKS for one in scene.messages(bank) if one.state is InboxState.QUARANTINED]
    refused = ("message-quarantined", "signed-by-revoked-key", "keystore-unreadable", "work-failing")
    assert not [told for told in scene.alerts() if told.startswith(refused)]


def test_what_lies_here_is_sealed_with_the_new_keys_and_all_of_it_can_be_read(scene) -> None:
    new = scene.turnover.new_ids("segment-data")
    sealed = [named_key(one) in new for one in scene.sealed_segments()]
    assert sealed == sorted(sealed) and set(sealed) == {False, True}
    for number in (scene.load.numbers[0], scene.load.numbers[-1]):
        told = PlatformClient(scene.world.gateway_url, scene.turnover.fresh / "platform").results(number)
        assert told.status == 200 and len(told.body.splitlines()) == ITEMS
    stored = [made.content for made in scene.instructions() if made.content is not None]
    assert all(b"".join(scene.context.vault.open(one)) for one in stored)


def test_neighbours_hear_by_the_new_keys(scene) -> None:
    (new,) = scene.turnover.new_ids("webhook-sign")
    told = scene.world.ask("platform", "ledger")
    assert new in told["signed_by"] and told["signature_refused"] == 0
    assert scene.world.ask("sms", "gate")["by_present_key"] > 0


def test_the_api_is_met_by_new_keys_only(scene) -> None:
    fresh, kept = scene.turnover.fresh / "platform", scene.load.numbers[0]
    assert PlatformClient(scene.world.gateway_url, fresh).batch(kept).status == 200
    assert PlatformClient(scene.world.gateway_url, _mixed(scene, "client-sign*")).batch(kept).status == 401
    with pytest.raises(OSError):
        PlatformClient(scene.world.gateway_url, _mixed(scene, "tls-client*")).batch(kept)
    with pytest.raises(ssl.SSLCertVerificationError):
        PlatformClient(scene.world.gateway_url, _mixed(scene, "api-ca.pem")).batch(kept)


def _mixed(scene: Scene, pattern: str) -> Path:
    """The platform's new keys, but old ones where the name fits."""
    mixed = scene.world.directory / f"mixed-{pattern.rstrip('*')}"
    shutil.copytree(scene.turnover.fresh / "platform", mixed)
    for old in (scene.turnover.old / "platform").glob(pattern):
        shutil.copy(old, mixed)
    return mixed


def test_the_sftp_server_is_entered_by_new_keys_only(scene) -> None:
    port = scene.world.children["sftp"].ready["port"]
    old, fresh = (folder / CALLER for folder in (scene.turnover.old, scene.turnover.fresh))

    async def shown(user: Path, host: Path) -> str:
        known = [asyncssh.read_public_key(host / "gateway-host-key.pub")]
        options: Any = {"username": CALLER, "config": None, "agent_path": None, "known_hosts": (known, [], [])}
        keys = [asyncssh.read_private_key(user / "ssh-user-key")]
        async with asyncssh.connect("127.0.0.1", port, client_keys=keys, **options) as connection:
            return str(connection.get_server_host_key().get_fingerprint())

    assert _elsewhere(shown(fresh, fresh))
    with pytest.raises(asyncssh.PermissionDenied):
        _elsewhere(shown(old, fresh))
    with pytest.raises(asyncssh.HostKeyNotVerifiable):
        _elsewhere(shown(fresh, old))


def _elsewhere(work: Any) -> Any:
    """In a loop and thread of its own: the reactor has this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result(30)


def test_a_message_signed_with_a_retired_or_a_revoked_key_is_never_applied(scene) -> None:
    before = scene.books()
    applied = next(one for one in scene.messages(SFTP) if one.state is InboxState.APPLIED)
    content = b"".join(scene.context.vault.open(applied.content))
    forged = _signed(scene.turnover.old / SFTP / "sm2-sign.pem", content)
    for name, kind, word in (
        (f"x{applied.name}", "message-quarantined", "RETIRED"),
        (f"y{applied.name}", "signed-by-revoked-key", "revoked"),
    ):
        if kind == "signed-by-revoked-key":
            scene.turnover.revoke(VERIFYING[SFTP])
        arrivals.keep_pushed(scene.context, SFTP, name, content, forged)
        said = scene.until(lambda key=f"{kind} {SFTP}/{name}": scene.alerts().get(key), name)
        assert word in said
    after = scene.books()
    assert (after.counts, after.amounts) == (before.counts, before.amounts)


def _signed(key: Path, content: bytes) -> str:
    signer = Sm2Signer("old", *private_from_pem(key.read_text("ascii")), "1234567812345678", "der")
    signer.update(content)
    return encode_signature(signer.signature(), "base64").decode("ascii")
