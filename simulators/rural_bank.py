"""The bank ``rural-fixed`` without its network: instruction files in, acknowledgements and result files out.

Works on the three directories that its SFTP door shows. Every instruction id is booked once; the same file
again is acknowledged again and pays nothing.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Lock
from typing import Final

import polars as pl

from simulators.answers import Answer, Kind, Plan, Status, of_type, plan
from simulators.counterparty import Clock, Counterparty, wall_clock_ms
from simulators.ledger import AlreadyBooked, Ledger
from simulators.rural_answers import ACCEPTED, acknowledgement, answer_file
from simulators.rural_records import FileUnreadable, InstructionFile, read_instruction
from simulators.rural_spoiling import spoiled
from simulators.script import DelayAcknowledgement, GoOffline, RefuseFile, Script
from simulators.signatures import Seal

_INSTRUCTION_NAME: Final = re.compile(r"DF([0-9A-Za-z]{17})\.txt")
_FILE_PREFIX: Final = {Kind.RESULT: "DR", Kind.RETURN: "DT"}


@dataclass(frozen=True, slots=True)
class Publication:
    """One file (and its signature) to be shown at its time."""

    staged: Path
    signature: bytes | None
    destination: Path
    half: bool = False
    came_back: pl.DataFrame | None = None  # returned items, booked back when this is shown


class RuralBank:
    """The bank's back office; ``receive`` may be called from one worker thread, ``tick`` from the loop."""

    def __init__(self, state: Path, script: Script, seal: Seal, clock: Clock = wall_clock_ms):
        self.root = state / "files"
        self._staging = state / "staging"
        self._seal = seal
        self._receipt = Lock()
        self._answered: set[str] = set()
        self.desk: Counterparty[Publication] = Counterparty(script, clock)
        self.ledger = Ledger(state / "ledger")
        for folder in (*(self.root / name for name in ("in", "ack", "out")), self._staging):
            folder.mkdir(parents=True, exist_ok=True)

    @staticmethod
    def message_id_of(name: str) -> str | None:
        """The message id in an instruction file's name; None for any other file."""
        match = _INSTRUCTION_NAME.fullmatch(name)
        return match[1] if match else None

    def recover(self) -> None:
        """After a restart: answer what lies in ``/in`` and was not fully answered."""
        for path in sorted((self.root / "in").glob("DF*.txt"), key=lambda p: p.stat().st_mtime_ns):
            self.receive(path.name)

    def receive(self, name: str) -> None:
        """Handle one complete file in ``/in``; anything but an instruction file is left alone."""
        message_id = self.message_id_of(name)
        if message_id is None:
            return
        with self.desk.receiving(), self._receipt:
            content = (self.root / "in" / name).read_bytes()
            nth = self.ledger.notice(message_id)
            try:
                self._take(message_id, nth, content)
            except FileUnreadable as refusal:
                today = datetime.fromtimestamp(self.desk.clock() / 1000, UTC).date()
                self._acknowledge(message_id, today, refusal.code, refusal.text, 0)

    def _take(self, message_id: str, nth: int, content: bytes) -> None:
        self._check_signature(message_id, content)
        instruction = read_instruction(content)
        if instruction.message_id != message_id:
            raise FileUnreadable("9003", "文件名与报文编号不符")
        planned = plan(self.desk.script, message_id, nth, instruction.items, instruction.requested_on)
        for refusal in of_type(planned.effects, RefuseFile):
            raise FileUnreadable(refusal.code, refusal.text)
        rows = instruction.items.select("reference", "amount_fen", pl.Series("credited", planned.credited))
        try:
            self.ledger.book(message_id, hashlib.sha256(content).hexdigest(), rows)
        except AlreadyBooked as known:
            self._again(message_id, instruction, planned, same_content=known.same_content)
            return
        self._answer(message_id, instruction, planned, anew=True)

    def _check_signature(self, message_id: str, content: bytes) -> None:
        try:
            signature = (self.root / "in" / f"DF{message_id}.txt.sig").read_bytes()
        except FileNotFoundError:
            raise FileUnreadable("9001", "缺少签名文件") from None
        if not self._seal.is_genuine(content, signature):
            raise FileUnreadable("9002", "验签失败")

    def _again(self, message_id: str, instruction: InstructionFile, planned: Plan, *, same_content: bool) -> None:
        """The very same file: the same acknowledgement once more. Other content never replaces an answer given."""
        shown = self.root / "ack" / f"DA{message_id}.txt"
        if same_content and shown.exists():
            for path in (shown.with_name(f"{shown.name}.sig"), shown):
                os.utime(path)
        if same_content and message_id not in self._answered:
            self._answer(message_id, instruction, planned, anew=False)

    def _answer(self, message_id: str, instruction: InstructionFile, planned: Plan, *, anew: bool) -> None:
        """Put everything planned on the agenda; not ``anew``, after a restart, leaves out what is shown already."""
        self._answered.add(message_id)
        wait = sum(round(effect.seconds * 1000) for effect in of_type(planned.effects, DelayAcknowledgement))
        if not (self.root / "ack" / f"DA{message_id}.txt").exists():
            self._acknowledge(message_id, instruction.file_date, ACCEPTED, "", wait)
        due = self.desk.clock() + wait
        for answer in planned.answers:
            name = f"{_FILE_PREFIX[answer.kind]}{message_id}_{answer.part:03d}.txt"
            if anew or not (self.root / "out" / name).exists():
                self._stage(message_id, name, instruction.file_date, answer, due)
        for away in of_type(planned.effects, GoOffline):
            self.desk.go_away(away.seconds)

    def _acknowledge(self, message_id: str, day: date, status: str, text: str, wait_ms: int) -> None:
        content = acknowledgement(message_id, day, status, text)
        staged = self._staged(f"DA{message_id}.txt", content)
        publication = Publication(staged, self._seal.sign(content), self.root / "ack" / f"DA{message_id}.txt")
        self.desk.agenda.add(self.desk.clock() + wait_ms, publication, holdable=False)

    def _stage(self, message_id: str, name: str, day: date, answer: Answer, due_ms: int) -> None:
        right = answer_file(message_id, answer.kind, day, answer.rows, total_off_by=answer.how == "wrong-total")
        content, signature = spoiled(self._seal, right, answer.how)
        back = answer.rows.filter(pl.col("status") == Status.RETURNED) if answer.kind is Kind.RETURN else None
        staged = self._staged(name, content)
        half = answer.how == "truncated"
        publication = Publication(staged, signature, self.root / "out" / name, half=half, came_back=back)
        self.desk.agenda.add(due_ms + answer.after_ms, publication)

    def _staged(self, name: str, content: bytes) -> Path:
        digest = hashlib.sha256(content).hexdigest()[:12]
        staged = self._staging / f"{self.desk.clock()}-{os.urandom(4).hex()}-{digest}-{name}"
        staged.write_bytes(content)
        return staged

    def tick(self) -> None:
        """Show every file whose time has come: the signature first, then the data, each by rename."""
        for publication in self.desk.agenda.take_due(self.desk.clock()):
            self._show(publication)

    def _show(self, publication: Publication) -> None:
        destination = publication.destination
        if publication.signature is not None:
            partial = publication.staged.with_suffix(".sig")
            partial.write_bytes(publication.signature + b"\n")
            partial.replace(destination.with_name(f"{destination.name}.sig"))
        if publication.half:
            whole = publication.staged.read_bytes()
            publication.staged.write_bytes(whole[: len(whole) // 2])
        publication.staged.replace(destination)
        if publication.came_back is not None:
            self.ledger.give_back(destination.stem, publication.came_back)
