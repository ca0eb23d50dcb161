"""Who gets in, with what, and what is written down about it."""

from __future__ import annotations

import asyncio
import socket
import warnings
from typing import Any

import asyncssh
import pytest
import structlog

from adapters.endpoints import SftpServerEndpoint
from gateway.transports.contract import Misconfigured
from gateway.transports.sftp_server import serve, user_keys
from gateway.transports.sftp_server_login import CONNECTIONS_PER_USER

STRANGER = asyncssh.generate_private_key("ssh-ed25519")


def refused(house: Any, **options: Any) -> BaseException:
    async def work() -> None:
        connection = await house.connect(**options)
        connection.close()

    with pytest.raises((asyncssh.Error, OSError)) as caught:
        house.run(work())
    return caught.value


@pytest.mark.parametrize(
    "options",
    [
        {"client_keys": [STRANGER]},
        {"username": "nobody"},
        {"username": "village", "client_keys": None, "password": "secret"},
        {"kex_algs": ["diffie-hellman-group14-sha1"]},
        {"encryption_algs": ["aes128-cbc"]},
        {"mac_algs": ["hmac-sha1"], "encryption_algs": ["aes128-ctr"]},
    ],
    ids=str,
)
def test_only_the_banks_own_key_and_current_algorithms_get_in(house: Any, options: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        error = refused(house, **options)
    assert isinstance(error, asyncssh.PermissionDenied | asyncssh.KeyExchangeFailed)


def test_every_thing_done_is_one_line_without_content(house: Any, asked: Any) -> None:
    house.files.put("/out", "DF1.txt", [b"6222020200112233"], 16)

    async def work(sftp: Any) -> None:
        async with sftp.open("/out/DF1.txt", "rb") as file:
            assert await file.read() == b"6222020200112233"
        async with sftp.open("/result/DR1.tmp", "wb") as file:
            await file.write(b"6222020200112233")
        await sftp.rename("/result/DR1.tmp", "/result/DR1.txt")
        with pytest.raises(asyncssh.SFTPError):
            await sftp.remove("/result/DR1.txt")
        with pytest.raises(asyncssh.SFTPError):
            await sftp.open("/result/6222020200112233\n", "wb")

    with structlog.testing.capture_logs() as lines:
        asked(work)
    told = [(line["event"], line.get("file", "")) for line in lines if line["event"] != "sftp logout"]
    assert told == [
        ("sftp login", ""),
        ("sftp download", "/out/DF1.txt"),
        ("sftp upload", "/result/DR1.tmp"),
        ("sftp upload", "/result/DR1.txt"),
        ("sftp refused", "/result/DR1.txt"),
        ("sftp refused", "/result/?"),
    ]
    assert all(line["user"] == "village" for line in lines)
    assert lines[1]["whole"] is True and lines[3]["finished"] is True
    assert "6222020200112233" not in str(lines)


def test_a_refused_login_is_one_line_that_names_the_key_and_not_the_name_tried(house: Any) -> None:
    with structlog.testing.capture_logs() as lines:
        refused(house, username="zhang-san", client_keys=[STRANGER])
    (line,) = [line for line in lines if line["event"] == "sftp refused"]
    assert line["key"] == STRANGER.get_fingerprint() and line["why"] == "unknown user"
    assert "zhang" not in str(lines)


@pytest.mark.parametrize("what", ["shell", "command", "subsystem", "scp", "to a port", "from a port", "to a socket"])
def test_there_is_nothing_but_sftp(house: Any, what: str) -> None:
    async def work() -> None:
        async with await house.connect() as connection:
            if what in {"shell", "command", "scp"}:
                command = {"shell": None, "command": "id", "scp": "scp -t /result"}[what]
                await connection.create_process(command)
            elif what == "subsystem":
                await connection.create_process(subsystem="netconf")
            elif what == "to a port":
                await connection.open_connection("127.0.0.1", 1)
            elif what == "from a port":
                await connection.start_server(lambda *_: None, "127.0.0.1", 0)
            else:
                await connection.open_unix_connection("/tmp/x")

    with structlog.testing.capture_logs() as lines, pytest.raises((asyncssh.Error, asyncssh.ChannelListenError)):
        house.run(work())
    assert any(line["event"] == "sftp refused" for line in lines) or what == "to a socket"


def test_openssh_gets_no_shell_and_learns_the_next_host_key(house: Any, openssh: Any, tmp_path: Any) -> None:
    assert openssh("ssh", "village@127.0.0.1", "id").returncode != 0
    done = openssh("sftp", "-b", "-", "-o", "UpdateHostKeys=yes", "village@127.0.0.1", commands="ls\n")
    assert done.returncode == 0, done.stderr
    known = (tmp_path / "known_hosts").read_text()
    from_server = {line.split()[2] for line in known.splitlines() if "ssh-ed25519" in line}
    assert len(from_server) == 2


def test_connections_of_one_bank_are_bounded(house: Any) -> None:
    async def work() -> None:
        open_ones = [await house.connect() for _ in range(CONNECTIONS_PER_USER)]
        try:
            with pytest.raises(asyncssh.Error):
                async with await house.connect() as late, late.start_sftp_client() as sftp:
                    await sftp.listdir("/")
        finally:
            for connection in open_ones:
                connection.close()
                await connection.wait_closed()
        async with await house.connect() as again, again.start_sftp_client() as sftp:
            assert "out" in await sftp.listdir("/")

    house.run(work())


def test_whoever_does_not_log_in_is_sent_away(elsewhere: Any, tmp_path: Any) -> None:
    async def work() -> None:
        key = asyncssh.generate_private_key("ssh-ed25519").export_private_key()
        server = await serve(tmp_path / "sftp", [], [key], "127.0.0.1", 0, 0.2)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        await asyncio.wait_for(reader.read(), 5)
        writer.close()
        await server.close()

    elsewhere(work())


def test_a_client_that_speaks_nonsense_harms_nobody(house: Any, asked: Any) -> None:
    for greeting in (b"", b"GET / HTTP/1.1\r\n\r\n", b"SSH-2.0-x\r\n" + bytes(4000), b"\xff" * 100_000):
        with socket.create_connection(("127.0.0.1", house.server.port)) as line:
            line.sendall(greeting)

    async def work(sftp: Any) -> bool:
        return bool(await sftp.exists("/out"))

    assert asked(work)


@pytest.mark.parametrize(
    ("line", "match"),
    [
        ("ssh-ed25519 nonsense", "entry 1 is not an OpenSSH public key"),
        (asyncssh.generate_private_key("ssh-rsa", key_size=1024).export_public_key().decode(), "under 2048 bits"),
    ],
)
def test_a_key_that_cannot_serve_is_told_at_the_start(house: Any, line: str, match: str) -> None:
    with pytest.raises(Misconfigured, match=match):
        user_keys(house.endpoint.model_copy(update={"user_keys": (line,)}))


def test_a_key_that_the_profile_no_longer_has_no_longer_gets_in(house: Any) -> None:
    other = STRANGER.export_public_key().decode()
    house.endpoint = house.endpoint.model_copy(update={"user_keys": (other,)})
    assert isinstance(refused(house), asyncssh.PermissionDenied)

    async def work() -> None:
        async with await house.connect(client_keys=[STRANGER]):
            pass

    house.run(work())


def test_two_banks_cannot_share_a_login_nor_two_processes_a_root(house: Any, elsewhere: Any, tmp_path: Any) -> None:
    def endpoint() -> SftpServerEndpoint:
        return house.endpoint  # type: ignore[no-any-return]

    key = STRANGER.export_private_key()
    with pytest.raises(Misconfigured, match="two banks have the SFTP login"):
        elsewhere(serve(tmp_path / "other", [endpoint, endpoint], [key], "127.0.0.1", 0, 5))
    with pytest.raises(Misconfigured, match="another SFTP server process"):
        elsewhere(serve(house.base, [endpoint], [key], "127.0.0.1", 0, 5))
