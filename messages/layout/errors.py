"""What can be wrong with a file: bytes that are not what the layout says, or values that it cannot carry."""

from __future__ import annotations

from typing import NamedTuple


class LayoutError(Exception):
    """Bytes that are not the document's; says line, field and clause, and carries no personal data."""

    def __init__(self, what: str, *, line: int | None = None, field: str | None = None, clause: str | None = None):
        self.what, self.line, self.field, self.clause = what, line, field, clause
        places = (("line", line), ("field", field), ("clause", clause))
        place = ", ".join(f"{label} {value}" for label, value in places if value is not None)
        super().__init__(f"{what} ({place})" if place else what)

    def __reduce__(self) -> tuple[type[LayoutError], tuple[str], dict[str, object]]:
        places = {"line": self.line, "field": self.field, "clause": self.clause}
        return type(self), (str(self),), {"what": self.what, **places}


class Finding(NamedTuple):
    """One value that a layout cannot carry: 0-based row of its block, source, why."""

    row: int
    source: str
    why: str


class CannotWrite(Exception):
    """Values that do not fit or cannot be encoded. Nothing is ever cut to make it fit."""

    def __init__(self, findings: list[Finding]):
        self.findings = findings
        first = findings[0]
        super().__init__(
            f"{len(findings)} value(s) cannot be written; first: row {first.row}, {first.source}: {first.why}"
        )

    def __reduce__(self) -> tuple[type[CannotWrite], tuple[list[Finding]]]:
        return type(self), (self.findings,)


class CellsRefused(Exception):
    """One field of one row cannot be read; the record gives it its line, name and clause."""

    def __init__(self, row: int, what: str):
        self.row, self.what = row, what
        super().__init__(what)
