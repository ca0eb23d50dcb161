"""SSH keys of our own server and of the banks that connect to it, exchanged while it runs."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncssh
import pytest

from adapters.endpoints import SftpServerEndpoint
from crypto.generate import generate_key
from crypto.key_entry import KeyState, Purpose
from crypto.key_material import KeyMaterial
from gateway import sftp_serve
from gateway.settings import SftpServerSettings
from gateway.transports import sftp_server
from gateway.wiring.ssh_trust import user_keys

BANK, HOST_KEY = "bank", "gateway-sftp-host"


@pytest.fixture
def house(safe: Any, elsewhere: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
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
