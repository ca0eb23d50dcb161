"""One key's place in the keystore: whose it is, what for, and its life (密钥生命周期)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from crypto.contract import KeyUnusable
from crypto.key_material import Algorithm
from crypto.key_reasons import KeyReason

IN_FILE = "file"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PROVIDER = re.compile(r"pkcs11:[A-Za-z0-9][A-Za-z0-9 ._-]{0,31}/[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Purpose(StrEnum):
    """What a key may be used for; nothing else."""

    SIGN = "sign"
    VERIFY = "verify"
    ENCRYPT = "encrypt"
    TRANSPORT = "transport"
    FIELD = "field"


class Owner(StrEnum):
    """Whose key it is: ours, or the other side's."""

    GATEWAY = "gateway"
    COUNTERPARTY = "counterparty"


class KeyState(StrEnum):
    """Where in its life a key is."""

    PENDING = "PENDING"  # known, not yet used
    ACTIVE = "ACTIVE"  # makes and checks
    RETIRING = "RETIRING"  # checks only: what the other side made with it is still on its way
    RETIRED = "RETIRED"  # neither; opens what was sealed at rest under it
    REVOKED = "REVOKED"  # nothing at all, ever again


TRANSITIONS: dict[KeyState, frozenset[KeyState]] = {
    KeyState.PENDING: frozenset({KeyState.ACTIVE, KeyState.REVOKED}),
    KeyState.ACTIVE: frozenset({KeyState.RETIRING, KeyState.REVOKED}),
    KeyState.RETIRING: frozenset({KeyState.ACTIVE, KeyState.RETIRED, KeyState.REVOKED}),  # back: the bank was not ready
    KeyState.RETIRED: frozenset({KeyState.REVOKED}),
    KeyState.REVOKED: frozenset(),
}
MAKES = frozenset({KeyState.ACTIVE})
CHECKS = frozenset({KeyState.ACTIVE, KeyState.RETIRING})
OPENS = frozenset({KeyState.ACTIVE, KeyState.RETIRING, KeyState.RETIRED})


@dataclass(frozen=True, slots=True)
class StateChange:
    """The day (Beijing) on which a key came into a state; who led it there, the audit knows."""

    state: KeyState
    on: date


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """Everything about a key that is not secret. Both dates are inclusive; None is no bound.

    ``provider`` says where the secret half is: "file" (sealed here, or nowhere), or "pkcs11:<token>/<label>" (in a
    cryptographic device 密码机, which it never leaves). ``created_at`` and ``history`` are empty for a key written before
    they were kept.
    """

    alias: str
    key_id: str
    purpose: Purpose
    algorithm: Algorithm
    owner: Owner
    state: KeyState
    not_before: date | None
    not_after: date | None
    public: str
    sealed_secret: str | None  # base64, under the keystore's master key
    provider: str = IN_FILE
    created_at: date | None = None
    history: tuple[StateChange, ...] = ()

    def __post_init__(self) -> None:
        for name in (self.alias, self.key_id):
            if not _NAME.fullmatch(name):
                raise KeyUnusable(
                    f"{name[:70]!r} is not a key alias or id: 1 to 64 of A-Z a-z 0-9 . _ -", KeyReason.BAD_NAME
                )
        if self.not_before and self.not_after and self.not_before > self.not_after:
            raise KeyUnusable(
                f"key {self.key_id}: not_before {self.not_before} is after not_after {self.not_after}",
                KeyReason.BAD_DATES,
            )
        if self.provider != IN_FILE and not _PROVIDER.fullmatch(self.provider):
            raise KeyUnusable(
                f"{self.provider[:90]!r} is no place of a key: pkcs11:<token>/<label>", KeyReason.BAD_NAME
            )

    def binding(self) -> str:
        """What the sealed secret is bound to, so that it cannot serve under another name, purpose or algorithm."""
        return f"keystore-secret\n{self.alias}\n{self.key_id}\n{self.purpose}\n{self.algorithm}"

    def current(self, today: date) -> bool:
        """Whether the day lies within the key's dates."""
        return (self.not_before is None or self.not_before <= today) and (
            self.not_after is None or today <= self.not_after
        )

    def moved(self, state: KeyState, on: date) -> KeyEntry:
        """The entry in a later state from that day; KeyUnusable if its life does not lead there."""
        if state not in TRANSITIONS[self.state]:
            raise KeyUnusable(
                f"key {self.key_id} of {self.alias} cannot go from {self.state} to {state}", KeyReason.TRANSITION
            )
        return replace(self, state=state, history=(*self.history, StateChange(state, on)))

    def described(self) -> str:
        """For messages to an operator."""
        dates = f"{self.not_before or ''}..{self.not_after or ''}"
        return f"{self.key_id} {self.state} {dates}" if dates != ".." else f"{self.key_id} {self.state}"
