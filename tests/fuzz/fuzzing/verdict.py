"""The verdict on one input: an answer, a refusal of the kind that was promised, or a finding."""

from __future__ import annotations

import re
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fuzzing.marker import told_by
from fuzzing.target import Target

HANG_SECONDS: Final = 5.0
"""Processor time that one small input may take."""
_ROOT: Final = Path(__file__).resolve().parents[3]
_OURS: Final = tuple(str(_ROOT / room) for room in ("adapters", "crypto", "gateway", "messages", "simulators"))
_NUMBERS: Final = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not be; inputs with the same ``identity`` show the same thing."""

    identity: str
    what: str


def judge(target: Target, content: bytes) -> Finding | None:
    """Calls the target once. Every kind of exception counts, also a panic of a library below us."""
    began = time.process_time()
    try:
        target.call(content)
    except target.refusals as refusal:
        if (said := told_by(refusal)) is not None:
            what = _NUMBERS.sub("#", type(refusal).__name__)
            return Finding(f"tells-{what}-{_place(refusal)}", f"a refusal repeats personal data: {said[:300]}")
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as fault:
        told = "".join(traceback.format_exception(fault, limit=-12))
        return Finding(f"{type(fault).__name__}-{_place(fault)}", told[-3_000:])
    took = time.process_time() - began
    return Finding("slow", f"took {took:.1f} s for {len(content)} octets") if took > HANG_SECONDS else None


def _place(fault: BaseException) -> str:
    """The innermost line of ours that the fault went through."""
    ours = [frame for frame in _frames(fault) if frame.filename.startswith(_OURS)]
    if not ours:
        return "outside"
    return f"{Path(ours[-1].filename).relative_to(_ROOT).with_suffix('')}-{ours[-1].lineno}".replace("/", ".")


def _frames(fault: BaseException) -> Iterator[traceback.FrameSummary]:
    yield from traceback.extract_tb(fault.__traceback__)
