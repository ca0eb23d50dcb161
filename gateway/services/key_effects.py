"""What a change of a key will do (变更影响), said before anybody approves it: states, dates, and who is concerned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from crypto.contract import KeyUnusable
from crypto.key_entry import CHECKS, KeyEntry, KeyState, Owner, Purpose
from crypto.key_material import Algorithm
from gateway.core.key_changes import TARGETS, KeyAction
from gateway.services.key_judging import PUTS_TO_USE


@dataclass(frozen=True, slots=True)
class Step:
    """One key's way from one state of its life to another."""

    key_id: str
    before: KeyState
    after: KeyState


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that whoever approves should know; ``grave`` where it cannot be taken back."""

    zh: str
    en: str
    grave: bool = False


@dataclass(frozen=True, slots=True)
class Effects:
    """All keys that move, who works with the alias, and what to think of."""

    steps: tuple[Step, ...]
    users: tuple[str, ...]
    remarks: tuple[Remark, ...]


def effects(
    action: KeyAction,
    entries: Sequence[KeyEntry],
    key_id: str,
    today: date,
    users: Sequence[str] = (),
    *,
    retire_others: bool = True,
    still_sealed: int = 0,
) -> Effects:
    """What ``action`` does to the key ``key_id`` among all ``entries`` of its alias; KeyUnusable if it is not there.

    ``still_sealed`` counts the rows, files and parts of the index at rest that need the key.
    """
    found = next((entry for entry in entries if entry.key_id == key_id), None)
    if found is None:
        raise KeyUnusable(f"there is no key {key_id} any more")
    steps = [Step(key_id, found.state, KeyState(TARGETS[action]))]
    if action in PUTS_TO_USE and retire_others:
        active = (one for one in entries if one.key_id != key_id and one.state is KeyState.ACTIVE)
        steps += [Step(one.key_id, KeyState.ACTIVE, KeyState.RETIRING) for one in active]
    remarks = [*_dates(found, action, today), *_meaning(found, action, entries), *_left(entries, steps, users)]
    if loses_data(action, found) and still_sealed:
        remarks.append(_lost(still_sealed))
    return Effects(tuple(steps), tuple(users), tuple(remarks))


def loses_data(action: KeyAction, entry: KeyEntry) -> bool:
    """Whether what lies at rest under the key is lost by it: never opened, or never found again."""
    revoked = action is KeyAction.REVOKE and entry.algorithm is Algorithm.AES
    return revoked or (action in (KeyAction.REVOKE, KeyAction.END) and entry.purpose is Purpose.FIELD)


def _lost(count: int) -> Remark:
    return Remark(
        f"仍有 {count} 项静态数据或索引需要该密钥，执行后将无法读取或查到：请勿批准，待后台处理完成。",
        f"{count} rows, files or parts of the index still need this key and would be lost: do not approve it yet",
        grave=True,
    )


def _dates(entry: KeyEntry, action: KeyAction, today: date) -> Iterator[Remark]:
    if action not in PUTS_TO_USE:
        return
    if entry.not_before and entry.not_before > today:
        day = entry.not_before
        yield Remark(
            f"该密钥自 {day} 起生效，此前仍用原密钥。", f"it takes over on {day}; until then the present key stays"
        )
    if entry.not_after and entry.not_after < today:
        day = entry.not_after
        yield Remark(f"该密钥已于 {day} 到期，启用后也不能使用。", f"it ended on {day} and cannot be used", grave=True)


def _meaning(entry: KeyEntry, action: KeyAction, entries: Sequence[KeyEntry]) -> Iterator[Remark]:
    if action is KeyAction.ACTIVATE:
        follows = any(one.key_id != entry.key_id and one.state in CHECKS for one in entries)
        yield from _activating(entry, follows=follows)
    elif action is KeyAction.END:
        yield from _ending(entry)
    elif action is KeyAction.REVOKE:
        yield from _revoking(entry)


def _activating(entry: KeyEntry, *, follows: bool) -> Iterator[Remark]:
    """What has to be true on the other side before, and what follows here; ``follows`` on another key of the alias."""
    if entry.purpose is Purpose.SIGN and entry.owner is Owner.GATEWAY and entry.public:
        yield Remark(
            "对方须已登记新公钥：先用 gateway keys export-public 导出并交付。",
            "the other side must know the new public half before: hand it over with gateway keys export-public",
        )
    elif entry.algorithm is Algorithm.SM4:
        yield Remark(
            "发出报文即用新密钥；对方须已导入同一密钥。",
            "we encrypt with it at once: the other side must have the same key by then",
        )
    elif follows:
        yield from _taking_over(entry)


def _taking_over(entry: KeyEntry) -> Iterator[Remark]:
    if entry.purpose is Purpose.VERIFY:
        yield Remark(
            "原密钥退役期间，两把密钥签名的报文均予接受。",
            "while the old key is RETIRING, messages signed with either are accepted",
        )
    elif entry.algorithm is Algorithm.AES:
        yield Remark(
            "新数据即用新密钥；存量在后台重新加密。",
            "new data is sealed under it; what lies there follows in the background",
        )
    elif entry.purpose is Purpose.FIELD:
        yield Remark(
            "查询索引在后台重建，期间新旧索引并用。",
            "the index is built anew in the background; until then both are asked",
        )


def _ending(entry: KeyEntry) -> Iterator[Remark]:
    if entry.algorithm is Algorithm.AES:
        yield Remark("仍可打开以其加密的存量数据。", "what is sealed under it can still be opened")
    else:
        yield Remark(
            "此后凡以该密钥签名或加密的报文一律拒绝。",
            "whatever the other side still makes with it is refused from then on",
        )


def _revoking(entry: KeyEntry) -> Iterator[Remark]:
    yield Remark("吊销不可恢复。", "revoking is for ever", grave=True)
    if entry.algorithm is Algorithm.AES or entry.purpose is Purpose.FIELD:
        yield Remark(
            "以其加密的数据将永远无法读取：须先完成重新加密。",
            "what is sealed under it can never be read again: have it re-sealed first",
            grave=True,
        )


def _left(entries: Sequence[KeyEntry], steps: Sequence[Step], users: Sequence[str]) -> Iterator[Remark]:
    """Whether the alias still works afterwards."""
    after = {entry.key_id: entry.state for entry in entries} | {step.key_id: step.after for step in steps}
    if KeyState.ACTIVE in after.values():
        return
    checks = any(state in CHECKS for state in after.values())
    whom = f"（{len(users)} 处使用）" if users else ""
    yield Remark(
        f"此后该别名没有 ACTIVE 密钥{'，只能验证' if checks else ''}{whom}：须先启用新密钥。",
        f"no key of this alias is ACTIVE then{', it only checks' if checks else ''}: whoever uses it comes to a stop",
        grave=True,
    )
