"""Revocation lists: whose they are, whether they are current, and what an operator decided about those that are not."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from crypto.certificates import validate
from crypto.contract import KeyUnusable
from crypto.key_reasons import KeyReason
from crypto.revocation_lists import RevocationLists, read_lists

DAY = timedelta(days=1)


@pytest.fixture
def leaf(issue: Any, root: Any) -> Any:
    return issue("bank", root)


def judged(lists: RevocationLists, leaf: Any, root: Any, now: datetime) -> tuple[KeyReason | None, list[str]]:
    told: list[str] = []
    try:
        validate([leaf.certificate], [root.certificate], now, revocation=lists.check("ca", now, told.append))
    except KeyUnusable as refused:
        return refused.reason, told
    return None, told


def test_listed_and_not_listed(tmp_path: Path, leaf: Any, root: Any, now: datetime) -> None:
    lists, serial = RevocationLists(tmp_path), leaf.certificate.serial
    lists.take_in("ca", root.crl(), [root.certificate], now)
    assert judged(lists, leaf, root, now) == (None, [])
    lists.take_in("ca", root.crl(serial, this=now - DAY / 2), [root.certificate], now)
    assert judged(lists, leaf, root, now) == (KeyReason.CERTIFICATE_REVOKED, [])
    with pytest.raises(KeyUnusable, match="the one kept here is newer"):
        lists.take_in("ca", root.crl(), [root.certificate], now)
    assert judged(lists, leaf, root, now)[0] is KeyReason.CERTIFICATE_REVOKED


@pytest.mark.parametrize("stale", ["strict", "alert"])
def test_missing_overdue_and_early(tmp_path: Path, leaf: Any, root: Any, now: datetime, stale: Any) -> None:
    lists, file = RevocationLists(tmp_path, stale), tmp_path / "ca.crl"
    expected = KeyReason.REVOCATION_LIST if stale == "strict" else None
    cases = {
        "has no revocation list": None,
        "was to be renewed by 2026-04-30": root.crl(this=now - 9 * DAY, following=now - DAY),
        "from the future": root.crl(this=now + DAY),
    }
    for text, octets in cases.items():
        if octets is not None:
            file.write_bytes(octets)
        reason, told = judged(lists, leaf, root, now)
        assert reason is expected
        assert (len(told) == 1 and text in told[0]) if stale == "alert" else told == []
    file.write_bytes(root.crl(leaf.certificate.serial, this=now - 9 * DAY, following=now - DAY))
    assert judged(lists, leaf, root, now)[0] is KeyReason.CERTIFICATE_REVOKED  # overdue, and yet revoked


def test_lists_of_others(tmp_path: Path, issue: Any, leaf: Any, root: Any, now: datetime) -> None:
    lists, stranger = RevocationLists(tmp_path, "alert"), issue("Stranger")
    lookalike, mute = issue("Root"), issue("Mute", extensions=[_usage_without_crl()])
    for octets, issuers, match in (
        (stranger.crl(), [root], "none of the alias's certificates"),
        (lookalike.crl(), [root], "not signed by"),
        (mute.crl(), [mute], "may not sign lists"),
        (root.crl(this=now + DAY), [root], "not current"),
        (root.crl(this=now - 9 * DAY, following=now - DAY), [root], "not current"),
        (b"", [root], "not a revocation list"),
        (b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----", [root], "not a revocation list"),
        (root.crl()[:200], [root], "not a revocation list"),
    ):
        with pytest.raises(KeyUnusable, match=match) as refused:
            lists.take_in("ca", octets, [one.certificate for one in issuers], now)
        assert refused.value.reason is KeyReason.REVOCATION_LIST
    assert not (tmp_path / "ca.crl").exists()
    (tmp_path / "ca.crl").write_bytes(lookalike.crl())  # somebody put it there by hand
    assert judged(lists, leaf, root, now) == (KeyReason.REVOCATION_LIST, [])


def _usage_without_crl() -> tuple[x509.KeyUsage, bool]:
    return x509.KeyUsage(True, False, False, False, False, True, False, False, False), True


def test_parts_of_lists_are_refused(root: Any) -> None:
    scope = x509.IssuingDistributionPoint(None, None, True, False, None, False, False)
    for extension in ((x509.DeltaCRLIndicator(1), True), (scope, True)):
        with pytest.raises(KeyUnusable, match="covers a part only"):
            read_lists(root.crl(extensions=[extension]))
    assert len(read_lists(root.crl(extensions=[(x509.CRLNumber(7), False)]))) == 1


def test_several_issuers_in_one_file_and_der(tmp_path: Path, issue: Any, root: Any, now: datetime) -> None:
    second = issue("Second")
    lists, issuers = RevocationLists(tmp_path), [root.certificate, second.certificate]
    lists.take_in("ca", root.crl(), issuers, now)
    lists.take_in("ca", second.crl(5), issuers, now)
    assert [one.issuer for one in lists.of("ca")] == ["CN=Root", "CN=Second"]
    lists.take_in("ca", root.crl(6, this=now - DAY / 2), issuers, now)
    assert [one.issuer for one in lists.of("ca")] == ["CN=Second", "CN=Root"]
    assert read_lists(lists.of("ca")[0].parsed.public_bytes(Encoding.DER))[0].issuer == "CN=Second"


def test_a_file_is_read_again_when_it_changes(tmp_path: Path, root: Any, now: datetime) -> None:
    lists, file = RevocationLists(tmp_path), tmp_path / "ca.crl"
    file.write_bytes(root.crl())
    os.utime(file, (0, 0))
    first = lists.of("ca")
    file.write_bytes(root.crl(1, 2, 3))
    assert lists.of("ca") != first
    file.unlink()
    assert lists.of("ca") == []
    with pytest.raises(KeyUnusable, match="not a key alias"):
        lists.of("../ca")
    assert now
