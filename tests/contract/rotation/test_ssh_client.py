"""SSH keys exchanged where we connect: ours at a bank's server, and the bank's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import asyncssh
import pytest

from adapters.endpoints import SftpEndpoint
from crypto.generate import generate_key
from crypto.key_entry import KeyState, Purpose
from crypto.key_material import KeyMaterial
from gateway.store.database import Store
from gateway.transports.contract import Misconfigured
from gateway.wiring.file_links import FileLinks
from gateway.wiring.ssh_trust import user_keys

T = TypeVar("T")
BANK, USER_KEY, HOST_KEY = "bank", "bank-sftp-login", "gateway-sftp-host"
CLOCK = SimpleNamespace(now_ms=lambda: 1_790_000_000_000)


class BankServer(asyncssh.SSHServer):
    """Lets in whose key ``known`` has; what is shown is whatever the acceptor was given."""

    known: set[bytes] = set()
    logins: list[bytes] = []

    def begin_auth(self, username: str) -> bool:  # noqa: ARG002 - the library's signature
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002
        good = key.public_data in BankServer.known
        if good:
            BankServer.logins.append(key.public_data)
        return good


def blob(public: str) -> bytes:
    return bytes(asyncssh.import_public_key(public).public_data)


@pytest.fixture
def bank(safe: Any, elsewhere: Any, tmp_path: Path) -> Iterator[Any]:
    """A bank with an SFTP server, and our connections to it."""
    host, mine = generate_key("ed25519-ssh"), safe.add(USER_KEY, Purpose.TRANSPORT, "ed25519-ssh")
    BankServer.known, BankServer.logins = {blob(mine.public)}, []
    (tmp_path / "files").mkdir()
    acceptor = elsewhere.run(
        asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=BankServer,
            server_host_keys=[asyncssh.import_private_key(host.secret or b"")],
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(tmp_path / "files").encode()),
        )
    )
    endpoint = SftpEndpoint(
        kind="sftp", host="127.0.0.1", port=acceptor.get_port(), username="u", host_keys=(host.public,),
        user_key=USER_KEY, outgoing_directory="/", acknowledgement_directory="/", result_directory="/", timeout_seconds=5,
    )  # fmt: skip
    store = Store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    store.migrate()
    known: Any = SimpleNamespace(edition="", profile=SimpleNamespace(transport=endpoint))
    banks: Any = {BANK: SimpleNamespace(on=lambda _day: known)}
    links = FileLinks(SimpleNamespace(), banks, safe.followed(), store, CLOCK)  # type: ignore[arg-type]

    def show(material: KeyMaterial) -> None:
        keys = [asyncssh.import_private_key(material.secret or b"")]
        elsewhere.loop.call_soon_threadsafe(lambda: acceptor.update(server_host_keys=keys))

    yield SimpleNamespace(safe=safe, links=links, mine=mine, host=host, store=store, show=show)
    links._let_go(BANK)
    store.dispose()
    elsewhere.loop.call_soon_threadsafe(acceptor.close)


def alerts(store: Store) -> list[Any]:
    from gateway.store import alerts as stored

    with store.read() as tx:
        return stored.recent(tx, 10)


def test_a_new_session_is_opened_with_the_new_key(bank) -> None:
    first = bank.links.of(BANK)
    assert first.list("/") == [] and bank.links.of(BANK) is first
    new = bank.safe.replace(USER_KEY, "ed25519-ssh")
    BankServer.known.add(blob(new.public))
    assert bank.links.of(BANK).list("/") == [] and bank.links.of(BANK) is not first
    assert BankServer.logins[-1] == blob(new.public) and not alerts(bank.store)


def test_a_bank_that_does_not_know_our_new_key_yet_is_entered_with_the_retiring_one(bank) -> None:
    new = bank.safe.replace(USER_KEY, "ed25519-ssh")
    assert bank.links.of(BANK).list("/") == []
    assert BankServer.logins[-1] == blob(bank.mine.public)
    (alert,) = alerts(bank.store)
    assert (alert.kind, alert.key) == ("old-ssh-key-used", BANK)
    assert asyncssh.import_public_key(bank.mine.public).get_fingerprint() in alert.text_zh
    bank.safe.move(bank.mine, KeyState.REVOKED)
    with pytest.raises(Misconfigured, match="must register this public key") as refused:
        bank.links.of(BANK).list("/")
    assert asyncssh.import_public_key(new.public).get_fingerprint() in str(refused.value)


def test_with_our_key_revoked_the_open_session_ends(bank) -> None:
    bank.links.of(BANK).list("/")
    bank.safe.move(bank.mine, KeyState.REVOKED)
    with pytest.raises(Misconfigured, match="REVOKED"):
        bank.links.of(BANK)


def test_a_bank_s_new_host_key_is_trusted_once_it_is_in_the_keystore_and_not_before(bank, generated) -> None:
    coming = generated("ed25519-ssh")
    bank.links.of(BANK).list("/")
    bank.show(coming)
    bank.links._let_go(BANK)
    with pytest.raises(Misconfigured, match="Nothing was sent"):
        bank.links.of(BANK).list("/")
    pending = bank.safe.theirs("bank-sftp-host", Purpose.TRANSPORT, coming, state=KeyState.PENDING)
    with pytest.raises(Misconfigured, match="Nothing was sent"):
        bank.links.of(BANK).list("/")
    bank.safe.move(pending, KeyState.ACTIVE)
    assert bank.links.of(BANK).list("/") == []


def test_a_host_key_that_was_revoked_is_not_trusted_though_the_profile_lists_it(bank) -> None:
    entry = bank.safe.theirs("bank-sftp-host", Purpose.TRANSPORT, bank.host)
    assert bank.links.of(BANK).list("/") == []
    bank.safe.move(entry, KeyState.REVOKED)
    with pytest.raises(Misconfigured, match="no host key"):
        bank.links.of(BANK)


def test_a_key_only_taken_in_locks_nobody_out(safe, generated) -> None:
    listed = generated("ed25519-ssh")
    entry = safe.theirs("bank-sftp-user", Purpose.TRANSPORT, listed, state=KeyState.PENDING)
    keys = safe.followed()
    assert user_keys(keys.now(), BANK, [f"{listed.public} comment"]) == (f"{listed.public} comment",)
    safe.move(entry, KeyState.ACTIVE)
    assert len(user_keys(keys.now(), BANK, [listed.public])) == 1
    safe.move(entry, KeyState.RETIRING, KeyState.RETIRED)
    assert user_keys(keys.now(), BANK, [listed.public]) == ()
