"""Sending files: what arrives when the bank's server misbehaves, and what we say may have arrived."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from gateway.transports.contract import FileTransport, TransportFault

BODY = os.urandom(300_000)
NAME = "DFB2026112300000001.txt"


def chunks(body: bytes, step: int = 70_001) -> list[bytes]:
    return [body[start : start + step] for start in range(0, len(body), step)]


def put(sftp: FileTransport, body: bytes = BODY) -> None:
    sftp.put("/in", NAME, chunks(body), len(body))


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


@pytest.mark.parametrize("size", [0, 1, 32_768, 32_769, 300_000, 5_000_000])
def test_a_file_arrives_whole_under_its_final_name_and_comes_back(bank: Any, sftp: FileTransport, size: int) -> None:
    body = os.urandom(size)
    sftp.put("/in", NAME, chunks(body), size)
    assert names(bank.root / "in") == [NAME]
    assert (bank.root / "in" / NAME).read_bytes() == body
    assert b"".join(sftp.get("/in", NAME, 5_000_000)) == body


def test_one_connection_serves_many_calls_and_is_replaced_when_lost(bank: Any, sftp: FileTransport) -> None:
    put(sftp)
    assert sftp.find("/in", NAME) is not None
    assert bank.connections == 1
    sftp.close()
    assert sftp.find("/in", NAME) is not None
    assert bank.connections == 2


def test_a_partial_upload_of_an_earlier_attempt_is_overwritten(bank: Any, sftp: FileTransport) -> None:
    (bank.root / "in" / f".{NAME}.part").write_bytes(os.urandom(400_000))
    put(sftp)
    assert names(bank.root / "in") == [NAME]
    assert (bank.root / "in" / NAME).read_bytes() == BODY


def test_a_file_already_there_with_the_same_size_is_delivered_and_not_sent_again(
    bank: Any, sftp: FileTransport
) -> None:
    (bank.root / "in" / NAME).write_bytes(BODY)
    put(sftp)
    assert bank.faults.calls == []


def test_a_file_already_there_with_another_size_is_never_replaced(bank: Any, sftp: FileTransport) -> None:
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
def test_a_fault_before_the_rename_is_surely_not_sent(bank: Any, sftp: FileTransport, fault: dict[str, int]) -> None:
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


def test_a_hole_left_by_one_failed_write_is_noticed_though_the_size_is_right(bank: Any, sftp: FileTransport) -> None:
    bank.faults.fail_write_at = 40_000
    with pytest.raises(TransportFault, match="input/output error") as caught:
        put(sftp)
    assert caught.value.maybe_sent is False


@pytest.mark.parametrize(
    ("fault", "arrived"), [("drop_before_rename", False), ("drop_after_rename", True), ("stall_after_rename", True)]
)
def test_silence_after_the_rename_request_is_maybe_sent(
    bank: Any, sftp: FileTransport, fault: str, arrived: bool
) -> None:
    setattr(bank.faults, fault, True)
    with pytest.raises(TransportFault) as caught:
        put(sftp)
    assert caught.value.maybe_sent is True
    setattr(bank.faults, fault, False)
    assert (sftp.find("/in", NAME) is not None) is arrived


def test_without_posix_rename_the_plain_one_is_used(bank: Any, sftp: FileTransport) -> None:
    bank.faults.refuse_posix_rename = True
    put(sftp)
    assert bank.faults.calls == ["posix_rename", "rename"]
    assert names(bank.root / "in") == [NAME]


def test_a_server_that_refuses_both_renames_has_nothing(bank: Any, sftp: FileTransport) -> None:
    bank.faults.refuse_posix_rename = bank.faults.refuse_rename = True
    with pytest.raises(TransportFault, match="must allow renaming") as caught:
        put(sftp)
    assert caught.value.maybe_sent is False


@pytest.mark.parametrize("declared", [len(BODY) - 1, len(BODY) + 1])
def test_a_body_of_another_size_than_declared_is_not_delivered(bank: Any, sftp: FileTransport, declared: int) -> None:
    with pytest.raises(TransportFault) as caught:
        sftp.put("/in", NAME, chunks(BODY), declared)
    assert caught.value.maybe_sent is False
    assert NAME not in names(bank.root / "in")


def test_openssh_takes_and_gives_files(openssh: Any) -> None:
    body = os.urandom(5_000_000)
    directory = str(openssh.root)
    openssh.transport.put(directory, NAME, chunks(body), len(body))
    assert names(openssh.root) == [NAME]
    assert [file.name for file in openssh.transport.list(directory)] == [NAME]
    assert b"".join(openssh.transport.get(directory, NAME, 5_000_000)) == body
    assert openssh.transport.find(directory, "absent.txt") is None
