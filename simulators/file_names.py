"""The names of files both ways (文件命名), by the patterns of the bank's profile."""

from __future__ import annotations

import re
from dataclasses import dataclass

from simulators.answers import Kind
from simulators.bank_contract import Outgoing
from simulators.declaration import Declaration, FileNames


@dataclass(frozen=True, slots=True)
class FilePatterns:
    """One bank's patterns; the file part is three digits."""

    names: FileNames
    suffix: str  # of a detached signature's file
    instruction: re.Pattern[str]

    @classmethod
    def of(cls, declaration: Declaration) -> FilePatterns | None:
        """The patterns of a bank that exchanges files; null for any other. ValueError where it names none."""
        if not declaration.transport.by_files:
            return None
        if declaration.file_names is None:
            raise ValueError(f"bank {declaration.bank} exchanges files: its profile must have file_names")
        before, _, after = declaration.file_names.instruction.partition("{message_id}")
        pattern = re.compile(f"{re.escape(before)}([0-9A-Za-z]{{1,35}}){re.escape(after)}")
        return cls(declaration.file_names, declaration.security.detached_suffix, pattern)

    def message_id_of(self, name: str) -> str | None:
        """The message id in an instruction file's name; null for any other file."""
        match = self.instruction.fullmatch(name)
        return match[1] if match else None

    @property
    def acknowledges(self) -> bool:
        """Whether there are files that acknowledge (回执)."""
        return self.names.acknowledgement is not None

    def name_of(self, outgoing: Outgoing) -> str:
        """What a file of the bank is called; returns without a name of their own are results with a part of their own."""
        if outgoing.kind is None:
            if self.names.acknowledgement is None:
                raise ValueError("this bank has no acknowledgement files")
            return self.names.acknowledgement.format(message_id=outgoing.message_id)
        part = f"{outgoing.number:03d}"
        if outgoing.kind is Kind.RETURN and self.names.returned is not None:
            return self.names.returned.format(message_id=outgoing.message_id, part=part)
        mark = "R" if outgoing.kind is Kind.RETURN else ""
        return self.names.result.format(message_id=outgoing.message_id, part=f"{mark}{part}")
