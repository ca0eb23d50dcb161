"""Fetching files: complete files only, whole or a fault."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from gateway.transports.contract import FileTransport, Misconfigured, RemoteFile, TransportFault

BODY = os.urandom(300_000)
NAME = "DFB2026112300000001.txt"


def test_a_listing_has_complete_files_only_oldest_first(bank: Any, sftp: FileTransport) -> None:
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


def test_a_name_in_another_encoding_does_not_hide_the_other_files(bank: Any, sftp: FileTransport) -> None:
    (bank.root / "out" / "DRB1_1.txt").write_bytes(b"x")
    Path(os.fsdecode(os.fsencode(bank.root / "out") + b"/" + "回单.txt".encode("gbk"))).write_bytes(b"y")
    assert [file.name for file in sftp.list("/out")] == ["DRB1_1.txt"]


def test_a_directory_that_is_not_there_is_a_fault(sftp: FileTransport) -> None:
    with pytest.raises(TransportFault, match="list /nowhere"):
        sftp.list("/nowhere")


def test_finding_nothing_is_none_and_the_connection_stays(bank: Any, sftp: FileTransport) -> None:
    assert sftp.find("/out", "DRB1_1.txt") is None
    assert sftp.find("/out", "DRB1_1.txt") is None
    assert bank.connections == 1


def test_a_file_above_the_limit_is_not_read(bank: Any, sftp: FileTransport) -> None:
    (bank.root / "out" / NAME).write_bytes(BODY)
    with pytest.raises(TransportFault, match="the limit is 299999"):
        list(sftp.get("/out", NAME, len(BODY) - 1))


def test_a_file_that_disappears_after_the_listing_is_a_fault(bank: Any, sftp: FileTransport) -> None:
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
    bank: Any, sftp: FileTransport, fault: dict[str, Any]
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
def test_answers_shorter_than_asked_for_are_completed(bank: Any, sftp: FileTransport, at_most: int) -> None:
    (bank.root / "out" / NAME).write_bytes(BODY)
    bank.faults.read_at_most = at_most
    assert b"".join(sftp.get("/out", NAME, 1_000_000)) == BODY


def test_other_calls_may_come_between_the_pieces_of_a_file(bank: Any, sftp: FileTransport) -> None:
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
def test_a_name_that_is_not_plain_is_refused(sftp: FileTransport, name: str) -> None:
    with pytest.raises(Misconfigured, match="cannot be a file name"):
        sftp.find("/out", name)
