"""The server as the process it is: started with settings, killed in the middle, started again."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from adapters.profile_reader import read_editions
from crypto.generate import generate_key
from crypto.key_entry import KeyState, Purpose
from crypto.keystore import Keystore
from gateway.settings import SftpServerSettings
from gateway.sftp_serve import run
from gateway.transports.exchange_directory import ExchangeDirectory

CONFIG = Path(__file__).resolve().parents[4] / "config"
BANK = "village-delimited"
HOST_KEY_ALIAS = SftpServerSettings().host_keys[0]
SERVE = "import sys; from pathlib import Path; from gateway.sftp_serve import run; sys.exit(run(Path(sys.argv[1]), as_json=True))"


class Place:
    """Settings, keystore and configuration of one gateway with one bank that connects to it."""

    def __init__(self, root: Path):
        self.user_key = asyncssh.generate_private_key("ssh-ed25519")
        passphrase, keystore = root / "passphrase", root / "keystore.json"
        passphrase.touch(0o600)
        passphrase.write_text("correct horse battery")
        store = Keystore.create(keystore, "correct horse battery")
        host = generate_key("ed25519-ssh")
        self.host_key = asyncssh.import_public_key(host.public)
        store.add(HOST_KEY_ALIAS, Purpose.TRANSPORT, host, state=KeyState.ACTIVE)
        store.save()
        for name in ("layouts", "codes"):
            shutil.copytree(CONFIG / name, root / "config" / name)
        (root / "config" / "banks").mkdir()
        shutil.copy(CONFIG / "banks" / f"{BANK}.yaml", root / "config" / "banks")
        self.base, self.settings = root / "state" / "sftp", root / "gateway.toml"
        self.overrides = {BANK: {"user_keys": [self.user_key.export_public_key().decode().strip()]}}
        self.settings.write_text(
            f'config = "{root}/config"\nstate = "{root}/state"\n[keystore]\npath = "{keystore}"\n'
            f'passphrase_file = "{passphrase}"\n[sftp_server]\nport = 0\n'
            f"[bank_endpoints.{BANK}]\nuser_keys = {json.dumps(self.overrides[BANK]['user_keys'])}\n"
        )
        self.config = root / "config"

    def start(self) -> tuple[subprocess.Popen[str], int]:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(self.settings)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout is not None and process.stderr is not None
        line = process.stdout.readline()
        assert line, process.stderr.read()
        return process, int(json.loads(line)["port"])

    @property
    def files(self) -> ExchangeDirectory:
        endpoint: Any = read_editions(self.config / "banks", self.overrides)[BANK].all[0].transport
        return ExchangeDirectory(self.base, endpoint)

    async def connect(self, port: int) -> asyncssh.SSHClientConnection:
        known = ([self.host_key], [], [])
        return await asyncssh.connect(
            "127.0.0.1", port, username=BANK, client_keys=[self.user_key], known_hosts=known, config=None
        )


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    yield Place(tmp_path)


def test_killed_in_the_middle_of_an_upload_and_started_again(place: Place, elsewhere: Any) -> None:
    process, port = place.start()

    async def interrupted() -> None:
        async with await place.connect(port) as connection, connection.start_sftp_client() as sftp:
            async with sftp.open("/result/whole.txt", "wb") as file:
                await file.write(b"whole")
            half = await sftp.open("/result/half.txt", "wb")
            await half.write(b"half")
            process.kill()
            await connection.wait_closed()

    with suppress(asyncssh.Error, OSError):
        elsewhere(interrupted())
    process.wait(10)
    result = place.base / BANK / "result"
    assert [path.name for path in result.iterdir()] == ["whole.txt"]
    assert [file.name for file in place.files.list("/result")] == ["whole.txt"]
    process, port = place.start()
    assert list((place.base / BANK / ".upload").iterdir()) == []

    async def repeated() -> None:
        async with (
            await place.connect(port) as connection,
            connection.start_sftp_client() as sftp,
            sftp.open("/result/half.txt", "wb") as file,
        ):
            await file.write(b"now whole")

    elsewhere(repeated())
    assert b"".join(place.files.get("/result", "half.txt", 100)) == b"now whole"
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 0
    events = [json.loads(line)["event"] for line in errors.splitlines() if line.startswith("{")]
    assert events[:2] == ["sftp login", "sftp upload"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("[sftp_server]\nport = 0\n", ""), "no [sftp_server] section"),
        (("port = 0", 'port = 0\nhost_keys = ["other"]'), "no key alias 'other'"),
        (("port = 0", "port = 0\nshell = true"), "shell"),
        (('"ssh-ed25519 ', '"ssh-ed25519-x '), "user_keys"),
    ],
)
def test_what_is_wrong_with_the_settings_is_told_and_nothing_starts(
    place: Place, capsys: Any, change: tuple[str, str], why: str
) -> None:
    text = place.settings.read_text()
    assert change[0] in text
    place.settings.write_text(text.replace(*change))
    with ThreadPoolExecutor(1) as pool:  # the reactor has this thread's loop
        assert pool.submit(run, place.settings, as_json=True).result(30) == 2
    assert why in capsys.readouterr().err
