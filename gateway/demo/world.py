"""The world of a demonstration: keys, simulators, broker and one gateway as processes, everything in one directory."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from gateway.demo.broker import Broker, BrokerTls
from gateway.demo.children import Child
from gateway.demo.world_config import QUICK, settings_text, shipped_banks, write_config
from gateway.settings import Settings, read_settings
from gateway.setup import config_directory

__all__ = ["CLIENT", "QUICK", "TWO_BANKS", "World", "shipped_banks"]

CLIENT = "platform"
TWO_BANKS = ("rural-fixed", "city-iso")
"""One that exchanges files and one that exchanges messages: enough for most purposes."""
NEIGHBOURS = ("sms", "platform")


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
    banks: tuple[str, ...] = TWO_BANKS
    config: Path | None = None  # where the banks' profiles are; the shipped configuration unless given
    children: dict[str, Child] = field(default_factory=dict)
    _profiles: dict[str, dict[str, Any]] = field(default_factory=dict)
    _broker: Broker | None = None
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

    def settings(self) -> Settings:
        """As its gateway reads them: nothing that the environment says of another gateway."""
        return read_settings(self.settings_file, with_environment=False)

    @property
    def settings_file(self) -> Path:
        """The gateway's settings."""
        return self.directory / "gateway.toml"

    @property
    def gateway_url(self) -> str:
        """Where the API is."""
        return str(self.children["gateway"].ready["url"])

    @property
    def simulators(self) -> tuple[str, ...]:
        """Everybody on the other side of a wire: the banks by their names, the SMS provider, the platform."""
        return (*self.banks, *NEIGHBOURS)

    def _start(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self._profiles = write_config(self.directory / "config", self.banks, self.patience, self.config)
        _run_simulators("keys", str(self.directory / "keys"), "--config", str(self.directory / "config"))
        self._start_broker()
        callers = [bank for bank in self.banks if self._kind(bank) == "sftp-server"]
        self._together([name for name in self.simulators if name not in callers])
        self.settings_file.write_text(self._settings(), encoding="utf-8")
        if callers:
            arguments = ["sftp", "--settings", str(self.settings_file), "--json"]
            log = self.directory / "sftp.log"
            self.children["sftp"] = self._stack.enter_context(Child("sftp", "gateway.cli", arguments, log))
            self._together(callers)
        self.start_gateway()

    def _together(self, names: list[str]) -> None:
        with ThreadPoolExecutor(max(1, len(names))) as starting:
            list(starting.map(self._simulator, names))

    def _kind(self, bank: str) -> str:
        return str(self._profiles[bank]["transport"]["kind"])

    def _start_broker(self) -> None:
        """One broker for all banks on queues, with the certificates and the password of the first of them."""
        queued = [bank for bank in self.banks if self._kind(bank) == "amqp"]
        if not queued:
            return
        keys, wire = self.directory / "keys" / queued[0], self._profiles[queued[0]]["transport"]
        tls = None
        if "client_certificate" in wire:
            tls = BrokerTls(keys / "tls-server.pem", keys / "tls-server-key.pem", keys / "client-ca.pem")
        password = (keys / "amqp-password").read_text("utf-8").strip()
        self._broker = Broker(self.directory / "broker", tls, wire["username"], password)
        self._stack.callback(self._broker.stop)
        self._broker.start()

    @property
    def _broker_port(self) -> int | None:
        if self._broker is None:
            return None
        return self._broker.tls_port if self._broker.tls else self._broker.port

    def start_gateway(self) -> None:
        """Start the gateway, or start it again after ``kill_gateway``."""
        arguments = ["serve", "--settings", str(self.settings_file), "--json"]
        log = self.directory / "gateway.log"
        self.children["gateway"] = self._stack.enter_context(Child("gateway", "gateway.cli", arguments, log))

    def kill_gateway(self) -> None:
        """End the gateway as a power cut would."""
        self.children["gateway"].kill()

    def _simulator(self, name: str) -> None:
        arguments = [name] if name in NEIGHBOURS else ["bank", name, "--config", str(self.directory / "config")]
        arguments += ["--keys", str(self.directory / "keys"), "--json"]
        if name != "platform":
            arguments += ["--state", str(self.directory / name)]
        if name not in NEIGHBOURS:
            arguments += self._called(name)
        if name in self.scripts:
            script = config_directory() / "simulators" / f"{self.scripts[name]}.yaml"
            arguments += ["--script", str(script), "--seed", str(self.seed)]
        log = self.directory / f"{name}.log"
        self.children[name] = self._stack.enter_context(Child(name, "simulators.cli", arguments, log))

    def _called(self, bank: str) -> list[str]:
        """Where a bank that calls us, or a broker, finds whom it calls; the others choose a free port themselves."""
        ports = {"sftp-server": self.children["sftp"].ready["port"] if "sftp" in self.children else None}
        ports["amqp"] = self._broker_port
        port = ports.get(self._kind(bank))
        return [] if port is None else ["--host", "127.0.0.1", "--port", str(port)]

    def ask(self, name: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """A simulator's control interface: GET, or POST with ``body``."""
        self.children[name].require_alive()
        url = f"http://127.0.0.1:{self.children[name].ready['control_port']}/control/{path}"
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(url, data), timeout=60) as answer:  # nosec B310 - http, loopback
            found: dict[str, Any] = json.load(answer)
        return found

    def _settings(self) -> str:
        return settings_text(
            self.directory,
            self.children,
            self._profiles,
            self._broker_port,
            client=CLIENT,
            store_url=self.store_url,
            notices=self.notices,
        )


def _run_simulators(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "simulators.cli", *arguments], check=True, capture_output=True)
