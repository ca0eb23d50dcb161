"""The process that banks connect to over SFTP (内置 SFTP 服务进程): serve until SIGTERM or SIGINT.

A process of its own, so that transfers cannot hold up the rest. It shares nothing with the other processes but the
configuration, the keystore and the directories.
"""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
from functools import partial
from pathlib import Path

import structlog
from pydantic import ValidationError

from adapters.editions import Editions
from adapters.endpoints import SftpServerEndpoint
from adapters.profile_reader import read_editions
from crypto.contract import KeyUnusable
from crypto.keystore import Keystore
from gateway.clock import SystemClock, business_date
from gateway.settings import Settings, SftpServerSettings, read_settings
from gateway.transports.contract import Misconfigured
from gateway.transports.sftp_server import SftpServer, serve
from messages.layout.positions import ConfigurationRefused


def run(path: Path, *, as_json: bool) -> int:
    """Serve with the settings in ``path``; the exit status: 2 where something must be corrected first."""
    try:
        settings = read_settings(path)
        _log_to_stderr()
        asyncio.run(_until_told(settings, as_json=as_json))
    except (ValidationError, ConfigurationRefused, KeyUnusable, Misconfigured, OSError, ValueError) as refused:
        print(f"cannot start: {path}: {refused}", file=sys.stderr)
        return 2
    return 0


async def _until_told(settings: Settings, *, as_json: bool) -> None:
    if settings.sftp_server is None:
        raise Misconfigured(
            "there is no [sftp_server] section: add it with host and port, or do not start this process"
        )
    server = await start(settings, settings.sftp_server)
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    where = f"{settings.sftp_server.host}:{server.port}"
    print(json.dumps({"ready": True, "port": server.port}) if as_json else f"ready: sftp://{where}", flush=True)
    await told.wait()
    await server.close()


async def start(settings: Settings, section: SftpServerSettings) -> SftpServer:
    """The server for every bank whose profile says so; raises Misconfigured, KeyUnusable, ConfigurationRefused, OSError."""
    editions = read_editions(settings.config / "banks", settings.bank_endpoints)
    banks = [one for one in editions.values() if _endpoint_today(one) is not None]
    if not banks:
        raise Misconfigured("no bank's profile has transport kind sftp-server today: nobody could connect")
    keys = _host_keys(settings, section)
    today = [partial(_endpoint_today, one) for one in banks]
    return await serve(settings.exchange_root, today, keys, section.host, section.port, section.login_seconds)


def _endpoint_today(editions: Editions) -> SftpServerEndpoint | None:
    endpoint = editions.on(business_date(SystemClock().now_ms())).transport
    return endpoint if isinstance(endpoint, SftpServerEndpoint) else None


def _host_keys(settings: Settings, section: SftpServerSettings) -> list[bytes]:
    passphrase = settings.keystore.passphrase_file.read_text(encoding="utf-8").strip()
    keystore = Keystore.open(settings.keystore.path, passphrase)
    return [keystore.ssh_key(alias) for alias in section.host_keys]


def _log_to_stderr() -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
