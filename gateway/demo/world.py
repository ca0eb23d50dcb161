"""The world of a demonstration: keys, simulators and one gateway as processes, everything in one directory."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

from gateway.demo.children import Child
from gateway.setup import config_directory

CLIENT = "platform"
SIMULATORS = ("bank-files", "bank-messages", "sms", "platform")
QUICK = {"first_after_seconds": "0.5", "every_seconds": "0.5", "return_watch_every_seconds": "0.5"}
"""Patience of days would outlast a demonstration: banks are asked and looked at every half second."""


SMS = """\
[sms]
base_url = "http://127.0.0.1:{port}"
client = "gateway"
"""


@dataclass(slots=True)
class World:
    """Started by ``with``; leaves no process behind."""

    directory: Path
    seed: int
    scripts: dict[str, str] = field(
        default_factory=dict
    )  # simulator -> config/simulators/<name>.yaml; without: all goes well
    patience: dict[str, str] = field(default_factory=lambda: dict(QUICK))
    notices: bool = True
    store_url: str = ""
    children: dict[str, Child] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> World:
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def settings_file(self) -> Path:
        """The gateway's settings."""
        return self.directory / "gateway.toml"

    @property
    def gateway_url(self) -> str:
        """Where the API is."""
        return str(self.children["gateway"].ready["url"])

    def _start(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        _make_keys(self.directory / "keys")
        with ThreadPoolExecutor(len(SIMULATORS)) as together:
            list(together.map(self._simulator, SIMULATORS))
        _config(self.directory / "config", self.patience)
        self.settings_file.write_text(self._settings(), encoding="utf-8")
        self.start_gateway()

    def start_gateway(self) -> None:
        """Start the gateway, or start it again after ``kill_gateway``."""
        arguments = ["serve", "--settings", str(self.settings_file), "--json"]
        log = self.directory / "gateway.log"
        self.children["gateway"] = self._stack.enter_context(Child("gateway", "gateway.cli", arguments, log))

    def kill_gateway(self) -> None:
        """End the gateway as a power cut would."""
        self.children["gateway"].kill()

    def _simulator(self, name: str) -> None:
        arguments = [name, "--keys", str(self.directory / "keys"), "--json"]
        if name != "platform":
            arguments += ["--state", str(self.directory / name)]
        if name in self.scripts:
            script = config_directory() / "simulators" / f"{self.scripts[name]}.yaml"
            arguments += ["--script", str(script), "--seed", str(self.seed)]
        log = self.directory / f"{name}.log"
        self.children[name] = self._stack.enter_context(Child(name, "simulators.cli", arguments, log))

    def ask(self, name: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """A simulator's control interface: GET, or POST with ``body``."""
        self.children[name].require_alive()
        url = f"http://127.0.0.1:{self.children[name].ready['control_port']}/control/{path}"
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(url, data), timeout=60) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def _settings(self) -> str:
        ready = {name: child.ready for name, child in self.children.items()}
        key_id = (self.directory / "keys/platform/client-sign.keyid").read_text("ascii").strip()
        sms = SMS.format(port=ready["sms"]["port"]) if self.notices else ""
        return f"""\
node = "demo"
store_url = "{self.store_url}"
config = "{self.directory / "config"}"
state = "{self.directory / "data"}"
[keystore]
path = "{self.directory / "keys/gateway/keystore.json"}"
passphrase_file = "{self.directory / "keys/gateway/passphrase"}"
[api]
port = 0
tls = false
[clients.{CLIENT}]
webhook_url = "http://127.0.0.1:{ready["platform"]["port"]}/gateway-events"
key_ids = ["{key_id}"]
[bank_endpoints.rural-fixed]
port = {ready["bank-files"]["port"]}
host_keys = ["{ready["bank-files"]["host_key"]}"]
[bank_endpoints.city-iso]
base_url = "https://127.0.0.1:{ready["bank-messages"]["port"]}"
{sms}"""


def _make_keys(directory: Path) -> None:
    subprocess.run([sys.executable, "-m", "simulators.cli", "keys", str(directory)], check=True, capture_output=True)


def _config(directory: Path, patience: dict[str, str]) -> None:
    shutil.copytree(config_directory(), directory)
    for path in (directory / "banks").glob("*.yaml"):
        profile = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - scalars stay text
        profile["inquiry"] |= patience
        path.write_text(yaml.safe_dump(profile, allow_unicode=True), encoding="utf-8")
