"""Six banks on six kinds of wire, and a gateway whose API has TLS."""

from __future__ import annotations

import subprocess
from pathlib import Path

from gateway.demo.world import World

BANKS = ("rural-fixed", "city-iso", "coop-tcp", "clearing-cnaps", "village-delimited", "merchant-json")
SFTP, HTTPS, TCP, AMQP, CALLER, SEALED = BANKS
CONTROL = Path("/usr/lib/rabbitmq/bin/rabbitmqctl")


class SecuredWorld(World):
    """The API has TLS, and the broker takes over new keys; one worker process of each kind is enough here."""

    def _settings(self) -> str:
        return super()._settings().replace("tls = false", "tls = true", 1) + "[workers]\ncompute = 1\n"

    def broker_goes_over(self) -> None:
        """Its certificates are read again, and its user gets the password that now lies among the bank's keys."""
        assert self._broker is not None
        user = self._profiles[AMQP]["transport"]["username"]
        password = (self.directory / "keys" / AMQP / "amqp-password").read_text("utf-8").strip()
        change = f'rabbit_auth_backend_internal:change_password(<<"{user}">>, <<"{password}">>, <<"test">>)'
        command = [str(CONTROL), "eval", f"ssl:clear_pem_cache(), {change}."]
        environment = self._broker._environment()
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=60)
