"""A RabbitMQ of its own for tests and demonstrations: a real one, from Debian's package, that leaves nothing behind."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # the one in /usr/sbin insists on a user of its own
START_SECONDS = 90
STOP_SECONDS = 20
GREATEST_MESSAGE_BYTES = 32_000_000


class NoBroker(Exception):
    """RabbitMQ is not installed, or did not start; says what to do."""


@dataclass(frozen=True, slots=True)
class BrokerTls:
    """PEM files: clients are asked for a certificate of ``client_ca``."""

    certificate: Path  # with its chain
    key: Path
    client_ca: Path


@dataclass(slots=True)
class Broker:
    """One node under ``directory``, on free ports of this machine only; started by ``with`` or ``start``.

    Works for any user, root included. Its own port mapper (epmd) runs as a child, not as a daemon. ``kill`` and
    ``start`` again is a power cut: the same ports, what was durable is there again.
    """

    directory: Path
    tls: BrokerTls | None = None
    username: str = "gateway"
    password: str = field(default_factory=lambda: secrets.token_hex(16))
    port: int = field(default_factory=lambda: _free_port())
    tls_port: int = field(default_factory=lambda: _free_port())
    _mapper_port: int = field(default_factory=lambda: _free_port())
    _node_port: int = field(default_factory=lambda: _free_port())
    _node: subprocess.Popen[bytes] | None = None
    _mapper: subprocess.Popen[bytes] | None = None

    @staticmethod
    def missing() -> str | None:
        """Why there can be no broker here, or None."""
        if SERVER.exists() and shutil.which("epmd"):
            return None
        return f"RabbitMQ is not installed ({SERVER} or epmd is missing): apt-get install rabbitmq-server"

    def start(self) -> None:
        """Start, and wait until it takes connections (about 6 s); raises NoBroker."""
        why = self.missing()
        if why is not None:
            raise NoBroker(why)
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "rabbitmq.conf").write_text(self._configuration(), encoding="utf-8")
        (self.directory / "plugins").write_text("[].\n", encoding="utf-8")
        try:
            if self._mapper is None:
                self._mapper = self._child("epmd", ["epmd", "-port", str(self._mapper_port), "-address", "127.0.0.1"])
            self._node = self._child("rabbitmq", [str(SERVER)])
            self._await_ready(self._node)
        except BaseException:
            self.stop()
            raise

    def kill(self) -> None:
        """End it at once, as a power cut would; ``start`` begins again from what was durable."""
        if self._node is not None:
            self._node.kill()
            self._node.wait()
            self._node = None

    def stop(self) -> None:
        """Ask it to end; insist after a while."""
        for child in (self._node, self._mapper):
            if child is not None and child.poll() is None:
                child.terminate()
                try:
                    child.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()
        self._node = self._mapper = None

    def _child(self, name: str, command: list[str]) -> subprocess.Popen[bytes]:
        with (self.directory / f"{name}.out").open("ab") as out:
            return subprocess.Popen(
                command, env=self._environment(), stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
            )

    def _environment(self) -> dict[str, str]:
        home = str(self.directory)
        return {
            "PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
            "LANG": "C.UTF-8",
            "HOME": home,  # the Erlang cookie is made here
            "ERL_EPMD_PORT": str(self._mapper_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"gateway-{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(self._node_port),
            "RABBITMQ_MNESIA_BASE": f"{home}/data",
            "RABBITMQ_LOG_BASE": f"{home}/log",
            "RABBITMQ_CONFIG_FILE": f"{home}/rabbitmq",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{home}/plugins",
            "RABBITMQ_CONF_ENV_FILE": f"{home}/none",  # not the machine's own
            "RUNNING_UNDER_SYSTEMD": "true",  # the script then becomes the node: one process, which we can kill
        }

    def _configuration(self) -> str:
        lines = [
            f"listeners.tcp.1 = 127.0.0.1:{self.port}",
            f"default_user = {self.username}",
            f"default_pass = {self.password}",
            f"max_message_size = {GREATEST_MESSAGE_BYTES}",
            "vm_memory_high_watermark.absolute = 1GB",
            "disk_free_limit.absolute = 50MB",
        ]
        if self.tls is not None:
            lines += [
                f"listeners.ssl.1 = 127.0.0.1:{self.tls_port}",
                f"ssl_options.cacertfile = {self.tls.client_ca}",
                f"ssl_options.certfile = {self.tls.certificate}",
                f"ssl_options.keyfile = {self.tls.key}",
                "ssl_options.verify = verify_peer",
                "ssl_options.fail_if_no_peer_cert = true",
            ]
        return "\n".join(lines) + "\n"

    def _await_ready(self, node: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and node.poll() is None:
            if _listens(self.port):
                return
            time.sleep(0.05)
        raise NoBroker(f"RabbitMQ did not start: {self.last_words()}")

    def last_words(self) -> str:
        """The end of what it wrote."""
        log = self.directory / "rabbitmq.out"
        return log.read_text(encoding="utf-8", errors="replace")[-2000:] if log.exists() else ""

    def __enter__(self) -> Broker:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
