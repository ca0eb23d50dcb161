"""What one bank's sessions leave in the log (访问日志): one structured line for each thing done or refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import asyncssh
import structlog

from gateway.transports.sftp_names import usable
from gateway.transports.sftp_server_paths import Spot

_log = structlog.get_logger()


class Voice:
    """Tells the log who did what; never what is in a file."""

    def __init__(self, user: str):
        self._user = user

    def tell(self, event: str, spot: Spot, **facts: object) -> None:
        """One line. A name that is no name is left out: it may hold anything."""
        path = spot.path if usable(spot.name or spot.place or "-", temporary=True) else f"/{spot.place}/?"
        _log.info(event, user=self._user, file=path, **facts)

    def refuse(
        self, what: str, spot: Spot, why: str, kind: Callable[[str], asyncssh.SFTPError] = asyncssh.SFTPPermissionDenied
    ) -> NoReturn:
        """One line, and the error for the bank; raises ``kind``."""
        self.tell("sftp refused", spot, request=what, why=why)
        raise kind(why)
