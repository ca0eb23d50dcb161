"""Walking the chain (审计链验证): which entry was changed, removed, moved, inserted or cut off, and how one sees it.

Fed one entry after the other, so that any number of them takes the same memory. What nobody can see from the chain
alone (all of it written anew, or its end cut off together with its head row) is seen from the anchors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from gateway.services.anchor_files import Anchor
from gateway.store.audit import Head, canonical, genesis, sm3

WINDOW: Final = 200
"""How far from its place a moved entry is looked for."""
MOST_FINDINGS: Final = 1000
_TEXTS: Final = ("actor", "origin", "action", "subject", "before", "after", "previous_hash", "hash")


@dataclass(frozen=True, slots=True)
class RawEntry:
    """An entry as it lies there, believed in nothing."""

    seq: Any
    at_ms: Any
    actor: Any
    origin: Any
    action: Any
    subject: Any
    before: Any  # canonical JSON
    after: Any
    previous_hash: Any
    hash: Any


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with the chain; ``seq`` is the entry at which one sees it."""

    seq: int
    kind: str
    zh: str
    en: str


@dataclass
class ChainCheck:
    """The walk; ``findings`` holds the first thousand things that are wrong, ``faults`` counts them all."""

    gateway_code: str
    anchors: Mapping[int, list[Anchor]]
    findings: list[Finding] = field(default_factory=list)
    faults: int = 0
    count: int = 0
    first_seq: int = 0
    seq: int = 0
    hash: str = ""
    confirmed: int = 0  # anchors that fit
    _linked: bool = True

    def begin_after(self, seq: int, last_hash: str) -> None:
        """The walk begins in the middle: what came before ends with this entry."""
        self.seq, self.hash, self.first_seq = seq, last_hash, seq + 1

    def add(self, finding: Finding) -> None:
        """One more thing that is wrong."""
        self.faults += 1
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(finding)

    def feed(self, raw: RawEntry) -> None:
        """The next entry."""
        if not _readable(raw):
            self._found(raw.seq if isinstance(raw.seq, int) else self.seq + 1, "unreadable", *_UNREADABLE)
            self._linked, self.seq = False, self.seq + 1
            return
        self._place(raw)
        self._content(raw)
        self._anchored(raw)
        self.count, self.seq, self.hash, self._linked = self.count + 1, raw.seq, raw.hash, True

    def finish(self, head: Head | None) -> None:
        """There are no more entries; ``head`` is what the end should be, by its own row."""
        if head is None:
            self._found(self.seq, "no-head", "链尾记录缺失。", "the row that marks the end of the chain is missing")
        elif head.seq > self.seq:
            self._cut_off(head.seq, "链尾记录", "the row that marks the end")
        elif head.seq < self.seq:
            self._found(
                head.seq + 1,
                "beyond-end",
                f"链尾记录止于第 {head.seq} 条，其后的条目不是网关写入的。",
                f"the chain ends at {head.seq} by its own row: what follows was not written by the gateway",
            )
        elif head.hash != (self.hash or genesis(self.gateway_code)):
            self._found(
                head.seq,
                "end-differs",
                "最后一条与链尾记录不符。",
                "the last entry is not the one that the end row names",
            )
        self.finish_anchors()

    def finish_anchors(self) -> None:
        """No anchor may be later than the last entry."""
        beyond = [anchor for seq, group in self.anchors.items() if seq > self.seq for anchor in group]
        if beyond:
            last = max(beyond, key=lambda anchor: anchor.seq)
            self._cut_off(last.seq, f"{last.day} 的锚", f"the anchor of {last.day}")

    def _place(self, raw: RawEntry) -> None:
        if self.count == 0 and self.seq == 0:
            self._begin(raw)
            return
        if raw.seq > self.seq + 1:
            self._missing(self.seq + 1, raw.seq - 1)
            self._linked = False
        elif raw.seq <= self.seq:
            self._found(
                raw.seq, "out-of-order", f"第 {raw.seq} 条顺序颠倒。", f"entry {raw.seq} comes after entry {self.seq}"
            )
            self._linked = False

    def _begin(self, raw: RawEntry) -> None:
        self.first_seq = raw.seq
        if raw.seq < 1:
            self._found(
                raw.seq, "out-of-order", "条目编号小于 1。", "an entry below number 1 was not written by the gateway"
            )
            self._linked = False
            return
        if raw.seq == 1:
            self.hash = genesis(self.gateway_code)
            return
        if any(anchor.hash == raw.previous_hash for anchor in self.anchors.get(raw.seq - 1, [])):
            self.hash = raw.previous_hash
            self.confirmed += 1
            return
        self._missing(1, raw.seq - 1)
        self._linked = False

    def _content(self, raw: RawEntry) -> None:
        if hash_of_raw(raw, raw.seq) != raw.hash:
            origin = self._moved_from(raw)
            if origin is not None:
                self._found(
                    raw.seq,
                    "moved",
                    f"第 {raw.seq} 条原为第 {origin} 条：顺序被改动，或其前有条目被插入、删除。",
                    f"entry {raw.seq} was written as entry {origin}: entries were reordered, inserted or removed before it",
                )
            else:
                self._found(
                    raw.seq,
                    "changed",
                    f"第 {raw.seq} 条内容被改动：与其杂凑值不符。",
                    f"entry {raw.seq} was changed: what it says does not have its hash",
                )
        elif self._linked and raw.previous_hash != self.hash:
            self._found(
                raw.seq,
                "unlinked",
                f"第 {raw.seq} 条与第 {raw.seq - 1} 条不衔接：前一条被替换，或其间有条目被插入、删除、调换。",
                f"entry {raw.seq} does not follow entry {raw.seq - 1}: that one was replaced, "
                "or entries were inserted, removed or exchanged between them",
            )

    def _moved_from(self, raw: RawEntry) -> int | None:
        if self.faults >= MOST_FINDINGS // 10:  # a chain in ruins is not worth the search
            return None
        near = range(max(1, raw.seq - WINDOW), raw.seq + WINDOW + 1)
        return next((seq for seq in near if hash_of_raw(raw, seq) == raw.hash), None)

    def _anchored(self, raw: RawEntry) -> None:
        for anchor in self.anchors.get(raw.seq, []):
            if anchor.hash == raw.hash:
                self.confirmed += 1
                continue
            self._found(
                raw.seq,
                "rewritten",
                f"第 {raw.seq} 条与 {anchor.day} 的锚不符：该条或更早的条目被重写。",
                f"entry {raw.seq} is not the one that the anchor of {anchor.day} names: it or earlier ones were written anew",
            )

    def _missing(self, first: int, last: int) -> None:
        what = f"{first}" if first == last else f"{first} - {last}"
        self._found(first, "missing", f"第 {what} 条被删除。", f"entries were removed: {what}")

    def _cut_off(self, last: int, by_zh: str, by_en: str) -> None:
        self._found(
            self.seq + 1,
            "cut-off",
            f"链尾被截断：据{by_zh}，应有第 {self.seq + 1} 至 {last} 条。",
            f"the end was cut off: by {by_en} there were entries up to {last}, and the last one here is {self.seq}",
        )

    def _found(self, seq: int, kind: str, zh: str, en: str) -> None:
        self.add(Finding(seq, kind, zh, en))


_UNREADABLE: Final = (
    "条目无法读取：字段类型或 JSON 被破坏。",
    "this entry cannot be read: its fields or its JSON were damaged",
)


def hash_of_raw(raw: RawEntry, seq: int) -> str:
    """The hash of what the entry says, were it entry ``seq``."""
    said = {
        "seq": seq,
        "at_ms": raw.at_ms,
        "actor": raw.actor,
        "origin": raw.origin,
        "action": raw.action,
        "subject": raw.subject,
        "before": orjson.Fragment(raw.before),
        "after": orjson.Fragment(raw.after),
        "previous_hash": raw.previous_hash,
    }
    return sm3(canonical(said))


def walk(check: ChainCheck, entries: Iterable[RawEntry]) -> Iterator[int]:
    """Feed all entries; yields how many so far, now and then, for whoever shows progress."""
    for raw in entries:
        check.feed(raw)
        if check.count % 1000 == 0:
            yield check.count
    yield check.count


def _readable(raw: RawEntry) -> bool:
    if type(raw.seq) is not int or type(raw.at_ms) is not int:
        return False
    if any(not isinstance(getattr(raw, name), str) for name in _TEXTS):
        return False
    return _canonical_text(raw.before) and _canonical_text(raw.after)


def _canonical_text(text: str) -> bool:
    """Whether it is an object in the one way of writing it: then its own text can be hashed as it stands."""
    if text == "{}":
        return True
    try:
        value = orjson.loads(text)
        return isinstance(value, dict) and canonical(value).decode() == text
    except (ValueError, TypeError):
        return False
