"""One token behind a PKCS#11 module (PKCS#11 令牌): a session that several threads share and that is found again.

The module is initialised without its own locking (``C_Initialize(NULL)``), so one call is made at a time. A lost session,
a token pulled out and put back, a restarted device: the next call opens everything anew, once. A wrong PIN is never tried
twice, since a token locks itself after a few.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pkcs11
from pkcs11.exceptions import (
    MechanismInvalid,
    MultipleTokensReturned,
    NoSuchKey,
    NoSuchToken,
    PinIncorrect,
    PinLocked,
    PKCS11Error,
    TokenNotPresent,
)

from crypto.contract import KeyUnusable
from crypto.key_reasons import KeyReason

T = TypeVar("T")


class TokenSession:
    """Calls on one token, one at a time."""

    def __init__(self, module: Path, token: str, pin: Callable[[], str]):
        """Nothing is opened before the first call; ``pin`` is asked each time that a session is opened."""
        self._module, self._token, self._pin = module, token, pin
        self._lock = threading.Lock()
        self._session: pkcs11.Session | None = None
        self._refused_pin: bytes | None = None
        self._mechanisms: set[int] | None = None

    def call(self, action: Callable[[pkcs11.Session], T], *, writes: bool = False) -> T:
        """What ``action`` answers in a session that is logged in; raises KeyUnusable. ``writes`` to the token."""
        with self._lock:
            try:
                try:
                    return self._once(action, writes)
                except MechanismInvalid:
                    raise  # a new session would answer the same
                except PKCS11Error:
                    self._forget()
                    return self._once(action, writes)
            except PKCS11Error as error:
                self._forget()
                raise self._told(error) from error

    def mechanisms(self) -> set[int]:
        """The numbers of the mechanisms that the token has, asked once; raises KeyUnusable."""
        if self._mechanisms is None:
            self._mechanisms = self.call(lambda session: {int(one) for one in session.token.slot.get_mechanisms()})
        return self._mechanisms

    def _once(self, action: Callable[[pkcs11.Session], T], writes: bool) -> T:
        if writes:
            self._close()  # a login is the process's, so the reading session must go before one that may write
        session = self._session or self._opened(writes)
        self._session = None if writes else session
        try:
            return action(session)
        finally:
            if writes:
                session.close()

    def _opened(self, writes: bool) -> pkcs11.Session:
        words = self._pin()
        fingerprint = hashlib.sha256(words.encode()).digest()
        if fingerprint == self._refused_pin:
            raise self._told(PinIncorrect())
        token = pkcs11.lib(str(self._module)).get_token(token_label=self._token)
        try:
            return token.open(rw=writes, user_pin=words)
        except PinIncorrect:
            self._refused_pin = fingerprint
            raise

    def _close(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            session.close()

    def _forget(self) -> None:
        """Start the module anew: that is how it notices that a token came back."""
        self._session = None
        try:
            pkcs11.lib(str(self._module)).reinitialize()
        except (PKCS11Error, RuntimeError):
            pkcs11.unload(str(self._module))

    def _told(self, error: PKCS11Error) -> KeyUnusable:
        name = type(error).__name__
        where = f"PKCS#11 token {self._token!r} ({self._module})"
        if isinstance(error, (NoSuchToken, TokenNotPresent)):
            return KeyUnusable(f"{where} is not there: connect the device, see its label and module", KeyReason.TOKEN)
        if isinstance(error, MultipleTokensReturned):
            return KeyUnusable(f"{where}: several tokens have this label", KeyReason.TOKEN)
        if isinstance(error, (PinIncorrect, PinLocked)):
            return KeyUnusable(
                f"{where}: {name}: correct pin_file; the same PIN is not tried again, so that the token does not lock",
                KeyReason.TOKEN,
            )
        if isinstance(error, MechanismInvalid):
            return KeyUnusable(f"{where} lacks the mechanism: {name}", KeyReason.TOKEN_LACKS)
        if isinstance(error, NoSuchKey):
            return KeyUnusable(f"{where} has no such private key", KeyReason.TOKEN)
        return KeyUnusable(f"{where} does not answer as it should: {name} {error}".rstrip(), KeyReason.TOKEN)
