"""Which key may do what today (可用密钥): every accessor names the purpose it needs and fails with the reason."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from crypto.blind_index import BlindIndex
from crypto.certificates import Certificate, read_certificates
from crypto.contract import CipherName, KeyUnusable, MessageCipher, SchemeParameters, StreamSigner, StreamVerifier
from crypto.expiry import AHEAD_DAYS, Expiry, expiring
from crypto.key_entry import CHECKS, IN_FILE, MAKES, OPENS, KeyEntry, KeyState, Owner, Purpose
from crypto.key_material import SYMMETRIC, Algorithm
from crypto.key_provider import KeyProvider
from crypto.key_reasons import KeyReason
from crypto.key_selection import usable
from crypto.master_key import MasterKey
from crypto.schemes import ed25519
from crypto.schemes.ciphers import CIPHERS
from crypto.schemes.registry import SCHEMES
from crypto.sealing import AesSegmentSealer, StreamSealer

AUTHENTICATION = (Purpose.SIGN, Purpose.VERIFY, Purpose.TRANSPORT)


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A public key found by its id, and whose it is."""

    alias: str
    key_id: str
    key: Ed25519PublicKey


class KeyRing:
    """Entries in the order in which they were added, and the master key that opens their secrets."""

    def __init__(self, master: MasterKey, entries: list[KeyEntry], today: Callable[[], date]):
        self._master = master
        self._entries = entries
        self._today = today
        self._former: MasterKey | None = None  # for a thread that holds entries from before a change of passphrase
        self.providers: dict[str, KeyProvider] = {}

    def entries(self, alias: str | None = None) -> list[KeyEntry]:
        """All entries, or one alias's, oldest first."""
        return [entry for entry in self._entries if alias is None or entry.alias == alias]

    def signer(self, alias: str, parameters: SchemeParameters) -> StreamSigner:
        """The active key of the alias, ready for a message; raises KeyUnusable."""
        scheme = SCHEMES[parameters.scheme]
        scheme.require_allowed(parameters, self._today())
        return self._signer(self._active(alias, [Purpose.SIGN], scheme.algorithm), parameters)

    def request_signer(self, alias: str, key_id: str, parameters: SchemeParameters) -> StreamSigner:
        """One key that is PENDING or ACTIVE, to sign a request for its certificate (证书请求); raises KeyUnusable."""
        return self._signer(self._unbegun(alias, key_id), parameters)

    def own_half(self, alias: str, key_id: str) -> bytes:
        """The secret half of one key that is PENDING or ACTIVE, to be put beside its certificate; raises KeyUnusable."""
        return self._secret(self._unbegun(alias, key_id))

    def verifier(self, alias: str, parameters: SchemeParameters, owner: Owner = Owner.COUNTERPARTY) -> StreamVerifier:
        """Every active and retiring key of the alias at once; raises KeyUnusable.

        A secret shared for an HMAC may stand under one alias for both directions. Public keys must be the other side's,
        so that what we signed ourselves is not taken for theirs when it is sent back to us; say so to verify our own.
        """
        scheme = SCHEMES[parameters.scheme]
        scheme.require_allowed(parameters, self._today())
        purposes = [Purpose.VERIFY, Purpose.SIGN] if scheme.symmetric else [Purpose.VERIFY]
        entries = self._usable(alias, purposes, scheme.algorithm, CHECKS)
        if scheme.symmetric:
            return scheme.verifier({entry.key_id: self._secret(entry) for entry in entries}, parameters)
        _require_owner(entries[0], owner)
        return scheme.verifier({entry.key_id: entry.public for entry in entries}, parameters)

    def segment_sealer(self, alias: str) -> AesSegmentSealer:
        """Seals under the active key, opens under any that is not pending or revoked; raises KeyUnusable."""
        return AesSegmentSealer(*self._sealing_keys(alias))

    def stream_sealer(self, alias: str) -> StreamSealer:
        """Seals under the active key, opens under any that is not pending or revoked; raises KeyUnusable."""
        return StreamSealer(*self._sealing_keys(alias))

    def blind_index(self, alias: str) -> BlindIndex:
        """Tokens under the active key; raises KeyUnusable."""
        return BlindIndex(self._secret(self._active(alias, [Purpose.FIELD], Algorithm.HMAC)))

    def blind_indexes(self, alias: str) -> dict[str, BlindIndex]:
        """The index under the active key first, then those under retiring keys, by key id; raises KeyUnusable.

        What is made is made under the first. Until everything is made anew, what is looked for is looked for under all.
        """
        first = self._active(alias, [Purpose.FIELD], Algorithm.HMAC)
        usable = self._usable(alias, [Purpose.FIELD], Algorithm.HMAC, CHECKS, dated=False)
        entries = [first, *(entry for entry in usable if entry.key_id != first.key_id)]
        return {entry.key_id: BlindIndex(self._secret(entry)) for entry in entries}

    def hmac_key(self, alias: str) -> bytes:
        """The active shared secret for request authentication; raises KeyUnusable."""
        return self._secret(self._active(alias, AUTHENTICATION, Algorithm.HMAC))

    def message_cipher(self, alias: str, cipher: CipherName = "sm4-cbc") -> MessageCipher:
        """Encrypts under the active key of the alias, opens under it and under retiring ones; raises KeyUnusable."""
        kind = CIPHERS[cipher]
        active = self._active(alias, [Purpose.ENCRYPT], kind.algorithm)
        entries = [active, *self._usable(alias, [Purpose.ENCRYPT], kind.algorithm, CHECKS)]
        return kind.make({entry.key_id: self._secret(entry) for entry in entries}, active.key_id)

    def encryption_key(self, alias: str, algorithm: Algorithm) -> KeyEntry:
        """The other side's active key that messages are encrypted for (加密公钥); raises KeyUnusable."""
        entry = self._active(alias, [Purpose.ENCRYPT], algorithm)
        _require_owner(entry, Owner.COUNTERPARTY)
        return entry

    def decryption_keys(self, alias: str, algorithm: Algorithm) -> list[tuple[KeyEntry, bytes]]:
        """Our active and retiring keys that others encrypt for (解密密钥), with their secrets; raises KeyUnusable."""
        entries = self._usable(alias, [Purpose.ENCRYPT], algorithm, CHECKS)
        return [(entry, self._secret(entry)) for entry in entries]

    def secret(self, alias: str) -> str:
        """The active shared secret (共享口令), such as a broker's password; raises KeyUnusable."""
        return self._secret(self._active(alias, [Purpose.TRANSPORT], Algorithm.SECRET)).decode("utf-8")

    def tls_identity(self, alias: str) -> tuple[bytes, bytes]:
        """Certificate chain (leaf first) and private key, both PEM; raises KeyUnusable."""
        entry = self._active(alias, [Purpose.TRANSPORT], Algorithm.TLS)
        return entry.public.encode(), self._secret(entry)

    def trusted_certificates(self, alias: str) -> list[bytes]:
        """Every active and retiring certificate of the alias, PEM; raises KeyUnusable."""
        wanted = [Purpose.TRANSPORT, Purpose.VERIFY]
        return [entry.public.encode() for entry in self._usable(alias, wanted, Algorithm.X509, CHECKS)]

    def certificates(self, alias: str) -> list[Certificate]:
        """Every certificate of the alias's active and retiring keys: trusted ones, or a TLS chain; raises KeyUnusable."""
        wanted = [Purpose.TRANSPORT, Purpose.VERIFY]
        entries = self._usable(alias, wanted, None, CHECKS)
        if entries[0].algorithm not in (Algorithm.X509, Algorithm.TLS):
            raise KeyUnusable(f"key alias {alias!r} holds no certificates", KeyReason.WRONG_ALGORITHM)
        return [certificate for entry in entries for certificate in read_certificates(entry.public)]

    def expiring(self, today: date, ahead_days: Sequence[int] = AHEAD_DAYS) -> list[Expiry]:
        """What ends within the days ahead, or has ended: keys, and every certificate; soonest first."""
        return expiring(self.entries(), today, ahead_days)

    def ssh_key(self, alias: str) -> bytes:
        """The active OpenSSH private key, PEM; raises KeyUnusable."""
        return self._secret(self._active(alias, [Purpose.TRANSPORT], Algorithm.SSH))

    def ssh_keys(self, alias: str) -> list[bytes]:
        """The active OpenSSH private key, then the retiring ones, PEM; raises KeyUnusable."""
        active = self._active(alias, [Purpose.TRANSPORT], Algorithm.SSH)
        usable = self._usable(alias, [Purpose.TRANSPORT], Algorithm.SSH, CHECKS)
        return [self._secret(entry) for entry in (active, *(one for one in usable if one.key_id != active.key_id))]

    def ssh_public_keys(self, alias: str) -> list[str]:
        """Active and retiring public keys as ``ssh-ed25519 AAAA...``; raises KeyUnusable."""
        return [entry.public for entry in self._usable(alias, [Purpose.TRANSPORT], Algorithm.SSH, CHECKS)]

    def ed25519_private(self, alias: str) -> Ed25519PrivateKey:
        """The active key for HTTP message signatures, whose id is ``active_key_id(alias)``; raises KeyUnusable."""
        return ed25519.private_from_der(self._secret(self._active(alias, [Purpose.SIGN], Algorithm.ED25519)))

    def ed25519_public(self, alias: str) -> dict[str, Ed25519PublicKey]:
        """Active and retiring keys of the alias by key id; raises KeyUnusable."""
        entries = self._usable(alias, [Purpose.VERIFY], Algorithm.ED25519, CHECKS)
        return {entry.key_id: ed25519.public_from_pem(entry.public) for entry in entries}

    def ed25519_by_key_id(self, key_id: str) -> VerifyingKey:
        """Whose key this id is, for a request that names only its key; KeyUnusable if no or several aliases have it."""
        today = self._today()
        found = [
            entry
            for entry in self._entries
            if (entry.key_id, entry.purpose, entry.algorithm) == (key_id, Purpose.VERIFY, Algorithm.ED25519)
            and entry.state in CHECKS
            and entry.current(today)
        ]
        if len(found) != 1:
            raise KeyUnusable(
                f"{len(found)} usable keys for verifying have the id that the message names",
                KeyReason.AMBIGUOUS_KEY_ID if found else KeyReason.UNKNOWN_KEY_ID,
            )
        return VerifyingKey(found[0].alias, key_id, ed25519.public_from_pem(found[0].public))

    def active_key_id(self, alias: str) -> str:
        """The id of the key that makes things under this alias today; raises KeyUnusable."""
        return self._active(alias, list(Purpose), None).key_id

    def _signer(self, entry: KeyEntry, parameters: SchemeParameters) -> StreamSigner:
        _require_owner(entry, Owner.GATEWAY)
        if entry.provider != IN_FILE:
            provider, _, label = entry.provider.rpartition("/")
            return self._provider(provider).signer(label, entry.key_id, entry.public, parameters)
        return SCHEMES[parameters.scheme].signer(
            self._secret(entry), parameters, key_id=entry.key_id, public=entry.public
        )

    def _unbegun(self, alias: str, key_id: str) -> KeyEntry:
        states = (KeyState.PENDING, KeyState.ACTIVE)
        usable_now = self._usable(alias, [Purpose.SIGN], None, states, dated=False)
        found = next((entry for entry in usable_now if entry.key_id == key_id), None)
        if found is None:
            raise KeyUnusable(f"no key {key_id} of {alias!r} is PENDING or ACTIVE", KeyReason.UNKNOWN_KEY_ID)
        return found

    def _sealing_keys(self, alias: str) -> tuple[dict[str, bytes], str | None]:
        """Dates bound what is sealed anew; what lies sealed must open as long as its key is not revoked."""
        entries = self._usable(alias, [Purpose.ENCRYPT], Algorithm.AES, OPENS, dated=False)
        making = [entry for entry in entries if entry.state in MAKES and entry.current(self._today())]
        active = max(reversed(making), key=_start).key_id if making else None
        return {entry.key_id: self._secret(entry) for entry in entries}, active

    def _active(self, alias: str, purposes: Collection[Purpose], algorithm: Algorithm | None) -> KeyEntry:
        """Of several active keys the one that began last: a successor takes over on its day."""
        return max(reversed(self._usable(alias, purposes, algorithm, MAKES)), key=_start)

    def _usable(
        self,
        alias: str,
        purposes: Collection[Purpose],
        algorithm: Algorithm | None,
        states: Collection[KeyState],
        *,
        dated: bool = True,
    ) -> list[KeyEntry]:
        return usable(alias, self.entries(alias), purposes, algorithm, states, self._today(), dated=dated)

    def _secret(self, entry: KeyEntry) -> bytes:
        if entry.sealed_secret is None:
            where = "only its public half here" if entry.provider == IN_FILE else f"its secret half in {entry.provider}"
            raise KeyUnusable(f"key {entry.key_id} of {entry.alias!r} has {where}", KeyReason.PUBLIC_ONLY)
        try:
            return self._master.unseal(entry.sealed_secret, entry.binding())
        except KeyUnusable:
            if self._former is None:
                raise
            return self._former.unseal(entry.sealed_secret, entry.binding())

    def _provider(self, name: str) -> KeyProvider:
        if name not in self.providers:
            raise KeyUnusable(f"no device {name} is configured: see [keystore.pkcs11] in the settings", KeyReason.TOKEN)
        return self.providers[name]

    def __reduce__(self) -> str:
        raise TypeError("a keystore does not travel: open it where it is needed")


def _start(entry: KeyEntry) -> date:
    return entry.not_before or date.min


def _require_owner(entry: KeyEntry, owner: Owner) -> None:
    if entry.owner is not owner and entry.algorithm not in SYMMETRIC:
        raise KeyUnusable(
            f"key alias {entry.alias!r} is of owner {entry.owner}, and a key of {owner} is needed",
            KeyReason.WRONG_OWNER,
        )
