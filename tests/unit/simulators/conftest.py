"""Simulators as their users meet them: own processes, real sockets; and a tiny independent instruction writer."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from crypto.keystore import Keystore
from messages.layout.file import compiled
from messages.layout.model import Layout
from messages.layout.vocabulary import MessageName
from simulators.keys import create_demo_keys


@dataclass
class Started:
    """One simulator process and what it announced."""

    process: subprocess.Popen[bytes]
    ready: dict[str, Any]
    state: Path

    def call(self, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        """One call of the control interface."""
        url = f"http://127.0.0.1:{self.ready['control_port']}{path}"
        data = body.encode() if body is not None else (b"" if method == "POST" else None)
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data, method=method), timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def told(self, path: str) -> Any:
        """JSON of a control path."""
        return json.loads(self.call("GET", path)[1])

    def until(self, condition: Callable[[], Any], seconds: float = 10) -> Any:
        """Wait for something that the simulator does by itself."""
        end = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < end, "the simulator did not do it in time"
            time.sleep(0.02)
        return found

    def play(self, script: str) -> None:
        """Another script from now on."""
        status, answer = self.call("POST", "/control/script", script)
        assert status == 200, answer

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("keys")
    create_demo_keys(directory)
    return directory


@pytest.fixture(scope="module")
def start(keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Started]]:
    running: list[Started] = []

    def begin(kind: str, script: str = "seed: 1", state: Path | None = None) -> Started:
        folder = tmp_path_factory.mktemp(kind)
        (folder / "script.yaml").write_text(script, "utf-8")
        state = state or folder / "state"
        command = [sys.executable, "-m", "simulators.cli", kind, "--keys", str(keys), "--json"]
        command += ["--script", str(folder / "script.yaml")] + ([] if kind == "platform" else ["--state", str(state)])
        process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3])
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, "the simulator did not start"
        running.append(Started(process, json.loads(line), state))
        return running[-1]

    yield begin
    for simulator in running:
        if simulator.process.poll() is None:
            simulator.stop()


@pytest.fixture(scope="session")
def keystore(keys: Path) -> Keystore:
    return Keystore.open(keys / "gateway/keystore.json", (keys / "gateway/passphrase").read_text())


def _padded(text: str, width: int) -> bytes:
    return text.encode("gb18030").ljust(width)


@pytest.fixture
def instruction() -> Callable[..., bytes]:
    """Writes an instruction file field by field from the record table; items are (account, name, fen)."""

    def write(message_id: str, items: list[tuple[str, str, int]]) -> bytes:
        total = sum(fen for _, _, fen in items)
        lines = [
            b"H01"
            + message_id.encode()
            + b"2026030220260303"
            + _padded("GD-001", 20)
            + _padded("耕地地力保护补贴", 60)
            + _padded("PZ2026-1", 30)
            + _padded("3000123456", 32)
            + b"402731000018"
            + f"{len(items):08d}{total:018d}".encode()
        ]
        for number, (account, name, fen) in enumerate(items, 1):
            lines.append(
                f"D{number:08d}{message_id[:12]}{number - 1:08d}1".encode()
                + _padded(name, 120)
                + b"01"
                + _padded("11010519491231002X", 20)
                + _padded(account, 32)
                + b"1402731000018"
                + f"{fen:015d}".encode()
                + _padded("", 60)
            )
        lines.append(f"T{len(items):08d}{total:018d}".encode())
        return b"\r\n".join(lines) + b"\r\n"

    return write


class Writer:
    """What the gateway writes in any bank's layout, from the layout itself."""

    message_id, day, at = "ABCDEFGH2345F0001", date(2026, 3, 3), datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

    def items(self, count: int = 3) -> pl.DataFrame:
        made = {
            "reference": [f"{self.message_id[:12]}{n:08d}" for n in range(count)],
            "account": [f"62170000{n:08d}" for n in range(count)],
            "amount_fen": [10_000 + n for n in range(count)],
        }
        constant = {
            "item_id": "1",
            "name": "阿·力",
            "payee_kind": "PERSON",
            "id_type": "RESIDENT_ID",
            "id_number": "653121198803214027",
            "account_kind": "BANK_CARD",
            "bank_code": "402738090017",
            "mobile": "13900000000",
            "address": "楚雄",
            "remark": "春耕",
        }
        return pl.DataFrame(made).with_columns(pl.lit(value).alias(name) for name, value in constant.items())

    def instruction(self, layout: Layout, encoding: str, rows: pl.DataFrame) -> bytes:
        head = {
            "message_id": self.message_id,
            "created_on": self.at.date(),
            "created_at": self.at,
            "requested_on": self.day,
            "batch_no": "B1",
            "project_code": "P1",
            "policy_name": "耕地地力保护补贴",
            "voucher_no": "PZ1",
            "debtor_name": "农业农村局",
            "debtor_account": "24039001040012345",
            "debtor_bank_code": "402738090017",
            "rows": rows.height,
            "total_fen": int(rows["amount_fen"].sum()),
        }
        return b"".join(compiled(layout, MessageName.INSTRUCTION, encoding).build(head, [rows]))

    def inquiry(self, layout: Layout, encoding: str) -> bytes:
        head = {
            "inquiry_id": "Q1",
            "original_message_id": self.message_id,
            "debtor_account": "24039001040012345",
            "created_on": self.at.date(),
            "created_at": self.at,
            "requested_on": self.day,
            "rows": 0,
            "total_fen": 0,
        }
        return b"".join(compiled(layout, MessageName.INQUIRY, encoding).build(head, []))


@pytest.fixture(scope="session")
def gateway_writes() -> Writer:
    return Writer()
