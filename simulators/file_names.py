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

    def name_of(self, outgoing: Outgoing) -> str:
        """What a file of the bank is called."""
        if outgoing.kind is None:
            return self.names.acknowledgement.format(message_id=outgoing.message_id)
        pattern = self.names.returned if outgoing.kind is Kind.RETURN else self.names.result
        return pattern.format(message_id=outgoing.message_id, part=f"{outgoing.number:03d}")
