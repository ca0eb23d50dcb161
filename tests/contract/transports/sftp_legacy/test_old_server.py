"""A server with SHA-1 and CBC only: out of reach for the current driver, in reach of the dated one, pinned all the same.

What the driver does with files is the same suite as the other's: ``tests/contract/transports/sftp``.
"""

from __future__ import annotations

import os
from datetime import date
from typing import Any

import asyncssh
import pytest

from gateway.transports.contract import Misconfigured
from gateway.transports.sftp import SftpTransport, sftp_transport
from gateway.transports.sftp_legacy import LegacySftpTransport

pytestmark = pytest.mark.filterwarnings("ignore:Diffie-Hellman over finite fields")
BODY = os.urandom(300_000)


def legacy(bank: Any, today: date = date(2026, 11, 23), **changes: Any) -> LegacySftpTransport:
    return LegacySftpTransport(bank.endpoint(**changes), bank.private_key(), lambda: today)


def test_the_current_driver_refuses_and_says_what_is_missing(old_bank: Any) -> None:
    transport = SftpTransport(old_bank.endpoint(), old_bank.private_key())
    with pytest.raises(Misconfigured, match="shares no current SSH algorithm"):
        transport.put("/in", "A.txt", [BODY], len(BODY))
    assert old_bank.logins == []


def test_the_legacy_driver_delivers_and_fetches(old_bank: Any) -> None:
    transport = legacy(old_bank)
    transport.put("/in", "B.txt", [BODY], len(BODY))
    assert (old_bank.root / "in" / "B.txt").read_bytes() == BODY
    assert b"".join(transport.get("/in", "B.txt", 1_000_000)) == BODY
    transport.close()


def test_another_host_key_is_refused_before_login(old_bank: Any) -> None:
    other = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
    transport = legacy(old_bank, host_keys=(other.export_public_key().decode(),))
    with pytest.raises(Misconfigured) as caught:
        transport.find("/in", "A.txt")
    assert old_bank.host_key.get_fingerprint() in str(caught.value)
    assert other.get_fingerprint() in str(caught.value)
    assert old_bank.logins == []


@pytest.mark.parametrize("today", [date(2026, 12, 31), date(2027, 6, 1)])
def test_from_the_day_in_the_profile_on_nothing_is_sent(old_bank: Any, today: date) -> None:
    transport = legacy(old_bank, today)
    with pytest.raises(Misconfigured, match=r"until 2026-12-31.*rsa-sha2-256.*legacy_until"):
        transport.put("/in", "C.txt", [BODY], len(BODY))
    assert old_bank.logins == []


def test_the_day_counts_also_for_a_connection_that_is_open(old_bank: Any) -> None:
    today = [date(2026, 12, 30)]
    transport = LegacySftpTransport(old_bank.endpoint(), old_bank.private_key(), lambda: today[0])
    assert transport.find("/in", "D.txt") is None
    today[0] = date(2026, 12, 31)
    with pytest.raises(Misconfigured, match="until 2026-12-31"):
        transport.find("/in", "D.txt")
    transport.close()


def test_the_profile_chooses_the_driver(old_bank: Any) -> None:
    key = old_bank.private_key()
    today = date(2026, 11, 23)
    assert isinstance(sftp_transport(old_bank.endpoint(legacy_until=None), [key], lambda: today), SftpTransport)
    assert isinstance(sftp_transport(old_bank.endpoint(), [key], lambda: today), LegacySftpTransport)


def test_a_login_key_that_cannot_be_read_is_misconfigured(old_bank: Any) -> None:
    with pytest.raises(Misconfigured, match="unencrypted PEM"):
        LegacySftpTransport(old_bank.endpoint(), b"no key", lambda: date(2026, 11, 23))
