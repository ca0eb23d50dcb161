"""The process that banks connect to over SFTP (内置 SFTP 服务进程): serve until SIGTERM or SIGINT.

A process of its own, so that transfers cannot hold up the rest. It shares nothing with the other processes but the
configuration, the keystore and the directories.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Final

import structlog
from pydantic import ValidationError

from adapters.editions import Editions
from adapters.endpoints import SftpServerEndpoint
from adapters.profile_reader import read_editions
from crypto.contract import KeyUnusable
from crypto.keystore import Keystore
from gateway.clock import SystemClock, business_date
from gateway.logs.ending import refusal
from gateway.logs.output import log_to
from gateway.settings import Settings, SftpServerSettings, read_settings
from gateway.transports.contract import Misconfigured
from gateway.transports.sftp_server import SftpServer, serve
from gateway.wiring.live_keys import LiveKeys
from gateway.wiring.parts import open_live_keys
from gateway.wiring.ssh_trust import user_keys
from messages.layout.positions import ConfigurationRefused

LOOK_SECONDS: Final = 1.0
log = structlog.get_logger()


def run(path: Path, *, as_json: bool) -> int:
    """Serve with the settings in ``path``; the exit status: 2 where something must be corrected first."""
    try:
        settings = read_settings(path)
        log_to(sys.stderr)
        asyncio.run(_until_told(settings, as_json=as_json))
    except (ValidationError, ConfigurationRefused, KeyUnusable, Misconfigured, OSError, ValueError) as refused:
        print(f"cannot start: {path}: {refusal(refused)}", file=sys.stderr)
        return 2
    return 0


async def _until_told(settings: Settings, *, as_json: bool) -> None:
    if settings.sftp_server is None:
        raise Misconfigured(
            "there is no [sftp_server] section: add it with host and port, or do not start this process"
        )
    keys = open_live_keys(settings)
    server = await start(settings, settings.sftp_server, keys)
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    where = f"{settings.sftp_server.host}:{server.port}"
    print(json.dumps({"ready": True, "port": server.port}) if as_json else f"ready: sftp://{where}", flush=True)
    following = asyncio.create_task(follow(server, settings.sftp_server, keys))
    await told.wait()
    following.cancel()
    await server.close()


async def start(settings: Settings, section: SftpServerSettings, keys: LiveKeys) -> SftpServer:
    """The server for every bank whose profile says so; raises Misconfigured, KeyUnusable, ConfigurationRefused, OSError."""
    editions = read_editions(settings.config / "banks", settings.bank_endpoints)
    banks = [one for one in editions.values() if _endpoint_today(one) is not None]
    if not banks:
        raise Misconfigured("no bank's profile has transport kind sftp-server today: nobody could connect")
    today = [partial(_endpoint_now, one, keys) for one in banks]
    shown = host_keys(keys.now(), section)
    return await serve(settings.exchange_root, today, shown, section.host, section.port, section.login_seconds)


async def follow(server: SftpServer, section: SftpServerSettings, keys: LiveKeys) -> None:
    """Go by the keystore until cancelled: host keys for new connections, and nobody stays whose key was ended."""
    shown: list[bytes] | None = None
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        try:
            drawn = host_keys(keys.now(), section)
        except KeyUnusable as missing:
            log.error("no host key may be used: nobody can connect", why=str(missing))
            drawn = []
        try:
            if drawn != shown:
                server.show(drawn)
            shown = drawn
        except Misconfigured as why:
            log.error("host keys stay as they were", why=str(why))
        server.expel()


def host_keys(keys: Keystore, section: SftpServerSettings) -> list[bytes]:
    """What to show and to announce, OpenSSH private keys; raises KeyUnusable.

    Of each alias the retiring ones first: they are what banks have pinned, and are shown until they are ended. The
    active one is announced meanwhile (hostkeys-00@openssh.com), so that every bank knows it by then.
    """
    drawn = [keys.ssh_keys(alias) for alias in section.host_keys]
    return [pem for active, *retiring in drawn for pem in (*retiring, active)]


def _endpoint_today(editions: Editions) -> SftpServerEndpoint | None:
    endpoint = editions.on(business_date(SystemClock().now_ms())).transport
    return endpoint if isinstance(endpoint, SftpServerEndpoint) else None


def _endpoint_now(editions: Editions, keys: LiveKeys) -> SftpServerEndpoint | None:
    """With the keys by which the bank may log in at this moment."""
    endpoint = _endpoint_today(editions)
    if endpoint is None:
        return None
    bank, listed = editions.all[0].bank, endpoint.user_keys
    known = keys.kept(f"users {bank} {hash(listed)}", lambda now: user_keys(now, bank, listed))
    return endpoint.model_copy(update={"user_keys": known})
