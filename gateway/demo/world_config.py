"""The configuration of a demonstration's world (演示配置): the shipped one, with only its banks and with quick patience."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from gateway.demo.children import Child
from gateway.setup import config_directory

QUICK = {"first_after_seconds": "0.5", "every_seconds": "0.5", "return_watch_every_seconds": "0.5"}
"""Patience of days would outlast a demonstration: banks are asked and looked at every half second."""

SMS = """\
[sms]
base_url = "http://127.0.0.1:{port}"
client = "gateway"
"""
SFTP_SERVER = """\
[sftp_server]
port = 0
"""


def shipped_banks() -> tuple[str, ...]:
    """Every bank that has a profile in the shipped configuration."""
    return tuple(sorted({path.stem.partition("@")[0] for path in (config_directory() / "banks").glob("*.yaml")}))


def write_config(
    directory: Path, banks: Iterable[str], patience: Mapping[str, str], source: Path | None = None
) -> dict[str, dict[str, Any]]:
    """Copy the configuration, the shipped one unless ``source`` is given; the profiles left in it, by bank, their scalars as text.

    A demonstration runs at any hour, so that nobody's window is closed; and only ``banks`` are there to be paid by.
    """
    shutil.copytree(source or config_directory(), directory)
    profiles: dict[str, dict[str, Any]] = {}
    for path in sorted((directory / "banks").glob("*.yaml")):
        if path.stem not in set(banks):
            path.unlink()
            continue
        profile = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - scalars stay text
        profile["inquiry"] |= patience
        profile.pop("hours", None)
        if "listen_port" in profile["transport"]:
            profile["transport"]["listen_port"] = str(_free_port())
        path.write_text(yaml.safe_dump(profile, allow_unicode=True), encoding="utf-8")
        profiles[path.stem] = profile
    return profiles


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def settings_text(
    directory: Path,
    children: Mapping[str, Child],
    profiles: Mapping[str, Mapping[str, Any]],
    broker_port: int | None,
    *,
    client: str,
    store_url: str,
    notices: bool,
) -> str:
    """The gateway's settings: where everybody is, and the keys of this world."""
    key_id = (directory / "keys/platform/client-sign.keyid").read_text("ascii").strip()
    kinds = {bank: str(profile["transport"]["kind"]) for bank, profile in profiles.items()}
    endpoints = "".join(
        _caller(directory, bank)
        if kind == "sftp-server"
        else _endpoint(bank, kind, children[bank].ready if kind != "amqp" else {"port": broker_port})
        for bank, kind in kinds.items()
    )
    return f"""\
node = "demo"
store_url = "{store_url}"
config = "{directory / "config"}"
state = "{directory / "data"}"
[keystore]
path = "{directory / "keys/gateway/keystore.json"}"
passphrase_file = "{directory / "keys/gateway/passphrase"}"
[api]
port = 0
tls = false
[clients.{client}]
webhook_url = "http://127.0.0.1:{children["platform"].ready["port"]}/gateway-events"
key_ids = ["{key_id}"]
{endpoints}{SFTP_SERVER if "sftp-server" in kinds.values() else ""}\
{SMS.format(port=children["sms"].ready["port"]) if notices else ""}"""


def _caller(directory: Path, bank: str) -> str:
    """A bank that connects to us: the key by which we know it in this world."""
    key = (directory / "keys" / bank / "ssh-user-key.pub").read_text("ascii").split()
    return f'[bank_endpoints.{bank}]\nuser_keys = ["{key[0]} {key[1]}"]\n'


def _endpoint(bank: str, kind: str, ready: Mapping[str, Any]) -> str:
    lines = [f"[bank_endpoints.{bank}]"]
    if kind == "https":
        lines.append(f'base_url = "https://127.0.0.1:{ready["port"]}"')
    else:
        lines += ['host = "127.0.0.1"', f"port = {ready['port']}"]
    if kind == "sftp":
        lines.append(f'host_keys = ["{ready["host_key"]}"]')
    return "\n".join(lines) + "\n"
