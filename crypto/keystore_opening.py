"""Finding the master key of a keystore file (打开密钥库): whichever passphrase of its source is in force."""

from __future__ import annotations

import hashlib
from pathlib import Path

from crypto import keystore_file
from crypto.contract import KeyUnusable
from crypto.key_reasons import KeyReason
from crypto.master_key import MasterKey
from crypto.passphrase import PassphraseSource, PromptedPassphrase

SHORTEST_PASSPHRASE = 12


class Opener:
    """One file and the source of its passphrase."""

    def __init__(self, path: Path, source: PassphraseSource):
        self.path, self.source = path, source
        self._vain: bytes | None = None  # what was tried last without success

    def master(self, octets: bytes) -> MasterKey:
        """The master key for these octets; KeyUnusable on a wrong passphrase, a damaged file, or none to be had."""
        keystore_file.derivation_in(octets, self.path)  # a damaged file is told before anybody is asked
        wrong: KeyUnusable | None = None
        for words in self.source.candidates():
            try:
                return keystore_file.master_of(octets, words, self.path)
            except KeyUnusable as refused:
                if refused.reason is not KeyReason.WRONG_PASSPHRASE:
                    raise
                wrong = refused
        if isinstance(self.source, PromptedPassphrase):
            self.source.forget()
        raise wrong or KeyUnusable(f"keystore {self.path}: no passphrase is given", KeyReason.PASSPHRASE_SOURCE)

    def master_for(self, octets: bytes, held: MasterKey) -> MasterKey:
        """The held one, or after a change of passphrase the new one; what failed once is not derived again."""
        derivation = keystore_file.derivation_in(octets, self.path)
        if derivation == held.derivation:
            return held
        tried = hashlib.sha256("\n".join([repr(derivation), *self.source.candidates()]).encode()).digest()
        if tried != self._vain and not isinstance(self.source, PromptedPassphrase):
            try:
                return self.master(octets)
            except KeyUnusable as refused:
                if refused.reason is not KeyReason.WRONG_PASSPHRASE:
                    raise
        self._vain = tried
        raise KeyUnusable(
            f"keystore {self.path}: written under another passphrase since, which its source does not give: "
            "put the new one there, or open it anew (restart)",
            KeyReason.PASSPHRASE_CHANGED,
        )

    def stage(self, passphrase: str, octets: bytes) -> None:
        """Tell the source the coming passphrase; ``octets`` are the file under the current one. Raises KeyUnusable."""
        current = None
        candidates = self.source.candidates()
        if len(candidates) > 1:
            current = next((words for words in candidates if self._opens(octets, words)), None)
        self.source.stage(passphrase, current)

    def _opens(self, octets: bytes, words: str) -> bool:
        try:
            keystore_file.master_of(octets, words, self.path)
        except KeyUnusable:
            return False
        return True


def strong(passphrase: str) -> str:
    """The passphrase; KeyUnusable if it is too short."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise KeyUnusable(
            f"the keystore passphrase needs at least {SHORTEST_PASSPHRASE} characters", KeyReason.PASSPHRASE_SOURCE
        )
    return passphrase
