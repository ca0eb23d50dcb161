"""New keys through the rules (密钥生成与导入): what the commands hand to ``KeyAdmin``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization

from crypto.contract import KeyUnusable
from crypto.key_entry import KeyEntry, KeyState, Owner, Purpose
from crypto.key_material import Algorithm, KeyMaterial
from crypto.key_reasons import KeyReason
from crypto.placement import usual_owner
from gateway.core.authority import Actor
from gateway.keys import certificate_files
from gateway.keys.asking import ask_passphrase, read_passphrase
from gateway.keys.certificate_request import certificate_request
from gateway.keys.material_reading import PassphraseNeeded, ReadKey, read_key_file
from gateway.keys.office import Office
from gateway.services.key_due import REQUESTS

_ASKED_FOR = (KeyState.PENDING, KeyState.ACTIVE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where a key is to stand; None where the key itself says it."""

    alias: str
    purpose: str
    owner: str | None = None
    kind: str | None = None
    key_id: str | None = None
    not_before: date | None = None
    not_after: date | None = None


def generated(
    office: Office, actor: Actor, alias: str, kind: Any, purpose: str, not_before: date | None, not_after: date | None
) -> KeyEntry:
    """A new key of our own, PENDING; raises NotAllowed, KeyUnusable."""
    serves = Purpose(purpose)
    if serves is Purpose.VERIFY:
        raise KeyUnusable(
            "what we verify with is made by the other side: gateway keys import takes in their public half",
            KeyReason.WRONG_PURPOSE,
        )
    return office.admin.generate(actor, alias, serves, kind, not_before=not_before, not_after=not_after)


def imported(office: Office, actor: Actor, wanted: Wanted, file: Path, passphrase_file: Path | None) -> KeyEntry:
    """A key out of a file, PENDING; raises NotAllowed, KeyUnusable, Unfit."""
    read = _read(wanted, file, passphrase_file)
    material = _joined(office, wanted.alias, read.material)
    purpose = Purpose(wanted.purpose)
    if purpose is Purpose.VERIFY and material.public and material.secret is not None:
        material = material.public_only()
    owner = Owner(wanted.owner) if wanted.owner else _owner(office, wanted.alias, purpose, material)
    return office.admin.take_in(
        actor,
        wanted.alias,
        purpose,
        material,
        owner=owner,
        key_id=wanted.key_id,
        not_before=wanted.not_before or read.not_before,
        not_after=wanted.not_after or read.not_after,
    )


def asked_certificate(
    office: Office, actor: Actor, alias: str, kind: Any, subject: str, hosts: Sequence[str]
) -> tuple[KeyEntry, str]:
    """The key and the PEM of the request; raises NotAllowed, KeyUnusable."""
    known = office.keys.entries(alias)
    if known and known[0].purpose is Purpose.SIGN:
        ready = [entry for entry in known if entry.state in _ASKED_FOR]
        if not ready:
            raise KeyUnusable(f"no key of {alias!r} is PENDING or ACTIVE: generate one first", KeyReason.RETIRED)
        entry = ready[-1]
    else:
        entry = office.admin.generate(actor, alias + REQUESTS, Purpose.SIGN, kind)
    return entry, certificate_request(office.keys, entry, subject, hosts)


def _read(wanted: Wanted, file: Path, passphrase_file: Path | None) -> ReadKey:
    """The file without a passphrase, and with one where it turns out to need it."""
    purpose, given = Purpose(wanted.purpose), read_passphrase(passphrase_file) if passphrase_file else None
    try:
        return read_key_file(file, purpose, wanted.kind, given)
    except PassphraseNeeded:
        typed = ask_passphrase(f"{file} 口令 passphrase")
    try:
        return read_key_file(file, purpose, wanted.kind, typed)
    except PassphraseNeeded:
        raise KeyUnusable(f"{file}: wrong passphrase", KeyReason.MALFORMED) from None


def _owner(office: Office, alias: str, purpose: Purpose, material: KeyMaterial) -> Owner:
    """Whose the alias is; for a new one what is usual. What we only trust on a wire is the other side's."""
    known = office.keys.entries(alias)
    if known:
        return known[0].owner
    trusted = purpose is Purpose.TRANSPORT and material.secret is None
    return Owner.COUNTERPARTY if trusted else usual_owner(purpose, material)


def _joined(office: Office, alias: str, material: KeyMaterial) -> KeyMaterial:
    """A certificate for a key that waits under ``ALIAS.request`` becomes an identity with that key."""
    if material.algorithm not in (Algorithm.X509, Algorithm.TLS) or material.secret is not None:
        return material
    certified = certificate_files.certificates(material.public)[0].public_key()
    for entry in office.keys.entries(alias + REQUESTS):
        if entry.state in _ASKED_FOR and serialization.load_pem_public_key(entry.public.encode()) == certified:
            secret = office.keys.own_half(entry.alias, entry.key_id)
            key = serialization.load_der_private_key(secret, None)
            plain = serialization.NoEncryption()
            pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
            return KeyMaterial(Algorithm.TLS, material.public, pem)
    if material.algorithm is Algorithm.TLS:
        raise KeyUnusable(
            "a chain of certificates whose private key is neither in the file nor under "
            f"{alias}{REQUESTS}: to trust certificates, import each by itself",
            KeyReason.PUBLIC_ONLY,
        )
    return material
