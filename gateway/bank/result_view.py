"""What a bank's sample result becomes (银行回文预览): outcome, reason and remedy through the code table."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from adapters.code_table import CodeTable, Decoded
from adapters.contract import RESULT_SCHEMA, MessageRefused, ParsedResult
from adapters.envelopes.registry import ENVELOPES
from adapters.file_names import recognise
from adapters.profile import BankProfile
from crypto.contract import KeyUnusable, SignatureInvalid
from gateway.bank.annotation import RecordView, view
from gateway.bank.places import ToolRefused
from gateway.bank.previewing import dialect_of
from gateway.bank.raw_records import raw_records
from gateway.bank.unverified import NobodysKeys
from messages.layout.model import Form
from messages.outcome import Outcome

_COLUMNS: Final = ("reference", "status_raw", "reason_raw", "text_raw", "outcome", "reason", "remedy", "mapped")


@dataclass(frozen=True, slots=True)
class ResultView:
    """A bank's message in our words; ``group`` is null where it says nothing about the whole file."""

    name: str
    parsed: ParsedResult
    group: Decoded | None
    rows: pl.DataFrame  # _COLUMNS and the rest of RESULT_SCHEMA

    @property
    def unmapped(self) -> list[tuple[str, str]]:
        """Statuses and reasons that the code table does not have, each once."""
        pairs = self.rows.filter(~pl.col("mapped")).select("status_raw", "reason_raw").unique(maintain_order=True)
        found = [(status or "", reason or "") for status, reason in pairs.iter_rows()]
        if self.group is not None and not self.group.mapped:
            found.insert(0, (f"file:{self.parsed.group_status_raw or ''}", self.parsed.group_reason_raw or ""))
        return found

    def as_json(self) -> dict[str, Any]:
        """As plain JSON values, without accounts."""
        return {
            "name": self.name,
            "kind": self.parsed.kind.value,
            "original_message_id": self.parsed.original_message_id,
            "group_status_raw": self.parsed.group_status_raw,
            "group_outcome": self.group.outcome.value if self.group else None,
            "rows": self.rows.select(*_COLUMNS).to_dicts(),
            "outcomes": dict(sorted(Counter(self.rows["outcome"]).items())),
            "unmapped": [{"status_raw": status, "reason_raw": reason} for status, reason in self.unmapped],
        }


class ResultRefused(Exception):
    """The gateway would put the bank's message into quarantine; ``record`` is the one at fault, where it is known."""

    def __init__(self, refused: MessageRefused, record: RecordView | None):
        super().__init__(str(refused))
        self.refused, self.record = refused, record


def result_view(profile: BankProfile, codes: CodeTable, path: Path) -> ResultView:
    """The message in the file at ``path``; raises ToolRefused, ResultRefused. Signatures are not looked at."""
    content = _content(profile, path)
    dialect = dialect_of(profile)
    try:
        content = _opened(profile, content)
        parsed = dialect.parse(profile, path.name, [content])
    except MessageRefused as refused:
        raise ResultRefused(refused, _record(profile, path.name, content, refused.line)) from None
    rows = pl.concat(parsed.blocks) if parsed.blocks else pl.DataFrame(schema=RESULT_SCHEMA)
    return ResultView(path.name, parsed, _group(parsed, codes), codes.apply(rows))


def _content(profile: BankProfile, path: Path) -> bytes:
    try:
        if path.stat().st_size > profile.limits.result_bytes:
            raise ToolRefused(f"{path}: more octets than limits.result_bytes of the profile allows")
        return path.read_bytes()
    except OSError as fault:
        raise ToolRefused(f"{path} cannot be read: {fault.strerror}") from None


def _opened(profile: BankProfile, content: bytes) -> bytes:
    """What stands in the bank's envelope; a message that was never put into one is taken as it is."""
    envelope = ENVELOPES.get(profile.security.envelope)
    if envelope is None:
        return content
    try:
        return envelope.open(profile, content, NobodysKeys()).body
    except KeyUnusable:
        raise ToolRefused("messages of this bank are encrypted: give the decrypted message") from None
    except (MessageRefused, SignatureInvalid):
        return content


def _group(parsed: ParsedResult, codes: CodeTable) -> Decoded | None:
    if parsed.group_outcome is not None:
        return Decoded(Outcome(parsed.group_outcome), None, None, mapped=True)
    if parsed.group_status_raw is None:
        return None
    return codes.file(parsed.group_status_raw, parsed.group_reason_raw)


def _record(profile: BankProfile, name: str, content: bytes, line: int | None) -> RecordView | None:
    """The record at ``line`` cut by the layout, so that the engineer sees what stands where."""
    layout, names = profile.record_layout, profile.file_names
    recognised = recognise(names, name) if names is not None else None
    if layout is None or layout.form is Form.RECORD_XML or recognised is None or line is None:
        return None
    found = (r for r in raw_records(profile, layout.messages[recognised.message], content) if r.line == line)
    record = next(found, None)
    return None if record is None else view(record, {})
