"""Revocation of peers' certificates (证书吊销检查), by the lists that are kept beside the keystore."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from cryptography import x509

from crypto.certificates import Certificate
from crypto.contract import KeyUnusable
from crypto.revocation_lists import RevocationLists
from gateway.settings import KeystoreSettings
from gateway.transports.http_gate import Refusal


class PeerChecks:
    """Asked in every handshake; ``overdue`` has, by alias, the lists that could not be relied on and were let through."""

    def __init__(self, settings: KeystoreSettings, now: Callable[[], datetime] = lambda: datetime.now(UTC)):
        directory = settings.crl_directory
        self._lists = None if directory is None else RevocationLists(directory, settings.stale_crl)
        self._now = now
        self.overdue: dict[str, str] = {}

    def refusal(self, authority: str | None) -> Refusal | None:
        """What looks at the chain of a peer that this alias's certificates vouch for; None where nothing is looked at."""
        lists = self._lists
        if lists is None or authority is None:
            return None

        def refused(chain: Sequence[x509.Certificate]) -> str | None:
            self.overdue.pop(authority, None)
            check = lists.check(authority, self._now(), lambda why: self.overdue.update({authority: why}))
            try:
                for certificate, issuer in pairwise(map(Certificate, chain)):
                    check(certificate, issuer)
            except KeyUnusable as why:
                return str(why)
            return None

        return refused
