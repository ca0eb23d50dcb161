"""Certificate revocation lists (证书吊销列表, CRL): read, their signature checked, kept fresh, asked for each certificate.

They lie beside the keystore, ``<alias>.crl`` for the alias of the trusted certificates (PEM or DER; several issuers' lists
in one PEM file), since they change daily and prove themselves by their signature. A list that is missing or overdue is an
operator's decision: ``strict`` refuses every certificate of its issuer, ``alert`` lets it through and says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID

from crypto import keystore_file
from crypto.certificate_signatures import signed_by
from crypto.certificates import UNREADABLE, Certificate, RevocationCheck
from crypto.contract import KeyUnusable
from crypto.key_reasons import KeyReason

Stale = Literal["strict", "alert"]
_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PEM = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)
_DELTA = ExtensionOID.DELTA_CRL_INDICATOR
_SCOPE = ExtensionOID.ISSUING_DISTRIBUTION_POINT


@dataclass(frozen=True, slots=True)
class RevocationList:
    """One issuer's list; times are aware (UTC)."""

    parsed: x509.CertificateRevocationList

    @property
    def issuer(self) -> str:
        """RFC 4514."""
        return self.parsed.issuer.rfc4514_string()

    @property
    def this_update(self) -> datetime:
        """When it was made."""
        return self.parsed.last_update_utc

    @property
    def next_update(self) -> datetime | None:
        """Until when it may be relied on; None where the issuer does not say."""
        return self.parsed.next_update_utc

    def require_from(self, issuer: Certificate) -> None:
        """Raise KeyUnusable unless the issuer made and signed it."""
        if self.parsed.issuer != issuer.parsed.subject:
            raise _refused(f"revocation list of {self.issuer}: not of {issuer.subject}")
        try:
            usage = issuer.parsed.extensions.get_extension_for_class(x509.KeyUsage).value
        except x509.ExtensionNotFound:
            usage = None
        if usage is not None and not usage.crl_sign:
            raise _refused(f"revocation list of {self.issuer}: its issuer may not sign lists (key usage)")
        try:
            signed_by(self.parsed, issuer.public_pem, f"revocation list of {self.issuer}")
        except KeyUnusable as error:
            raise _refused(str(error)) from error

    def require_not_listed(self, certificate: Certificate) -> None:
        """Raise KeyUnusable if it lists the certificate, for good or on hold."""
        try:
            listed = self.parsed.get_revoked_certificate_by_serial_number(certificate.serial)
        except UNREADABLE as error:
            raise _refused(f"revocation list of {self.issuer}: its entries are malformed") from error
        if listed is not None:
            raise KeyUnusable(
                f"certificate {certificate.described()} was revoked by its issuer on {listed.revocation_date_utc:%Y-%m-%d}",
                KeyReason.CERTIFICATE_REVOKED,
            )


def read_lists(octets: bytes) -> list[RevocationList]:
    """Every list of a PEM text, or the one in DER; raises KeyUnusable."""
    try:
        if b"-----BEGIN" in octets:
            found = [x509.load_pem_x509_crl(one) for one in _PEM.findall(octets)]
        else:
            found = [x509.load_der_x509_crl(octets)]
        lists = [RevocationList(one) for one in found]
        for one in lists:
            _require_whole(one)
    except UNREADABLE as error:
        raise _refused("not a revocation list in PEM or DER") from error
    if not lists:
        raise _refused("not a revocation list in PEM or DER")
    return lists


class RevocationLists:
    """The lists of one directory; read again when a file has changed."""

    def __init__(self, directory: Path, stale: Stale = "strict"):
        self._directory, self._stale = directory, stale
        self._kept: dict[str, tuple[keystore_file.Stamp, list[RevocationList]]] = {}

    def of(self, alias: str) -> list[RevocationList]:
        """The alias's lists, none if there is no file; raises KeyUnusable where it cannot be read."""
        path = self._path(alias)
        stamp = keystore_file.stamp_of(path)
        if stamp is None:
            return []
        if (kept := self._kept.get(alias)) is not None and kept[0] == stamp:
            return kept[1]
        read = keystore_file.read_octets(path, "revocation list")
        lists = read_lists(read.content)
        if read.stamp is not None:
            self._kept[alias] = read.stamp, lists
        return lists

    def check(self, alias: str, at: datetime, warn: Callable[[str], None]) -> RevocationCheck:
        """For ``certificates.validate``; ``warn`` is told of a missing or overdue list that is let through."""

        def checked(certificate: Certificate, issuer: Certificate) -> None:
            current = self._current(alias, issuer, at)
            if isinstance(current, RevocationList):
                return current.require_not_listed(certificate)
            for overdue in self._from(alias, issuer):
                overdue.require_not_listed(certificate)  # what was revoked once remains so
            if self._stale == "strict":
                raise _refused(f"{current}: put a current list into {self._path(alias)}, or set keystore.stale_crl")
            warn(current)
            return None

        return checked

    def take_in(self, alias: str, octets: bytes, issuers: Sequence[Certificate], at: datetime) -> list[RevocationList]:
        """Keep new lists in the place of their issuers' earlier ones; raises KeyUnusable.

        Refused: a list that none of the ``issuers`` signed, that is overdue, from the future, or older than the one here.
        """
        coming = read_lists(octets)
        path = self._path(alias)
        with keystore_file.locked(path):
            present = self.of(alias)
            for one in coming:
                _require_newer(one, present, issuers, at)
            replaced = [one for one in present if all(one.parsed.issuer != new.parsed.issuer for new in coming)]
            kept = [*replaced, *coming]
            try:
                keystore_file.replace_file(path, b"".join(one.parsed.public_bytes(Encoding.PEM) for one in kept))
            except OSError as error:
                raise _refused(f"{path}: not written: {error.strerror}") from error
        return coming

    def _current(self, alias: str, issuer: Certificate, at: datetime) -> RevocationList | str:
        lists = self._from(alias, issuer)
        if not lists:
            return f"alias {alias!r} has no revocation list of {issuer.subject}"
        newest = max(lists, key=lambda one: one.this_update)
        if newest.this_update > at:
            return (
                f"the revocation list of {issuer.subject} is from the future ({newest.this_update:%Y-%m-%d %H:%M} UTC)"
            )
        if newest.next_update is None or newest.next_update < at:
            due = f"{newest.next_update:%Y-%m-%d %H:%M} UTC" if newest.next_update else "no date that it names"
            return f"the revocation list of {issuer.subject} was to be renewed by {due}"
        return newest

    def _from(self, alias: str, issuer: Certificate) -> list[RevocationList]:
        """The lists that the issuer signed; a list in its name that it did not sign is refused, not passed over."""
        named = [one for one in self.of(alias) if one.parsed.issuer == issuer.parsed.subject]
        for one in named:
            one.require_from(issuer)
        return named

    def _path(self, alias: str) -> Path:
        if not _ALIAS.fullmatch(alias):
            raise KeyUnusable(f"{alias[:70]!r} is not a key alias", KeyReason.BAD_NAME)
        return self._directory / f"{alias}.crl"


def _require_newer(
    new: RevocationList, present: Sequence[RevocationList], issuers: Sequence[Certificate], at: datetime
) -> None:
    fitting = [issuer for issuer in issuers if issuer.parsed.subject == new.parsed.issuer]
    if not fitting:
        raise _refused(f"revocation list of {new.issuer}: none of the alias's certificates is its issuer")
    for number, issuer in enumerate(fitting, 1):
        try:
            new.require_from(issuer)
            break
        except KeyUnusable:
            if number == len(fitting):
                raise
    if new.this_update > at or new.next_update is None or new.next_update < at:
        due = new.next_update or "no date"
        raise _refused(f"revocation list of {new.issuer}: from {new.this_update} to {due}, not current at {at}")
    if any(one.parsed.issuer == new.parsed.issuer and one.this_update > new.this_update for one in present):
        raise _refused(f"revocation list of {new.issuer}: the one kept here is newer")


def _require_whole(one: RevocationList) -> None:
    """A list of changes only, or of some certificates only, would let the others pass.

    What is asked of a list later is decoded here too, so that a malformed one is refused when it is read.
    """
    _ = (one.issuer, one.this_update, one.next_update)
    for extension in one.parsed.extensions:
        if extension.oid in (_DELTA, _SCOPE) or extension.critical:
            raise _refused(
                f"revocation list of {one.issuer}: covers a part only (extension {extension.oid.dotted_string}); "
                "take the issuer's whole list"
            )


def _refused(message: str) -> KeyUnusable:
    return KeyUnusable(message, KeyReason.REVOCATION_LIST)
