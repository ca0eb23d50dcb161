"""``gateway data erase --person``: asked for twice, and never with the number on the screen (按人删除)."""

from __future__ import annotations

import typer

from gateway.core.authority import Actor, Permission, require
from gateway.data.office import DataOffice
from gateway.data.views import obstacles_text
from gateway.keys.asking import require_confirmed
from gateway.keys.refusals import Unfit, print_json
from gateway.services.erasing_person import Erased, InTheWay, NotErasable, erase_person, prospect


class MustBeKept(Unfit):
    """The person cannot be erased yet; lists why."""

    def __init__(self, found: list[InTheWay]):
        super().__init__(*obstacles_text(found))


def run(office: DataOffice, actor: Actor, why: str, *, sure: bool, as_json: bool) -> None:
    """Ask for the number, say what would go, erase; raises NotAllowed, Unfit, StoreError."""
    require(actor, Permission.PERSONAL_ERASE)
    number = str(typer.prompt("证件号码 ID number", hide_input=True, err=True)).strip()
    if not number:
        raise Unfit("未输入证件号码。", "no number was given")
    ahead = prospect(office.context, number)
    if ahead.obstacles:
        raise MustBeKept(list(ahead.obstacles))
    if ahead.batches or ahead.messages:
        question = (
            f"将从 {ahead.batches} 个批次删除此人信息，并删除这些批次的原始文件，不可恢复。继续？\n"
            f"This erases the person from {ahead.batches} batch(es), with the raw files of those batches, for good. Go on?"
        )
        require_confirmed(question, sure=sure)
    _say(_erased(office, actor, number, why), as_json=as_json)


def _erased(office: DataOffice, actor: Actor, number: str, why: str) -> Erased:
    try:
        return erase_person(office.context, actor, number, why)
    except NotErasable as refused:
        raise MustBeKept(refused.batches) from None


def _say(erased: Erased, *, as_json: bool) -> None:
    if as_json:
        print_json({"ok": True, "batches": erased.batches, "items": erased.items, "files": erased.files})
        return
    typer.echo(f"已删除：{erased.batches} 个批次，{erased.items} 笔明细，{erased.files} 个原始文件。")
    typer.echo(f"erased: {erased.items} item(s) in {erased.batches} batch(es), {erased.files} raw file(s)")
