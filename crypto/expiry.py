"""What ends soon (到期预警): keys by their dates, every certificate in chains and among the trusted, revocation lists.

Pure: whoever asks brings the day. Days are those of Beijing, in which key dates are meant too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Literal, TypeAlias

from crypto.certificates import Certificate, read_certificates
from crypto.contract import KeyUnusable
from crypto.key_entry import KeyEntry, KeyState
from crypto.key_material import Algorithm
from crypto.revocation_lists import RevocationList

AHEAD_DAYS: tuple[int, ...] = (90, 30, 7)
_BEIJING = timezone(timedelta(hours=8))
_OVER = frozenset({KeyState.RETIRED, KeyState.REVOKED})
What: TypeAlias = Literal["key", "certificate", "revocation-list"]


@dataclass(frozen=True, slots=True)
class Expiry:
    """One thing that ends. ``level`` is the least of the days ahead that it is within, 0 once it is over.

    Alert once for each (alias, key id, what, subject, ends_on, level). ``key_id`` is empty for a revocation list.
    """

    alias: str
    key_id: str
    what: What
    subject: str  # of the certificate, or the issuer of the list
    ends_on: date  # the last day on which it is good
    days_left: int  # negative once it is over
    level: int


def expiring(
    entries: Iterable[KeyEntry],
    today: date,
    ahead_days: Sequence[int] = AHEAD_DAYS,
    revocation_lists: Mapping[str, Sequence[RevocationList]] | None = None,
) -> list[Expiry]:
    """What ends within the largest of ``ahead_days``, or has ended; soonest first.

    Keys that are retired or revoked are left out, pending ones are not: they are meant to come into use.
    """
    ends = [*_of_entries(entries), *_of_lists(revocation_lists or {})]
    found = [
        Expiry(alias, key_id, what, subject, day, (day - today).days, _level((day - today).days, ahead_days))
        for alias, key_id, what, subject, day in ends
        if (day - today).days <= max(ahead_days, default=0)
    ]
    return sorted(found, key=lambda one: (one.ends_on, one.alias, one.key_id, one.what, one.subject))


_End: TypeAlias = tuple[str, str, What, str, date]


def _of_entries(entries: Iterable[KeyEntry]) -> Iterator[_End]:
    for entry in entries:
        if entry.state in _OVER:
            continue
        if entry.not_after is not None:
            yield entry.alias, entry.key_id, "key", "", entry.not_after
        for certificate in _certificates(entry):
            yield entry.alias, entry.key_id, "certificate", certificate.subject, _day(certificate.not_after)


def _of_lists(lists: Mapping[str, Sequence[RevocationList]]) -> Iterator[_End]:
    for alias, kept in lists.items():
        for one in kept:
            if one.next_update is not None:
                yield alias, "", "revocation-list", one.issuer, _day(one.next_update)


def _certificates(entry: KeyEntry) -> list[Certificate]:
    """None for what a later, stricter reader does not know: its key dates remain watched."""
    if entry.algorithm not in (Algorithm.TLS, Algorithm.X509):
        return []
    try:
        return read_certificates(entry.public)
    except KeyUnusable:
        return []


def _day(moment: datetime) -> date:
    """The last whole day: what ends at midnight ended with the day before."""
    return (moment - timedelta(microseconds=1)).astimezone(_BEIJING).date()


def _level(days_left: int, ahead_days: Sequence[int]) -> int:
    return 0 if days_left < 0 else min((days for days in ahead_days if days_left <= days), default=0)
