"""A simulated bank without its network (模拟银行): instructions in, acknowledgements, results and returns out.

One engine plays every bank: what happens is decided here from the script, in wire-neutral terms; a codec writes it in
the bank's format, a seal signs it, a door moves it. Every instruction id is booked once, books and order are on disk
before anyone is told, and all that the bank will say is prepared in full, waiting for its time.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Final
from zlib import crc32

import polars as pl

from messages.outcome import Reason
from simulators.answers import Plan, each_under_its_own, of_type, plan
from simulators.bank_contract import Codec, Consent, MessageInvalid, NotGenuine, Order, Outgoing, Question, Seal, Taken
from simulators.counterparty import Clock, wall_clock_ms
from simulators.declaration import BankData, Failing
from simulators.engine_saying import Saying
from simulators.engine_script import check, translated
from simulators.engine_writing import Kept
from simulators.file_names import FilePatterns
from simulators.ledger import AlreadyBooked
from simulators.script import GoOffline, RefuseFile, Script

_CHINA: Final = timedelta(hours=8)
_MESSAGE_ID: Final = re.compile(r"[0-9A-Za-z]{1,35}")
_SINGLY, _SINGLY_UP_TO = 600, 400
"""Answers about single items are numbered by what was asked, apart from all others."""
_TEXTS: Final[dict[Failing, str]] = {
    "missing-signature": "缺少签名文件",
    "signature": "验签失败",
    "name": "文件名与报文编号不符",
}


class SimulatedBank:
    """The bank's back office; ``receive`` may be called from worker threads, everything else from one thread."""

    def __init__(
        self, data: BankData, codec: Codec, seal: Seal, state: Path, script: Script, clock: Clock = wall_clock_ms
    ):
        self._data, self._codec, self._seal = data, codec, seal
        self.wire = data.declaration.transport
        self.files = FilePatterns.of(data.declaration)
        self.check(script)
        self._saying = Saying(data.declaration, codec, seal, state, script, clock)
        self.desk, self.ledger = self._saying.desk, self._saying.ledger
        self._orders = state / "orders"
        self._orders.mkdir(parents=True, exist_ok=True)
        self._receipt = Lock()

    def check(self, script: Script) -> None:
        """Raise ValueError for what this bank cannot play."""
        check(translated(script, self._data.words), self._codec, self.wire)

    @property
    def away(self) -> bool:
        """Whether the bank is out of reach now."""
        return self.desk.away

    def receive(self, name: str, content: bytes, signature: bytes | None) -> Taken:
        """One message of the gateway, whole; ``name`` is the file's, or the message id where the wire tells it.

        Raises NotGenuine where the wire is one of messages; a file is refused by an acknowledgement.
        """
        named = self._named(name)
        if self.files is not None and named is None:
            return Taken(None)
        with self.desk.receiving(), self._receipt:
            try:
                body = self._seal.open(content, signature)
                said = _with_an_id(self._codec.read(body))
            except NotGenuine:
                if self.files is None:
                    raise
                return self._refuse_for(named, "missing-signature" if signature is None else "signature")
            except MessageInvalid as invalid:
                return self._refuse(named, invalid.code, invalid.text)
            return self._heard(named, said, body)

    def _heard(self, named: str | None, said: Order | Question | Consent, body: bytes) -> Taken:
        if isinstance(said, Consent):
            self.ledger.consent(said.request, agreed=said.agreed)
            return Taken(None)
        return self._told(said) if isinstance(said, Question) else self._take(named, said, body)

    def _named(self, name: str) -> str | None:
        """The message id that the wire tells; null where it tells none that can be relied on."""
        if self.files is not None:
            return self.files.message_id_of(name)
        if not self.wire.rest:
            return None
        if not _MESSAGE_ID.fullmatch(name):
            raise NotGenuine
        return name

    def _take(self, named: str | None, order: Order, body: bytes) -> Taken:
        if named not in (None, order.message_id):
            return self._refuse_for(named, "name")
        digest = hashlib.sha256(body).hexdigest()
        known = self.ledger.digest_of(order.message_id)
        if known is not None:
            return self._again(order.message_id) if known == digest else Taken(None, refused=True)
        planned = self._planned(order)
        for refusal in of_type(planned.effects, RefuseFile):
            return self._refuse(order.message_id, refusal.code, refusal.text)
        self._keep(order.message_id, body)
        return self._answer(order, planned, digest)

    def _keep(self, message_id: str, body: bytes) -> None:
        """On disk before it is booked, so that what is booked can always be answered."""
        unfinished = self._orders / f"{message_id}.part"
        unfinished.write_bytes(body)
        unfinished.replace(self._orders / f"{message_id}.order")

    def _planned(self, order: Order) -> Plan:
        words = self._data.words
        nth = self.ledger.notice(order.message_id)
        script = translated(self.desk.script, words)
        planned = plan(script, order.message_id, nth, order.items, order.requested_on, words.failing_code())
        if self.wire.kind == "sftp-server":
            return replace(planned, answers=each_under_its_own(planned.answers))
        return planned

    def _answer(self, order: Order, planned: Plan, digest: str) -> Taken:
        rows = order.items.select("reference", "amount_fen", pl.Series("credited", planned.credited))
        with suppress(AlreadyBooked):  # after a restart
            self.ledger.book(order.message_id, digest, rows)
        first = self._saying.open(order, planned)
        for away in of_type(planned.effects, GoOffline):
            self.desk.go_away(away.seconds)
        self.desk.begin()
        reply = first.outgoing() if first is not None else None
        return Taken(reply, planned.effects, partial(self._prepare, order, planned, self.desk.clock()))

    def _prepare(self, order: Order, planned: Plan, now_ms: int) -> None:
        try:
            self._saying.prepare(order, planned, now_ms)
        finally:
            self.desk.end()

    def _again(self, message_id: str) -> Taken:
        kept = self._saying.again(message_id)
        return Taken(kept.outgoing() if kept is not None else None)

    def _refuse_for(self, message_id: str | None, failing: Failing) -> Taken:
        words, meaning = self._data.words, Reason.SIGNATURE if failing.endswith("signature") else Reason.FORMAT
        code = self._data.refusals.get(failing) or words.refusal(meaning)
        return self._refuse(message_id, code, _TEXTS.get(failing, ""))

    def _refuse(self, message_id: str | None, code: str, text: str) -> Taken:
        """The message as a whole is refused; never an id that is booked, whose answer stands."""
        if message_id is None or self.ledger.digest_of(message_id) is not None:
            return Taken(None, refused=True)
        self.ledger.notice(message_id)
        kept = self._saying.refusal(message_id, self._today(), code, text)
        if kept is None:
            return Taken(None, refused=True)
        return Taken(None if self.wire.by_files else kept.outgoing())

    def _told(self, question: Question) -> Taken:
        kept = self._saying.shown(question.message_id)
        if kept is None:
            return Taken(self.absent(question.message_id))
        if not question.references or kept.rows is None:
            return Taken(kept.outgoing())
        rows = pl.read_parquet(kept.rows).filter(pl.col("reference").is_in(question.references))
        if rows.is_empty():
            return Taken(self.absent(question.message_id))
        order = self._codec.read((self._orders / f"{question.message_id}.order").read_bytes())
        if not isinstance(order, Order):
            raise TypeError("only instructions are kept as orders")
        asked = f"{kept.number} {' '.join(sorted(question.references))}".encode()
        return Taken(self._saying.writer.about(order, _SINGLY + crc32(asked) % _SINGLY_UP_TO, rows))

    def report_on(self, message_id: str) -> Kept | None:
        """What the bank says about an order now, for a wire that asks by path; null if it never came."""
        return self._saying.shown(message_id)

    def refusal(self, message_id: str, day: date, code: str, text: str) -> Outgoing | None:
        """The message that refuses a whole instruction, sent by nobody yet; null where the format has none."""
        kept = self._saying.writer.acknowledgement(message_id, day, code, text)
        return None if kept is None else kept.outgoing()

    def absent(self, message_id: str) -> Outgoing:
        """What the bank says about an order that never came."""
        return self._saying.writer.absent(message_id, self._today())

    def pushed(self) -> list[Outgoing]:
        """Files to lay down, or messages to push, that are due now; each is handed out once."""
        return self._saying.pushed()

    def tick(self) -> None:
        """Let happen what is due, without handing anything out."""
        self._saying.tick()

    def recover(self) -> None:
        """After a restart: plan again what was booked; what was not sent yet comes in the same order, from now."""
        for path in sorted(self._orders.glob("*.order"), key=lambda p: p.stat().st_mtime_ns):
            body = path.read_bytes()
            order = self._codec.read(body)
            if isinstance(order, Order):
                taken = self._answer(order, self._planned(order), hashlib.sha256(body).hexdigest())
                if taken.follow_up is not None:
                    taken.follow_up()

    def _today(self) -> date:
        return (datetime.fromtimestamp(self.desk.clock() / 1000, UTC) + _CHINA).date()


def _with_an_id(said: Order | Question | Consent) -> Order | Question | Consent:
    """Ids become names of files, so that an order with any other is not even looked at."""
    if isinstance(said, Order) and not _MESSAGE_ID.fullmatch(said.message_id):
        raise NotGenuine
    return said
