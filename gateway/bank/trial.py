"""A trial of a profile (试编): parts that are right one by one and do not go together show when a message is made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

from adapters.profile import BankProfile
from adapters.registry import DIALECTS
from gateway.bank.places import ToolRefused
from gateway.bank.previewing import preview
from gateway.bank.sample import sample_items
from messages.layout.positions import Problem, read_document

_DAY: Final = date(2026, 3, 2)
_ITEMS: Final = 5


def trial(path: Path, profile: BankProfile) -> Iterator[Problem]:
    """Why no message at all could be made by the profile at ``path``; a dialect that is not there is told elsewhere."""
    if profile.dialect not in DIALECTS:
        return
    try:
        preview(profile, sample_items(profile, _ITEMS), profile.effective_from or _DAY, details=0)
    except ToolRefused as refused:
        what = f"no instruction can be made of a sample: {refused}"
        remedy = "see what does not go together: layout, encoding, envelope, user_code"
        yield read_document(path).problem(("dialect",), what, remedy)
