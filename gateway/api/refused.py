"""What the door turns away (拒绝的调用): who was refused and why, for whoever keeps count of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.core.authority import Actor, Permission


@dataclass(frozen=True, slots=True)
class Refused:
    """One refusal; an ``actor`` without roles has only been claimed, not proven."""

    actor: Actor
    code: str
    permission: Permission | None = None


Note = Callable[[Refused], None]
"""Told on the reactor; must not block."""


def unnoted(refused: Refused) -> None:
    """Nobody keeps count."""
