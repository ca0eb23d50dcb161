"""One act of an operator (操作): who it is is proven, and the answer shown as a table or as JSON."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from crypto.key_entry import KeyEntry
from gateway.bank.shown import console
from gateway.core.authority import Actor
from gateway.core.key_changes import ChangeState, KeyAction, KeyChange
from gateway.keys import identity, tables
from gateway.keys.office import Office
from gateway.keys.refusals import Unfit, print_json
from gateway.services.key_answers import change_shown, in_full


def prove(office: Office, key_file: Path | None, *deed: object) -> Actor:
    """The operator, who signs what they are about to do; raises Unfit, KeyUnusable."""
    told = "\n".join([office.settings.gateway_code, str(office.clock.now_ms()), *map(str, deed)])
    return identity.prove(office.keys, office.settings, key_file, told)


def day(given: str | None, option: str) -> date | None:
    """A date as it was typed; raises Unfit."""
    if given is None:
        return None
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise Unfit(f"{option} 应为 YYYY-MM-DD。", f"{option} is a date, YYYY-MM-DD") from None


def show_added(office: Office, entry: KeyEntry, *, as_json: bool) -> None:
    """A key that has just come in, and the next step."""
    if as_json:
        print_json({"ok": True, "key": in_full(entry, office.today).model_dump(mode="json")})
        return
    target = console()
    tables.show_keys(target, [entry], office.today)
    target.print(f"下一步 next: gateway keys activate {entry.alias} {entry.key_id} --reason …", soft_wrap=True)


def show_change(office: Office, change: KeyChange, *, as_json: bool) -> None:
    """A change after somebody did something with it, and the next step."""
    found = office.effects(change) if change.state is ChangeState.PROPOSED else None
    if as_json:
        print_json({"ok": True, "change": change_shown(change, found).model_dump(mode="json")})
        return
    target = console()
    if found is not None:
        tables.show_effects(target, change, found)
        next_step = f"下一步 next: 另一人 somebody else: gateway keys approve {change.change_id}"
        target.print(next_step, soft_wrap=True)
    else:
        tables.show_changes(target, [change], office.clock.now_ms())


def action_named(word: str) -> KeyAction:
    """The action called so; raises Unfit."""
    try:
        return KeyAction(word)
    except ValueError:
        known = ", ".join(KeyAction)
        raise Unfit(f"没有变更 {word[:40]!r}：{known}。", f"no action {word[:40]!r}: {known}") from None


def write_new(path: Path, text: str) -> None:
    """A file that was not there before; raises Unfit."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise Unfit(f"{path} 已存在。", f"{path} exists already: nothing is overwritten") from None
    except OSError as error:
        raise Unfit(f"无法写入 {path}。", f"{path}: {error.strerror}") from None


def show_enrolled(office: Office, entry: KeyEntry, *, as_json: bool) -> None:
    """An operator's first key, ACTIVE at once."""
    if as_json:
        print_json({"ok": True, "key": in_full(entry, office.today).model_dump(mode="json")})
        return
    tables.show_keys(console(), [entry], office.today)
