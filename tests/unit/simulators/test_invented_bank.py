"""A bank that nobody has heard of, added by data alone, has a simulator at once: over its own wire, in its own words."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from crypto.contract import SchemeParameters, SignatureInvalid
from crypto.keystore import Keystore
from crypto.signature_text import decode_signature, encode_signature
from messages.framing.framing import framer
from messages.layout.file import ParsedFile, compiled
from messages.layout.positions import ConfigurationRefused
from messages.layout.reader import read_layout
from messages.layout.vocabulary import MessageName
from simulators.control_client import ControlRefused, ask
from simulators.declaration import read_bank
from simulators.keys import add_bank_keys, create_demo_keys
from simulators.seals_xml import XmlElementSeal

ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "config"
MESSAGE, ENCODING = "ABCDEFGH2345F0001", "gbk"
FRAMING = framer("flag-length-6")
RSA = SchemeParameters("rsa-pkcs1-sha256")
POSTED = """\
transport:
  kind: https
  base_url: https://127.0.0.1:9999
  submit_path: /hill/post
  client_certificate: hill-post-tls-client
  trusted_ca: hill-post-ca
"""
SCRIPT = 'rules: [{match: {account: "6217000000000001"}, action: {do: failed, code: NAME_MISMATCH}}]'


@pytest.fixture(scope="module")
def invented(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration of two banks of one layout: hill-town on a closed line, hill-post where messages are posted."""
    config = tmp_path_factory.mktemp("config")
    renamed = {
        "agri-tcp": "hill-town",
        "root: ap\n": "root: hill\n",
        "0389,RJ02": "0389,H777",
        "file:0404": "file:0999",
    }
    for part in ("banks", "layouts", "codes"):
        (config / part).mkdir()
        for path in (SHIPPED / part).glob("agri-tcp.*"):
            text = path.read_text("utf-8")
            for old, new in renamed.items():
                text = text.replace(old, new)
            (config / part / path.name.replace("agri-tcp", "hill-town")).write_text(text, "utf-8")
    profile = (config / "banks/hill-town.yaml").read_text("utf-8")
    before, _, after = profile.partition("transport:")
    security = after[after.index("security:") :].replace("hill-town-verify", "hill-post-verify")
    posted = before.replace("bank: hill-town", "bank: hill-post") + POSTED + security.replace("xml-element", "detached")
    (config / "banks/hill-post.yaml").write_text(posted, "utf-8")
    return config


class Signer:
    """The gateway's signatures to one bank."""

    def __init__(self, keystore: Keystore, bank: str):
        self._keystore, self._bank = keystore, bank

    def sign(self, content: bytes) -> bytes:
        signer = self._keystore.signer("gateway-rsa-sign", RSA)
        signer.update(content)
        return encode_signature(signer.signature(), "base64")

    def is_genuine(self, content: bytes, signature: bytes) -> bool:
        verifier = self._keystore.verifier(f"{self._bank}-verify", RSA)
        verifier.update(content)
        try:
            verifier.verify(decode_signature(signature, "base64"))
        except SignatureInvalid:
            return False
        return True


class Line:
    """Framed messages, signed inside."""

    def __init__(self, signer: Signer, port: int):
        self._seal = XmlElementSeal(signer, "Sign")
        self._line = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._decoder = FRAMING.decoder(1_000_000)

    def call(self, body: bytes, how: str | None = None) -> bytes | None:
        """The bank's answer, verified; null where it hangs up."""
        content, _ = self._seal.close(MESSAGE, body, how)
        self._line.sendall(FRAMING.encode(content))
        with suppress(ConnectionResetError):
            while octets := self._line.recv(65_536):
                for frame in self._decoder.feed(octets):
                    return self._seal.open(frame.body, None)
        return None


class Post:
    """Posted messages, signed in a header."""

    def __init__(self, signer: Signer, keystore: Keystore, port: int, folder: Path):
        self._signer, self._port = signer, port
        certificate, key = keystore.tls_identity("hill-post-tls-client")
        (folder / "client.pem").write_bytes(certificate + key)
        trusted = b"".join(keystore.trusted_certificates("hill-post-ca")).decode("ascii")
        self._context = ssl.create_default_context(cadata=trusted)
        self._context.load_cert_chain(folder / "client.pem")

    def send(self, body: bytes, signed: bytes | None = None) -> http.client.HTTPSConnection:
        """Post, and do not wait for anything."""
        connection = http.client.HTTPSConnection("127.0.0.1", self._port, timeout=10, context=self._context)
        signature = self._signer.sign(body if signed is None else signed).decode("ascii")
        connection.request("POST", "/hill/post", body, {"X-Signature": signature, "Content-Type": "application/xml"})
        return connection

    def call(self, body: bytes, signed: bytes | None = None) -> tuple[int, bytes]:
        """Status and, where it is 200, the verified content."""
        answer = self.send(body, signed).getresponse()
        content = answer.read()
        if answer.status == 200:
            assert self._signer.is_genuine(content, answer.headers["X-Signature"].encode("ascii"))
        return answer.status, content


@pytest.fixture(scope="module")
def directory(invented: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys made before the banks were thought of, then their own."""
    directory = tmp_path_factory.mktemp("town")
    (directory / "nobody/banks").mkdir(parents=True)
    create_demo_keys(directory / "keys", config=directory / "nobody")
    add_bank_keys(directory / "keys", invented)
    (directory / "script.yaml").write_text(SCRIPT)
    return directory


@pytest.fixture(scope="module")
def keystore(directory: Path) -> Keystore:
    folder = directory / "keys/gateway"
    return Keystore.open(folder / "keystore.json", (folder / "passphrase").read_text())


def _run(invented: Path, directory: Path, bank: str) -> Iterator[dict[str, Any]]:
    given = {"config": invented, "keys": directory / "keys", "state": directory / bank}
    given["script"] = directory / "script.yaml"
    command = [sys.executable, "-m", "simulators.cli", "bank", bank, "--json"]
    command += [word for name, value in given.items() for word in (f"--{name}", str(value))]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "the simulator did not start"
    yield json.loads(line)
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="module")
def town(invented: Path, directory: Path) -> Iterator[dict[str, Any]]:
    yield from _run(invented, directory, "hill-town")


@pytest.fixture(scope="module")
def post(invented: Path, directory: Path) -> Iterator[dict[str, Any]]:
    yield from _run(invented, directory, "hill-post")


def told(ready: dict[str, Any], *words: str) -> Any:
    """What the control interface says."""
    return json.loads(ask(ready["control_port"], words[0], words[1] if len(words) > 1 else None))


def read(invented: Path, name: MessageName, content: bytes | None) -> ParsedFile:
    assert content is not None
    return compiled(read_layout(invented / "layouts/hill-town.yaml"), name, ENCODING).parse([content])


@pytest.fixture(scope="module")
def written(invented: Path, gateway_writes: Any) -> Callable[[str], bytes]:
    layout = read_layout(invented / "layouts/hill-town.yaml")
    order = gateway_writes.instruction(layout, ENCODING, gateway_writes.items())
    return lambda what: order if what == "order" else gateway_writes.inquiry(layout, ENCODING)


def said(parsed: ParsedFile) -> dict[str, tuple[str, str | None]]:
    (block,) = parsed.blocks
    words = zip(block["status_raw"], block["reason_raw"], strict=True)
    return dict(zip(block["reference"].str.tail(1), words, strict=True))


PAID = {"0": ("0000", None), "1": ("0389", "H777"), "2": ("0000", None)}


def test_an_invented_bank_pays_over_its_own_line(town: Any, keystore: Keystore, invented: Path, written: Any) -> None:
    line = Line(Signer(keystore, "hill-town"), town["port"])
    unknown = read(invented, MessageName.RESULT, line.call(written("inquiry")))
    assert unknown.head["group_status_raw"] == "0401"
    told(town, "clock", "stop")
    answer = line.call(written("order"))
    head = read(invented, MessageName.ACKNOWLEDGEMENT, answer).head
    assert (head["group_status_raw"], head["original_message_id"]) == ("0000", MESSAGE)
    assert line.call(written("order")) == answer
    assert told(town, "clock", "1")["stopped"]
    assert said(read(invented, MessageName.RESULT, line.call(written("inquiry")))) == PAID
    assert told(town, "ledger")["credited"] == 2


def test_what_is_forged_or_cannot_be_read_is_met_with_silence(town: Any, keystore: Keystore, written: Any) -> None:
    signer = Signer(keystore, "hill-town")
    assert Line(signer, town["port"]).call(written("order"), "bad-signature") is None
    assert Line(signer, town["port"]).call(written("order").replace(b"<TotalNum>3", b"<TotalNum>4")) is None


def test_messages_can_be_posted(post: Any, keystore: Keystore, invented: Path, written: Any, tmp_path: Path) -> None:
    gateway = Post(Signer(keystore, "hill-post"), keystore, post["port"], tmp_path)
    assert gateway.call(written("order"), b"something else")[0] == 401
    assert told(post, "ledger")["instructions_seen"] == 0
    gateway.send(written("order")).close()  # hangs up before anything is said
    while told(post, "pending")["receiving"] or not told(post, "ledger")["instructions"]:
        pass
    status, content = gateway.call(written("inquiry"))
    assert (status, said(read(invented, MessageName.RESULT, content))) == (200, PAID)
    other = written("order").replace(b"<Postscript>", b"<Postscript>1", 1)
    assert gateway.call(other)[0] == 409
    status, content = gateway.call(written("order"))
    assert read(invented, MessageName.ACKNOWLEDGEMENT, content).head["group_status_raw"] == "0000"
    assert told(post, "ledger")["credited"] == 2


def test_control_says_what_it_does_not_do(town: Any) -> None:
    command = [sys.executable, "-m", "simulators.cli", "control", str(town["control_port"])]
    assert json.loads(subprocess.run([*command, "pending"], capture_output=True, cwd=ROOT).stdout)["held"] is False
    refused = subprocess.run([*command, "dance"], capture_output=True, text=True, cwd=ROOT)
    assert (refused.returncode, refused.stdout, len(refused.stderr.splitlines())) == (1, "", 1)
    for words in (("clock", "soon"), ("clock", "-1"), ("offline", None), ("script", None)):
        with pytest.raises(ControlRefused):
            ask(town["control_port"], *words)
    with pytest.raises(OSError):
        ask(town["control_port"], "script", "no-such-file")


@pytest.mark.parametrize(
    ("part", "old", "new", "word"),
    [
        ("banks/hill-town.yaml", "kind: tcp", "kind: pigeon", "transport.kind"),
        ("banks/hill-town.yaml", "code_table: hill-town", "", "code_table"),
        ("layouts/hill-town.yaml", "form: record-xml", "form: woodcut", "form"),
        ("codes/hill-town.csv", "outcome", "upshot", "columns of a code table"),
    ],
)
def test_a_bank_that_cannot_be_read_is_refused_by_its_place(
    invented: Path, tmp_path: Path, part: str, old: str, new: str, word: str
) -> None:
    config = tmp_path / "config"
    shutil.copytree(invented, config)
    text = (config / part).read_text("utf-8")
    assert old in text
    (config / part).write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises((ConfigurationRefused, ValueError), match=word) as refused:
        read_bank(config, "hill-town")
    assert Path(part).name in str(refused.value)


def test_choices_with_a_word_that_is_none_are_refused(invented: Path, tmp_path: Path) -> None:
    config = tmp_path / "config"
    shutil.copytree(invented, config)
    (config / "simulators/banks").mkdir(parents=True)
    (config / "simulators/banks/hill-town.yaml").write_text("refusals: {colour: '1'}")
    with pytest.raises(ConfigurationRefused, match=r"hill-town\.yaml:1"):
        read_bank(config, "hill-town")
