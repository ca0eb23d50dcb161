"""A bank's keys that do not count today (不可用密钥), to tell whose a refused signature is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from crypto.contract import CryptoError, KeyUnusable, MessageCipher, SignatureInvalid, StreamSigner, StreamVerifier
from crypto.key_entry import CHECKS, KeyEntry, KeyState, Owner
from crypto.keystore import beijing_today
from crypto.schemes.registry import SCHEMES
from gateway.services.whose_signature import SignedByRevokedKey
from gateway.wiring.bank_keys import BankKeys


@dataclass(frozen=True, slots=True)
class UnusableBankKeys:
    """``gateway.services.context.UnusableKeys`` over the keystore."""

    keys: BankKeys

    def signer(self) -> StreamSigner:
        """Never: raises KeyUnusable."""
        raise KeyUnusable("these keys only tell whose a signature is")

    def verifier(self) -> StreamVerifier:
        """All that are pending, retired, revoked or outside their dates; raises SignatureInvalid where there are none."""
        scheme = SCHEMES[self.keys.security.scheme]
        publics = {
            entry.key_id: entry.public
            for entry in self._entries()
            if entry.public and entry.algorithm is scheme.algorithm and not _counts(entry, beijing_today())
        }
        if not publics:
            raise SignatureInvalid("no key of this bank is known that does not count")
        return scheme.verifier(publics, self.keys.parameters())

    def cipher(self) -> MessageCipher:
        """As for any message; raises KeyUnusable."""
        return self.keys.cipher()

    def verdict(self, key_id: str) -> CryptoError:
        """SignedByRevokedKey; KeyUnusable for a key still to come, since then the message waits; else SignatureInvalid."""
        alias = self.keys.verification_alias()
        entry = next(entry for entry in self._entries() if entry.key_id == key_id)
        if entry.state is KeyState.REVOKED:
            return SignedByRevokedKey(alias, key_id)
        signed = f"it is signed with key {entry.described()} of {alias}"
        to_come = entry.not_before is not None and beijing_today() < entry.not_before
        if entry.state is KeyState.PENDING or (to_come and entry.state in CHECKS):
            return KeyUnusable(f"{signed}, which is not in force: have it activated, the message waits for that")
        return SignatureInvalid(f"{signed}, which is no longer in force; ask the bank to sign with its present key")

    def _entries(self) -> list[KeyEntry]:
        entries = self.keys.ring().entries(self.keys.verification_alias())
        return [entry for entry in entries if entry.owner is Owner.COUNTERPARTY]


def _counts(entry: KeyEntry, today: date) -> bool:
    return entry.state in CHECKS and entry.current(today)
