"""SSH keys of both sides exchanged: ours at a bank's server, the bank's own, and those of our server."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import asyncssh
import pytest

from adapters.endpoints import SftpEndpoint, SftpServerEndpoint
from crypto.generate import generate_key
from crypto.key_entry import KeyState, Purpose
from crypto.key_material import Algorithm, KeyMaterial
from gateway import sftp_serve
from gateway.settings import SftpServerSettings
from gateway.store.database import Store
from gateway.transports import sftp_server
from gateway.transports.contract import Misconfigured
from gateway.wiring.file_links import FileLinks
from gateway.wiring.ssh_trust import user_keys

T = TypeVar("T")
BANK, USER_KEY, HOST_KEY = "bank", "bank-sftp-login", "gateway-sftp-host"
CLOCK = SimpleNamespace(now_ms=lambda: 1_790_000_000_000)


class Elsewhere:
    """An asyncio loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Awaitable[T]) -> T:
        return self.begin(work).result(20)

    def begin(self, work: Awaitable[T]) -> Future[T]:
        async def awaited() -> T:
            return await work

        return asyncio.run_coroutine_threadsafe(awaited(), self.loop)

    def stop(self) -> None:
        async def rest() -> None:
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self.run(rest())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)
        self.loop.close()


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    """Where the other side lives: the reactor has this thread."""
    made = Elsewhere()
    yield made
    made.stop()


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
def bank(safe: Any, elsewhere: Elsewhere, tmp_path: Path) -> Iterator[Any]:
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


@pytest.fixture
def house(
    safe: Any, elsewhere: Elsewhere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SimpleNamespace]:
    """Our own server with one bank, as its process runs it."""
    monkeypatch.setattr(sftp_serve, "LOOK_SECONDS", 0.01)
    user = generate_key("ed25519-ssh")
    safe.host = safe.add(HOST_KEY, Purpose.TRANSPORT, "ed25519-ssh")
    safe.user = safe.theirs("bank-sftp-user", Purpose.TRANSPORT, user)
    endpoint = SftpServerEndpoint(
        kind="sftp-server", username=BANK, user_keys=(user.public,), outgoing_directory="/out",
        acknowledgement_directory="/ack", result_directory="/result",
    )  # fmt: skip
    keys, section = safe.followed(), SftpServerSettings()

    def today() -> SftpServerEndpoint:
        return endpoint.model_copy(update={"user_keys": user_keys(keys.now(), BANK, endpoint.user_keys)})

    shown = sftp_serve.host_keys(keys.now(), section)
    server = elsewhere.run(sftp_server.serve(tmp_path / "sftp", [today], shown, "127.0.0.1", 0, 5))
    elsewhere.begin(sftp_serve.follow(server, section, keys))
    yield SimpleNamespace(safe=safe, user=user, port=server.port, run=elsewhere.run, directory=tmp_path)
    elsewhere.run(server.close())


async def visit(port: int, user: KeyMaterial, known: str | None, stay: Callable[[], bool] | None = None) -> str:
    """The host key that is shown to whoever logs in with ``user``; waits until the line is cut where it is to."""
    hosts = None if known is None else ([asyncssh.import_public_key(known)], [], [])
    options: Any = {"username": BANK, "config": None, "agent_path": None, "known_hosts": hosts}
    async with asyncssh.connect(
        "127.0.0.1", port, client_keys=[asyncssh.import_private_key(user.secret or b"")], **options
    ) as connection:
        shown = connection.get_server_host_key()
        while stay is not None and stay():
            stay = None
            await asyncio.wait_for(connection.wait_closed(), 10)
        return " ".join(shown.export_public_key().decode().split()[:2])


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not await condition():
            await asyncio.sleep(0.01)


def test_the_retiring_host_key_is_shown_until_it_ends_and_the_new_one_afterwards(house) -> None:
    new = house.safe.replace(HOST_KEY, "ed25519-ssh")
    assert house.run(visit(house.port, house.user, house.safe.host.public)) == house.safe.host.public
    house.safe.move(house.safe.host, KeyState.RETIRED)

    async def shows_new() -> bool:
        return await visit(house.port, house.user, None) == new.public

    house.run(until(shows_new))


def test_openssh_learns_the_new_host_key_before_it_is_shown(house) -> None:
    if shutil.which("sftp") is None:
        pytest.skip("OpenSSH's clients are not installed")
    identity, known = house.directory / "id", house.directory / "known_hosts"
    identity.touch(0o600)
    identity.write_bytes(house.user.secret)
    known.write_text(f"[127.0.0.1]:{house.port} {house.safe.host.public}\n")
    command = ["sftp", "-F", "none", "-i", str(identity), "-P", str(house.port), "-b", "-"]
    for option in (
        f"UserKnownHostsFile={known}",
        "IdentitiesOnly=yes",
        "UpdateHostKeys=yes",
        "StrictHostKeyChecking=yes",
    ):
        command += ["-o", option]

    def connect() -> int:
        done = subprocess.run([*command, f"{BANK}@127.0.0.1"], input="ls\n", text=True, capture_output=True, timeout=30)
        return done.returncode

    new = house.safe.replace(HOST_KEY, "ed25519-ssh")

    async def learnt() -> bool:
        assert await asyncio.to_thread(connect) == 0
        return new.public in known.read_text()

    house.run(until(learnt))
    house.safe.move(house.safe.host, KeyState.REVOKED)

    async def shows_new() -> bool:
        return await visit(house.port, house.user, None) == new.public

    house.run(until(shows_new))
    assert connect() == 0


def test_a_bank_s_next_key_lets_it_in_and_its_revoked_one_throws_it_out(house, generated) -> None:
    following = generated("ed25519-ssh")
    with pytest.raises(asyncssh.PermissionDenied):
        house.run(visit(house.port, following, None))
    house.safe.replace("bank-sftp-user", following)
    assert house.run(visit(house.port, following, None)) and house.run(visit(house.port, house.user, None))

    def revoked() -> bool:
        house.safe.move(house.safe.user, KeyState.REVOKED)
        return True

    house.run(visit(house.port, house.user, None, revoked))
    with pytest.raises(asyncssh.PermissionDenied):
        house.run(visit(house.port, house.user, None))
    assert house.run(visit(house.port, following, None))


def test_without_a_host_key_nobody_comes_in_until_there_is_one(house) -> None:
    house.safe.move(house.safe.host, KeyState.REVOKED)

    async def closed() -> bool:
        try:
            await visit(house.port, house.user, None)
        except (asyncssh.Error, OSError):
            return True
        return False

    house.run(until(closed))
    new = house.safe.add(HOST_KEY, Purpose.TRANSPORT, "ed25519-ssh")

    async def open_again() -> bool:
        try:
            return await visit(house.port, house.user, None) == new.public
        except (asyncssh.Error, OSError):
            return False

    house.run(until(open_again))
    assert Algorithm.SSH is new.algorithm
