"""The one refusal of the ISO 20022 readers (报文无法读取)."""

from __future__ import annotations


class Unreadable(Exception):
    """A message cannot be read; says what is wrong and where, and quotes nothing of the content."""

    def __init__(self, what: str, *, line: int | None = None, field: str | None = None):
        self.what, self.line, self.field = what, line, field
        places = [f"{label} {value}" for label, value in (("line", line), ("field", field)) if value is not None]
        super().__init__(f"{what} ({', '.join(places)})" if places else what)
