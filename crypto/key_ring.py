"""Which key may do what today (可用密钥): every accessor names the purpose it needs and fails with the reason."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from crypto.blind_index import BlindIndex
from crypto.contract import KeyUnusable, SchemeParameters, StreamSigner, StreamVerifier
from crypto.key_entry import CHECKS, MAKES, OPENS, KeyEntry, KeyState, Purpose
from crypto.key_material import Algorithm, rsa_private, rsa_public
from crypto.keystore_file import MasterKey
from crypto.schemes import ed25519, sm2_keys
from crypto.schemes.rsa import RsaSigner, RsaVerifier
from crypto.schemes.sm2_sm3 import Sm2Signer, Sm2Verifier
from crypto.schemes.sm4_cbc import Sm4CbcCipher
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

    def entries(self, alias: str | None = None) -> list[KeyEntry]:
        """All entries, or one alias's, oldest first."""
        return [entry for entry in self._entries if alias is None or entry.alias == alias]

    def signer(self, alias: str, parameters: SchemeParameters) -> StreamSigner:
        """The active key of the alias, ready for a message; raises KeyUnusable."""
        if parameters.scheme == "sm2-sm3":
            entry = self._active(alias, [Purpose.SIGN], Algorithm.SM2)
            public = sm2_keys.public_from_pem(entry.public)
            return Sm2Signer(entry.key_id, self._secret(entry), public, parameters.sm2_user_id, parameters.sm2_form)
        entry = self._active(alias, [Purpose.SIGN], Algorithm.RSA)
        return RsaSigner(entry.key_id, rsa_private(self._secret(entry), trusted=True), parameters.scheme)

    def verifier(self, alias: str, parameters: SchemeParameters) -> StreamVerifier:
        """Every active and retiring key of the alias at once; raises KeyUnusable."""
        if parameters.scheme == "sm2-sm3":
            entries = self._usable(alias, [Purpose.VERIFY], Algorithm.SM2, CHECKS)
            points = {entry.key_id: sm2_keys.public_from_pem(entry.public) for entry in entries}
            return Sm2Verifier(points, parameters.sm2_user_id, parameters.sm2_form)
        entries = self._usable(alias, [Purpose.VERIFY], Algorithm.RSA, CHECKS)
        return RsaVerifier({entry.key_id: rsa_public(entry.public) for entry in entries}, parameters.scheme)

    def segment_sealer(self, alias: str) -> AesSegmentSealer:
        """Seals under the active key, opens under any that is not pending or revoked; raises KeyUnusable."""
        return AesSegmentSealer(*self._sealing_keys(alias))

    def stream_sealer(self, alias: str) -> StreamSealer:
        """Seals under the active key, opens under any that is not pending or revoked; raises KeyUnusable."""
        return StreamSealer(*self._sealing_keys(alias))

    def blind_index(self, alias: str) -> BlindIndex:
        """Tokens under the active key; raises KeyUnusable."""
        return BlindIndex(self._secret(self._active(alias, [Purpose.FIELD], Algorithm.HMAC)))

    def hmac_key(self, alias: str) -> bytes:
        """The active shared secret for request authentication; raises KeyUnusable."""
        return self._secret(self._active(alias, AUTHENTICATION, Algorithm.HMAC))

    def message_cipher(self, alias: str) -> Sm4CbcCipher:
        """Encrypts under the active SM4 key, opens under it and under retiring ones; raises KeyUnusable."""
        active = self._active(alias, [Purpose.ENCRYPT], Algorithm.SM4)
        entries = [active, *self._usable(alias, [Purpose.ENCRYPT], Algorithm.SM4, CHECKS)]
        return Sm4CbcCipher({entry.key_id: self._secret(entry) for entry in entries}, active.key_id)

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

    def ssh_key(self, alias: str) -> bytes:
        """The active OpenSSH private key, PEM; raises KeyUnusable."""
        return self._secret(self._active(alias, [Purpose.TRANSPORT], Algorithm.SSH))

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
            raise KeyUnusable(f"{len(found)} usable keys for verifying have the id that the message names")
        return VerifyingKey(found[0].alias, key_id, ed25519.public_from_pem(found[0].public))

    def active_key_id(self, alias: str) -> str:
        """The id of the key that makes things under this alias today; raises KeyUnusable."""
        return self._active(alias, list(Purpose), None).key_id

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
        entries = self.entries(alias)
        if not entries:
            raise KeyUnusable(f"no key alias {alias!r} in the keystore")
        first = entries[0]  # an alias has one purpose and one algorithm
        if first.purpose not in purposes:
            raise KeyUnusable(f"key alias {alias!r} is for {first.purpose}, not for {' or '.join(purposes)}")
        if algorithm is not None and first.algorithm is not algorithm:
            raise KeyUnusable(f"key alias {alias!r} is {first.algorithm}, and {algorithm} is needed")
        today = self._today()
        usable = [entry for entry in entries if entry.state in states and (not dated or entry.current(today))]
        if not usable:
            known = "; ".join(entry.described() for entry in entries)
            wanted = " or ".join(state for state in KeyState if state in states)
            raise KeyUnusable(f"key alias {alias!r} has no key that is {wanted} on {today}: {known}")
        return usable

    def _secret(self, entry: KeyEntry) -> bytes:
        if entry.sealed_secret is None:
            raise KeyUnusable(f"key {entry.key_id} of {entry.alias!r} has only its public half here")
        return self._master.unseal(entry.sealed_secret, entry.binding())

    def __reduce__(self) -> str:
        raise TypeError("a keystore does not travel: open it where it is needed")


def _start(entry: KeyEntry) -> date:
    return entry.not_before or date.min
