"""Bank rural-fixed over a real SFTP connection, with paramiko as the gateway's side."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import paramiko
import pytest

from crypto.contract import SchemeParameters, SignatureInvalid
from crypto.keystore import Keystore
from crypto.signature_text import decode_signature, encode_signature

MESSAGE = "ABCDEFGH2345F0001"
SM2 = SchemeParameters("sm2-sm3")
ITEMS = [
    ("6217000000000000001", "张三", 10_000),
    ("6217000000000000002", "买买提·艾力", 20_050),
    ("62170003", "𠮷田", 1),
]


@pytest.fixture(scope="module")
def bank(start: Callable[..., Any]) -> Any:
    return start("bank-files")


class Gateway:
    """What the gateway does on this wire, in a few lines."""

    def __init__(self, keystore: Keystore, ready: dict[str, Any]):
        self._keystore, self._ready = keystore, ready

    @contextmanager
    def sftp(self, username: str = "gateway") -> Iterator[paramiko.SFTPClient]:
        key = paramiko.Ed25519Key.from_private_key(_text(self._keystore.ssh_key("rural-fixed-sftp-user")))
        transport = paramiko.Transport(("127.0.0.1", self._ready["port"]))
        transport.connect(username=username, pkey=key)
        host = transport.get_remote_server_key()
        assert f"{host.get_name()} {host.get_base64()}" == self._ready["host_key"]
        client = paramiko.SFTPClient.from_transport(transport)
        assert client is not None
        try:
            yield client
        finally:
            transport.close()

    def send(self, sftp: paramiko.SFTPClient, message_id: str, content: bytes, *, signed: bytes | None = None) -> None:
        signer = self._keystore.signer("gateway-sm2-sign", SM2)
        signer.update(content if signed is None else signed)
        name = f"/in/DF{message_id}.txt"
        for suffix, octets in ((".sig", encode_signature(signer.signature(), "base64")), ("", content)):
            with sftp.open(f"/in/.{message_id}.part", "wb") as file:
                file.write(octets)
            sftp.posix_rename(f"/in/.{message_id}.part", name + suffix)

    def fetch(self, sftp: paramiko.SFTPClient, path: str) -> list[bytes]:
        """The verified file's lines."""
        content, signature = (sftp.open(path + suffix).read() for suffix in ("", ".sig"))
        verifier = self._keystore.verifier("rural-fixed-sm2-verify", SM2)
        verifier.update(content)
        verifier.verify(decode_signature(signature, "base64"))
        assert content.endswith(b"\r\n")
        return content.split(b"\r\n")[:-1]


def _text(octets: bytes) -> io.StringIO:
    return io.StringIO(octets.decode("ascii"))


def test_pays_acknowledges_and_reports_results_and_returns(
    bank: Any, keystore: Keystore, instruction: Callable[..., bytes]
) -> None:
    bank.play(
        """
        rules:
          - {match: {name: 买买提·艾力}, action: {do: failed, code: "0037", text: 户名不符}}
          - {match: {account: "62170003"}, action: {do: returned-late, seconds: 0.2, code: "0009", text: 已销户}}
        """
    )
    gateway = Gateway(keystore, bank.ready)
    with gateway.sftp() as sftp:
        gateway.send(sftp, MESSAGE, instruction(MESSAGE, ITEMS))
        bank.until(lambda: f"DT{MESSAGE}_001.txt" in sftp.listdir("/out"))
        assert gateway.fetch(sftp, f"/ack/DA{MESSAGE}.txt") == [b"H01ABCDEFGH2345F0001202603020000" + b" " * 60]
        head, *details, tail = gateway.fetch(sftp, f"/out/DR{MESSAGE}_001.txt")
        assert head == b"H01ABCDEFGH2345F0001R2026030200000003000000000000030051"
        assert tail == b"T00000003000000000000030051"
        assert details[0] == (
            b"D00000001ABCDEFGH234500000000"
            + b"6217000000000000001".ljust(32)
            + b"0000000000100000"
            + b" " * 64
            + b"92ABCDEFGH234500000000".ljust(24)
            + b"20260303"
        )
        assert details[1][76:81] == b"10037"
        assert details[1][81:141].decode("gb18030").rstrip() == "户名不符"
        assert details[1][-8:] == b" " * 8
        back = gateway.fetch(sftp, f"/out/DT{MESSAGE}_001.txt")
        assert back[0] == b"H01ABCDEFGH2345F0001B2026030200000001000000000000000001"
        assert back[1][76:81] == b"30009"
    told = bank.told("/control/ledger")
    assert (told["credited"], told["credited_fen"], told["returned"], told["returned_fen"]) == (2, 10_001, 1, 1)
    assert told["duplicates_paid"] == 0
    lines = [json.loads(line) for line in bank.call("GET", "/control/ledger/items")[1].splitlines()]
    assert [line["times"] for line in lines] == [1, 0, 1]


def test_same_file_again_pays_nothing_and_never_with_other_content(
    bank: Any, keystore: Keystore, instruction: Callable[..., bytes]
) -> None:
    bank.play("seed: 1")
    message, gateway = "SAMEAGAIN234F0001", Gateway(keystore, bank.ready)
    content = instruction(message, ITEMS)
    with gateway.sftp() as sftp:
        gateway.send(sftp, message, content)
        bank.until(lambda: f"DR{message}_001.txt" in sftp.listdir("/out"))
        before = bank.told("/control/ledger")
        gateway.send(sftp, message, content)
        with pytest.raises(OSError, match="other content is booked"):
            gateway.send(sftp, message, instruction(message, ITEMS[:1]))
        with pytest.raises(OSError, match="cannot be changed"):
            sftp.open(f"/in/DF{message}.txt", "wb")
        bank.until(lambda: bank.told("/control/pending")["receiving"] == 0)
        assert [name for name in sftp.listdir("/out") if message in name and name.endswith("_002.txt")] == []
    assert bank.told("/control/ledger") == before


def test_refuses_bad_signature_totals_and_everything_outside_in(
    bank: Any, keystore: Keystore, instruction: Callable[..., bytes]
) -> None:
    first, second, gateway = "REFUSED12345F0001", "REFUSED12345F0002", Gateway(keystore, bank.ready)
    wrong_sum = instruction(first, ITEMS).replace(b"T00000003000000000000030051", b"T00000003000000000000030052")
    credited = bank.told("/control/ledger")["credited"]
    with gateway.sftp() as sftp:
        gateway.send(sftp, first, wrong_sum)
        gateway.send(sftp, second, instruction(second, ITEMS), signed=b"something else")
        bank.until(lambda: {f"DA{first}.txt", f"DA{second}.txt"} <= set(sftp.listdir("/ack")))
        assert gateway.fetch(sftp, f"/ack/DA{first}.txt")[0][28:32] == b"9004"
        assert gateway.fetch(sftp, f"/ack/DA{second}.txt")[0][28:32] == b"9002"
        for forbidden in (
            lambda: sftp.mkdir("/in/x"),
            lambda: sftp.symlink("/etc", "/in/x"),
            lambda: sftp.open("/out/x", "wb"),
            lambda: sftp.remove(f"/ack/DA{first}.txt"),
            lambda: sftp.open("/in/../../../etc/passwd"),
        ):
            with pytest.raises(OSError):
                forbidden()
    assert bank.told("/control/ledger")["credited"] == credited
    with pytest.raises(paramiko.SSHException), gateway.sftp("root"):
        pass


def test_damaged_results_are_damaged_as_scripted_and_repaired(
    bank: Any, keystore: Keystore, instruction: Callable[..., bytes]
) -> None:
    gateway = Gateway(keystore, bank.ready)
    damages = [
        "truncated",
        "bad-signature",
        "missing-signature",
        "garbled",
        "wrong-amount",
        "unknown-item",
        "wrong-total",
    ]
    bank.play(
        "files:"
        + "".join(
            f"\n  - {{match: {{ends_with: F000{n}}}, effects: [{{do: spoil-result, how: {how}, repair_after: 0.8}}]}}"
            for n, how in enumerate(damages)
        )
    )
    messages = [f"DAMAGED12345F000{n}" for n in range(len(damages))]
    with gateway.sftp() as sftp:
        half = f"/out/DR{messages[0]}_001.txt"
        gateway.send(sftp, messages[0], instruction(messages[0], ITEMS))
        bank.until(lambda: half[5:] in sftp.listdir("/out"))
        assert sftp.stat(half).st_size == 305  # of 57 + 3 * 175 + 29
        for message in messages[1:]:
            gateway.send(sftp, message, instruction(message, ITEMS))
        bank.until(lambda: {f"DR{message}_002.txt" for message in messages[1:]} <= set(sftp.listdir("/out")))
        bank.until(lambda: sftp.stat(half).st_size == 611)
        for message in messages:
            part = 1 if message == messages[0] else 2
            assert len(gateway.fetch(sftp, f"/out/DR{message}_{part:03d}.txt")) == 5
        with pytest.raises(SignatureInvalid):
            gateway.fetch(sftp, f"/out/DR{messages[1]}_001.txt")
        assert f"DR{messages[2]}_001.txt.sig" not in sftp.listdir("/out")
        with pytest.raises(UnicodeDecodeError):
            b"".join(gateway.fetch(sftp, f"/out/DR{messages[3]}_001.txt")).decode("gb18030")
        assert gateway.fetch(sftp, f"/out/DR{messages[4]}_001.txt")[1][61:76] == b"000000000010001"
        assert gateway.fetch(sftp, f"/out/DR{messages[5]}_001.txt")[1][9:29] == b"DAMAGED1234599999999"
        assert gateway.fetch(sftp, f"/out/DR{messages[6]}_001.txt")[-1] == b"T00000003000000000000030052"


def test_offline_refuses_connections_for_a_while(bank: Any, keystore: Keystore) -> None:
    gateway = Gateway(keystore, bank.ready)
    assert bank.call("POST", "/control/offline", '{"seconds": 60}')[0] == 200
    with pytest.raises((paramiko.SSHException, EOFError, OSError)), gateway.sftp():
        pass
    bank.call("POST", "/control/offline", '{"seconds": 0}')
    with gateway.sftp() as sftp:
        assert sorted(sftp.listdir("/")) == ["ack", "in", "out"]
    for unplayable in (
        "rules: [{match: {share: 2}, action: {do: paid}}]",
        "rules: [{match: {share: 0.1}, action: {do: failed, code: ABCDE}}]",
    ):
        assert bank.call("POST", "/control/script", unplayable)[0] == 400


def test_held_results_are_prepared_and_come_after_a_restart(
    start: Callable[..., Any], bank: Any, keystore: Keystore, instruction: Callable[..., bytes]
) -> None:
    bank.play("seed: 1")
    bank.call("POST", "/control/hold")
    message, gateway = "HELDRESULT34F0001", Gateway(keystore, bank.ready)
    with gateway.sftp() as sftp:
        gateway.send(sftp, message, instruction(message, ITEMS))
        bank.until(lambda: bank.told("/control/pending")["prepared"] == 1)
        bank.until(lambda: f"DA{message}.txt" in sftp.listdir("/ack"))
        assert f"DR{message}_001.txt" not in sftp.listdir("/out")
    books = bank.told("/control/ledger")
    bank.stop()
    again = start("bank-files", "seed: 1", bank.state)
    with Gateway(keystore, again.ready).sftp() as sftp:
        again.until(lambda: f"DR{message}_001.txt" in sftp.listdir("/out"))
    assert again.told("/control/ledger") == books
