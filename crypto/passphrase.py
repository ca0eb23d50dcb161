"""Where the keystore's passphrase comes from (口令来源): a file, an environment variable, or a person at a terminal.

A source is asked again when the keystore was written under another passphrase, so that a change needs no restart where
the source can know the new one. Sources can be pickled and handed to worker processes through their pipe; a prompted
passphrase travels with its source, never in an argument or an environment variable.
"""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from crypto import keystore_file
from crypto.contract import KeyUnusable
from crypto.key_reasons import KeyReason
from crypto.private_file import read_private


class PassphraseSource(Protocol):
    """Gives the passphrase, and takes part in its change so that a crash at any point leaves one that opens."""

    def candidates(self) -> tuple[str, ...]:
        """The passphrases that may be in force, likeliest first; raises KeyUnusable."""

    def stage(self, passphrase: str, current: str | None, /) -> None:
        """Keep the coming passphrase beside the current one, before the keystore is written. Raises KeyUnusable."""

    def settle(self) -> None:
        """The keystore lies under the staged passphrase now."""


@dataclass(slots=True)
class KnownPassphrase:
    """Words that a caller has already; tests, tools, and a first set-up."""

    _words: str = field(repr=False)
    _coming: str | None = field(default=None, repr=False)

    def candidates(self) -> tuple[str, ...]:
        """The words, then what is to follow them."""
        return (self._words,) if self._coming is None else (self._words, self._coming)

    def stage(self, passphrase: str, _current: str | None) -> None:
        """In memory."""
        self._coming = passphrase

    def settle(self) -> None:
        """From now on the staged words."""
        self._words, self._coming = self._coming or self._words, None


@dataclass(frozen=True, slots=True)
class FilePassphrase:
    """A file that only its owner may read; surrounding white space is not part of it.

    During a change the coming passphrase lies in ``<file>.next``: whichever of the two opens the keystore is in force.
    """

    path: Path

    def candidates(self) -> tuple[str, ...]:
        """What the file says, then what ``<file>.next`` says if a change was under way; raises KeyUnusable."""
        coming = (
            self._coming()
        )  # before the file itself: it takes the file's place at any moment, and never the reverse
        return (read_private(self.path),) if coming is None else (read_private(self.path), coming)

    def stage(self, passphrase: str, current: str | None) -> None:
        """Write ``<file>.next``; what lies there from an earlier change is brought home first if it is in force."""
        try:
            if current is not None and self._coming() == current:
                self.settle()
            with keystore_file.durable(self._next):
                keystore_file.replace_file(self._next, passphrase.encode() + b"\n")
        except OSError as error:
            raise KeyUnusable(
                f"passphrase file {self._next}: {error.strerror}: the change needs to write there; nothing was changed",
                KeyReason.PASSPHRASE_SOURCE,
            ) from error

    def settle(self) -> None:
        """``<file>.next`` takes the file's place; left for the next change where that cannot be done."""
        try:
            with keystore_file.durable(self.path):
                self._next.replace(self.path)
        except OSError:
            return  # both are read until then, and the keystore is already written: nothing is lost

    def _coming(self) -> str | None:
        try:
            return read_private(self._next)
        except KeyUnusable:
            if self._next.exists():
                raise
            return None

    @property
    def _next(self) -> Path:
        return self.path.with_name(self.path.name + ".next")


@dataclass(frozen=True, slots=True)
class EnvironmentPassphrase:
    """An environment variable; a process keeps the value with which it was started."""

    name: str

    def candidates(self) -> tuple[str, ...]:
        """The variable's value; raises KeyUnusable."""
        if not (words := os.environ.get(self.name, "").strip()):
            raise KeyUnusable(f"environment variable {self.name} is not set", KeyReason.PASSPHRASE_SOURCE)
        return (words,)

    def stage(self, _passphrase: str, _current: str | None) -> None:
        """Nothing here: whoever changes it tells the start of the processes."""

    def settle(self) -> None:
        """This process goes on with the new one."""


@dataclass(slots=True)
class PromptedPassphrase:
    """A person at the terminal, asked once; workers get the answer with the source."""

    _words: str | None = field(default=None, repr=False)
    _coming: str | None = field(default=None, repr=False)
    ask: Callable[[str], str] = field(default=getpass.getpass, repr=False)
    at_terminal: Callable[[], bool] = field(default=sys.stdin.isatty, repr=False)

    def candidates(self) -> tuple[str, ...]:
        """The answer, then what is to follow it; raises KeyUnusable where there is nobody to ask."""
        if self._words is None:
            self._words = self._asked()
        return (self._words,) if self._coming is None else (self._words, self._coming)

    def _asked(self) -> str:
        if not self.at_terminal():
            raise KeyUnusable(
                "the keystore's passphrase is to be typed in, and there is no terminal: start it at one, "
                "or set keystore.passphrase_file",
                KeyReason.PASSPHRASE_SOURCE,
            )
        try:
            return self.ask("Passphrase of the keystore 密钥库口令: ").strip()
        except (EOFError, OSError) as error:
            raise KeyUnusable("no passphrase was typed in", KeyReason.PASSPHRASE_SOURCE) from error

    def stage(self, passphrase: str, _current: str | None) -> None:
        """In memory."""
        self._coming = passphrase

    def settle(self) -> None:
        """From now on the staged words."""
        self._words, self._coming = self._coming or self._words, None

    def forget(self) -> None:
        """Ask again next time: the answer was wrong."""
        self._words = None

    def __reduce__(self) -> tuple[type[KnownPassphrase], tuple[str]]:
        return KnownPassphrase, (self.candidates()[0],)
