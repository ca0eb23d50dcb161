"""What changes between two layouts (报文格式变更), field by field and with the clause that says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from messages.layout.model import FieldLine, Form, Layout, Message, Record
from messages.layout.vocabulary import MessageName

PARTS: Final = ("header", "detail", "trailer")
_Placed: TypeAlias = dict[str, tuple[FieldLine, str]]
_PLACED: Final = {"name", "octets", "path", "title", "clause"}


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One change of one field; ``what`` is added, removed, moved, widened, narrowed or changed."""

    message: str
    part: str
    field: str
    title: str
    clause: str
    what: str
    before: str | None
    after: str | None


def layout_changes(old: Layout | None, new: Layout | None) -> Iterator[FieldChange]:
    """Changes in the order of the messages; a layout that one side does not have adds or removes every field."""
    if old is not None and new is not None:
        yield from _whole(old, new)
    for name in MessageName:
        before, after = (layout.messages.get(name) if layout else None for layout in (old, new))
        if before != after:
            yield from _message(name.value, old, new, before, after)


def _whole(old: Layout, new: Layout) -> Iterator[FieldChange]:
    for key in ("document", "form", "delimited", "namespaces"):
        before, after = getattr(old, key), getattr(new, key)
        if before != after:
            yield FieldChange("(layout)", "", key, "", "", "changed", _shown(before), _shown(after))


def _message(
    name: str, old: Layout | None, new: Layout | None, before: Message | None, after: Message | None
) -> Iterator[FieldChange]:
    for key in ("root", "rows"):
        one, other = (getattr(message, key, None) for message in (before, after))
        if before is not None and after is not None and one != other:
            yield FieldChange(name, "", key, "", after.clause, "changed", one, other)
    for part in PARTS:
        records = [getattr(message, part) if message else () for message in (before, after)]
        was, now = (_places(layout, record) for layout, record in zip((old, new), records, strict=True))
        yield from _record(name, part, was, now)


def _places(layout: Layout | None, record: Record) -> _Placed:
    """Each field by name, and where it stands: octets from-to, the column, or the path."""
    placed: _Placed = {}
    start = 0
    for number, line in enumerate(record, 1):
        if layout is not None and layout.form is Form.FIXED_WIDTH:
            end = start + (line.octets or 0)
            place, start = f"{start + 1}-{end}", end
        else:
            place = line.path or str(number)
        placed[line.name] = (line, place)
    return placed


def _record(message: str, part: str, old: _Placed, new: _Placed) -> Iterator[FieldChange]:
    for name in dict.fromkeys([*new, *old]):
        line, _ = new.get(name) or old[name]
        for what, before, after in _changes(old.get(name), new.get(name)):
            yield FieldChange(message, part, name, line.title, line.clause, what, before, after)


def _changes(
    old: tuple[FieldLine, str] | None, new: tuple[FieldLine, str] | None
) -> Iterator[tuple[str, str | None, str | None]]:
    if old is None or new is None:
        here = new or old
        if here is not None:
            shown = f"{here[1]} {here[0].kind.value}"
            yield ("added", None, shown) if old is None else ("removed", shown, None)
        return
    (before, was), (after, now) = old, new
    if before.octets != after.octets:
        wider = (after.octets or 10**9) > (before.octets or 10**9)
        yield "widened" if wider else "narrowed", f"{was} ({before.octets})", f"{now} ({after.octets})"
    elif was != now:
        yield "moved", was, now
    for key in FieldLine.model_fields.keys() - _PLACED:
        one, other = getattr(before, key), getattr(after, key)
        if one != other:
            yield "changed", f"{key}: {_shown(one)}", f"{key}: {_shown(other)}"


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(f"{one[0]}={one[1]}" if isinstance(one, tuple) else str(one) for one in value)
    return str(value)
