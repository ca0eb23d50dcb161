"""SFTP against a real server that misbehaves: what arrives, and what we say may have arrived."""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from gateway.transports.contract import Misconfigured, RemoteFile, TransportFault
from gateway.transports.sftp import SftpTransport

BODY = os.urandom(300_000)
NAME = "DFB2026112300000001.txt"


def chunks(body: bytes, step: int = 70_001) -> list[bytes]:
    return [body[start : start + step] for start in range(0, len(body), step)]


def put(sftp: SftpTransport, body: bytes = BODY) -> None:
    sftp.put("/in", NAME, chunks(body), len(body))


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


@pytest.mark.parametrize("size", [0, 1, 32_768, 32_769, 300_000, 5_000_000])
def test_a_file_arrives_whole_under_its_final_name_and_comes_back(bank: Any, sftp: SftpTransport, size: int) -> None:
    body = os.urandom(size)
    sftp.put("/in", NAME, chunks(body), size)
    assert names(bank.root / "in") == [NAME]
    assert (bank.root / "in" / NAME).read_bytes() == body
    assert b"".join(sftp.get("/in", NAME, 5_000_000)) == body


def test_one_connection_serves_many_calls_and_is_replaced_when_lost(bank: Any, sftp: SftpTransport) -> None:
    put(sftp)
    assert sftp.find("/in", NAME) is not None
    assert bank.connections == 1
    sftp.close()
    assert sftp.find("/in", NAME) is not None
    assert bank.connections == 2


def test_a_partial_upload_of_an_earlier_attempt_is_overwritten(bank: Any, sftp: SftpTransport) -> None:
    (bank.root / "in" / f".{NAME}.part").write_bytes(os.urandom(400_000))
    put(sftp)
    assert names(bank.root / "in") == [NAME]
    assert (bank.root / "in" / NAME).read_bytes() == BODY


def test_a_file_already_there_with_the_same_size_is_delivered_and_not_sent_again(
    bank: Any, sftp: SftpTransport
) -> None:
    (bank.root / "in" / NAME).write_bytes(BODY)
    put(sftp)
    assert bank.faults.calls == []


def test_a_file_already_there_with_another_size_is_never_replaced(bank: Any, sftp: SftpTransport) -> None:
    (bank.root / "in" / NAME).write_bytes(b"something else")
    with pytest.raises(TransportFault, match="already there with 14 bytes") as caught:
        put(sftp)
    assert caught.value.maybe_sent is True
    assert (bank.root / "in" / NAME).read_bytes() == b"something else"


@pytest.mark.parametrize(
    "fault",
    [
        {"drop_write_at": 0},
        {"drop_write_at": 150_000},
        {"stall_write_at": 150_000},
        {"disk_full_at": 100_000},
        {"fail_write_at": 200_000},
    ],
    ids=str,
)
def test_a_fault_before_the_rename_is_surely_not_sent(bank: Any, sftp: SftpTransport, fault: dict[str, int]) -> None:
    for key, value in fault.items():
        setattr(bank.faults, key, value)
    with pytest.raises(TransportFault) as caught:
        put(sftp)
    assert caught.value.maybe_sent is False
    assert NAME not in names(bank.root / "in")
    for key in fault:
        setattr(bank.faults, key, None)
    put(sftp)
    assert (bank.root / "in" / NAME).read_bytes() == BODY


def test_a_hole_left_by_one_failed_write_is_noticed_though_the_size_is_right(bank: Any, sftp: SftpTransport) -> None:
    bank.faults.fail_write_at = 40_000
    with pytest.raises(TransportFault, match="input/output error") as caught:
        put(sftp)
    assert caught.value.maybe_sent is False


@pytest.mark.parametrize(
    ("fault", "arrived"), [("drop_before_rename", False), ("drop_after_rename", True), ("stall_after_rename", True)]
)
def test_silence_after_the_rename_request_is_maybe_sent(
    bank: Any, sftp: SftpTransport, fault: str, arrived: bool
) -> None:
    setattr(bank.faults, fault, True)
    with pytest.raises(TransportFault) as caught:
        put(sftp)
    assert caught.value.maybe_sent is True
    setattr(bank.faults, fault, False)
    assert (sftp.find("/in", NAME) is not None) is arrived


def test_without_posix_rename_the_plain_one_is_used(bank: Any, sftp: SftpTransport) -> None:
    bank.faults.refuse_posix_rename = True
    put(sftp)
    assert bank.faults.calls == ["posix_rename", "rename"]
    assert names(bank.root / "in") == [NAME]


def test_a_server_that_refuses_both_renames_has_nothing(bank: Any, sftp: SftpTransport) -> None:
    bank.faults.refuse_posix_rename = bank.faults.refuse_rename = True
    with pytest.raises(TransportFault, match="must allow renaming") as caught:
        put(sftp)
    assert caught.value.maybe_sent is False


@pytest.mark.parametrize("declared", [len(BODY) - 1, len(BODY) + 1])
def test_a_body_of_another_size_than_declared_is_not_delivered(bank: Any, sftp: SftpTransport, declared: int) -> None:
    with pytest.raises(TransportFault) as caught:
        sftp.put("/in", NAME, chunks(BODY), declared)
    assert caught.value.maybe_sent is False
    assert NAME not in names(bank.root / "in")


def test_another_host_key_is_refused_before_login_and_both_fingerprints_are_named(bank: Any) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519")
    transport = bank.transport(host_keys=(other.export_public_key().decode(),))
    with pytest.raises(Misconfigured) as caught:
        put(transport)
    message = str(caught.value)
    assert bank.host_key.get_fingerprint() in message
    assert other.get_fingerprint() in message
    assert "host_keys" in message
    assert bank.logins == []


def test_a_host_key_of_another_kind_is_refused_and_named_too(bank: Any) -> None:
    other = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
    with pytest.raises(Misconfigured, match="shows host key ssh-ed25519 SHA256:"):
        put(bank.transport(host_keys=(other.export_public_key().decode(),)))
    assert bank.logins == []


def test_any_of_several_pinned_keys_will_do_so_that_a_bank_can_rotate(bank: Any) -> None:
    upcoming = asyncssh.generate_private_key("ecdsa-sha2-nistp256").export_public_key().decode()
    transport = bank.transport(host_keys=(upcoming, bank.host_key_line))
    put(transport)
    transport.close()


def test_a_login_key_that_the_bank_does_not_know_is_misconfigured(bank: Any) -> None:
    stranger = asyncssh.generate_private_key("ssh-ed25519").export_private_key("pkcs8-pem")
    with pytest.raises(Misconfigured, match="must register this public key"):
        put(SftpTransport(bank.endpoint(), stranger))


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"])
@pytest.mark.parametrize("form", ["pkcs8-pem", "openssh"])
def test_every_kind_of_login_key_works(bank: Any, kind: str, form: str) -> None:
    bank.user_key = asyncssh.generate_private_key(kind)
    transport = bank.transport()
    put(transport)
    transport.close()


def test_nobody_listening_is_surely_not_sent(bank: Any) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(TransportFault, match="cannot connect") as caught:
            put(bank.transport(port=unused.getsockname()[1]))
    assert caught.value.maybe_sent is False
    assert not isinstance(caught.value, Misconfigured)


@pytest.mark.parametrize("greeting", [b"", b"SSH-2.0-", b"SSH-2.0-Silent\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_a_peer_that_is_silent_or_speaks_nonsense_ends_in_time(bank: Any, greeting: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=lambda: held.append(_greet(server, greeting)), daemon=True)
        held: list[socket.socket] = []
        thread.start()
        started = time.monotonic()
        with pytest.raises(TransportFault) as caught:
            put(bank.transport(port=server.getsockname()[1]))
        assert time.monotonic() - started < 5
        assert caught.value.maybe_sent is False
        thread.join(5)
        held[0].close()


def _greet(server: socket.socket, greeting: bytes) -> socket.socket:
    connection, _ = server.accept()
    connection.sendall(greeting)
    return connection


def test_a_listing_has_complete_files_only_oldest_first(bank: Any, sftp: SftpTransport) -> None:
    out = bank.root / "out"
    for age, name in (
        (10, "DRB1_2.txt"),
        (30, "DRB1_1.txt"),
        (20, "DRB1_1.txt.sig"),
        (40, ".DRB1_3.txt.part"),
        (40, "x.part"),
        (5, ".hidden"),
    ):
        (out / name).write_bytes(b"x" * age)
        os.utime(out / name, (1_790_000_000 - age, 1_790_000_000 - age))
    (out / "archive").mkdir()
    assert sftp.list("/out") == [
        RemoteFile("DRB1_1.txt", 30, 1_790_000_000 - 30),
        RemoteFile("DRB1_1.txt.sig", 20, 1_790_000_000 - 20),
        RemoteFile("DRB1_2.txt", 10, 1_790_000_000 - 10),
    ]


def test_a_name_in_another_encoding_does_not_hide_the_other_files(bank: Any, sftp: SftpTransport) -> None:
    (bank.root / "out" / "DRB1_1.txt").write_bytes(b"x")
    Path(os.fsdecode(os.fsencode(bank.root / "out") + b"/" + "回单.txt".encode("gbk"))).write_bytes(b"y")
    assert [file.name for file in sftp.list("/out")] == ["DRB1_1.txt"]


def test_a_directory_that_is_not_there_is_a_fault(sftp: SftpTransport) -> None:
    with pytest.raises(TransportFault, match="list /nowhere"):
        sftp.list("/nowhere")


def test_finding_nothing_is_none_and_the_connection_stays(bank: Any, sftp: SftpTransport) -> None:
    assert sftp.find("/out", "DRB1_1.txt") is None
    assert sftp.find("/out", "DRB1_1.txt") is None
    assert bank.connections == 1


def test_a_file_above_the_limit_is_not_read(bank: Any, sftp: SftpTransport) -> None:
    (bank.root / "out" / NAME).write_bytes(BODY)
    with pytest.raises(TransportFault, match="the limit is 299999"):
        list(sftp.get("/out", NAME, len(BODY) - 1))


def test_a_file_that_disappears_after_the_listing_is_a_fault(bank: Any, sftp: SftpTransport) -> None:
    (bank.root / "out" / NAME).write_bytes(BODY)
    assert len(sftp.list("/out")) == 1
    (bank.root / "out" / NAME).unlink()
    with pytest.raises(TransportFault, match="SFTP status 2"):
        list(sftp.get("/out", NAME, 1_000_000))


@pytest.mark.parametrize(
    "fault",
    [{"drop_read_at": 0}, {"drop_read_at": 150_000}, {"truncate_read_at": 150_000}, {"grow_after_read": True}],
    ids=str,
)
def test_a_broken_read_is_a_fault_and_the_next_read_is_whole(
    bank: Any, sftp: SftpTransport, fault: dict[str, Any]
) -> None:
    path = bank.root / "out" / NAME
    path.write_bytes(BODY)
    for key, value in fault.items():
        setattr(bank.faults, key, value)
    with pytest.raises(TransportFault) as caught:
        list(sftp.get("/out", NAME, 1_000_000))
    assert caught.value.maybe_sent is False
    for key in fault:
        setattr(bank.faults, key, None)
    assert b"".join(sftp.get("/out", NAME, 1_000_000)) == path.read_bytes()


@pytest.mark.parametrize("at_most", [1_000, 32_767])
def test_answers_shorter_than_asked_for_are_completed(bank: Any, sftp: SftpTransport, at_most: int) -> None:
    (bank.root / "out" / NAME).write_bytes(BODY)
    bank.faults.read_at_most = at_most
    assert b"".join(sftp.get("/out", NAME, 1_000_000)) == BODY


def test_other_calls_may_come_between_the_pieces_of_a_file(bank: Any, sftp: SftpTransport) -> None:
    body = os.urandom(4_000_000)
    (bank.root / "out" / NAME).write_bytes(body)
    pieces = []
    for piece in sftp.get("/out", NAME, 5_000_000):
        pieces.append(piece)
        assert len(sftp.list("/out")) == 1
    assert b"".join(pieces) == body
    assert max(map(len, pieces)) < 2_000_000
    assert bank.connections == 1


@pytest.mark.parametrize("name", ["", "../in/x", "a/b", ".hidden", "a\nb", "a\x00b"])
def test_a_name_that_is_not_plain_is_refused(sftp: SftpTransport, name: str) -> None:
    with pytest.raises(Misconfigured, match="cannot be a file name"):
        sftp.find("/out", name)


def test_openssh_takes_and_gives_files(openssh: Any) -> None:
    body = os.urandom(5_000_000)
    directory = str(openssh.root)
    openssh.transport.put(directory, NAME, chunks(body), len(body))
    assert names(openssh.root) == [NAME]
    assert [file.name for file in openssh.transport.list(directory)] == [NAME]
    assert b"".join(openssh.transport.get(directory, NAME, 5_000_000)) == body
    assert openssh.transport.find(directory, "absent.txt") is None
