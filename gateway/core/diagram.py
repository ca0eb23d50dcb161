"""The life-cycle table as a picture: Mermaid text for the documentation, made from ``TRANSITIONS``."""

from __future__ import annotations

from gateway.core.lifecycle import TRANSITIONS


def life_cycle_diagram() -> str:
    """A Mermaid state diagram; events that lead from one state to the same other state share an arrow."""
    lines = ["stateDiagram-v2", "    [*] --> READY"]
    for state, row in TRANSITIONS.items():
        arrows: dict[str, list[str]] = {}
        for event, target in row.items():
            if target is not state:
                arrows.setdefault(target.name, []).append(event.name)
        lines += [f"    {state.name} --> {target}: {', '.join(events)}" for target, events in arrows.items()]
    return "\n".join(lines)
