"""``gateway data``: data at rest, the keys they lie under, and what is erased when (静态数据管理)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.keys.options import DEFAULT_SETTINGS, AsJson, AsOperator, Reason, SettingsFile, Sure

if TYPE_CHECKING:
    from gateway.services.context import Context
    from gateway.services.jobs import Later
    from gateway.store.records import Work

app = typer.Typer(
    help="Data at rest: keys they lie under, retention, erasure, legal holds (静态数据管理).",
    no_args_is_help=True,
    add_completion=False,
)
Now = Annotated[bool, typer.Option("--now", help="Do all of it here, instead of leaving it to a node. 立即执行")]


@app.command()
def status(settings: SettingsFile = DEFAULT_SETTINGS, as_json: AsJson = False) -> None:
    """What lies under which key, what is due for erasure, and what is held (状态)."""
    from gateway.bank.shown import console
    from gateway.data import views
    from gateway.data.office import opened
    from gateway.keys.refusals import explained, print_json
    from gateway.services.data_status import data_status

    with explained(as_json), opened(settings) as office:
        found = data_status(office.context)
        if as_json:
            print_json(views.as_json(found))
        else:
            views.show(console(), found)


@app.command()
def reseal(settings: SettingsFile = DEFAULT_SETTINGS, now: Now = False, as_json: AsJson = False) -> None:
    """Seal anew under the active keys whatever lies under others, looking at everything once more (重新加密)."""
    from gateway.services.resealing import look_again, reseal_step

    _renew("reseal", look_again, reseal_step, settings, now=now, as_json=as_json)


@app.command()
def reindex(settings: SettingsFile = DEFAULT_SETTINGS, now: Now = False, as_json: AsJson = False) -> None:
    """Make the search index anew under the active blind-index key, where it is not (重建索引)."""
    from gateway.services.reindexing import reindex as step
    from gateway.services.reindexing import watch

    _renew("reindex", watch, step, settings, now=now, as_json=as_json)


@app.command()
def erase(
    person: Annotated[bool, typer.Option("--person", help="One person; the ID number is asked for. 按人删除")],
    why: Annotated[str, typer.Option("--why", help="The paper that asks for it; stands in the audit. 依据文号")],
    key: AsOperator = None,
    settings: SettingsFile = DEFAULT_SETTINGS,
    sure: Sure = False,
    as_json: AsJson = False,
) -> None:
    """Erase everything of one person, if the law wants none of it kept (删除个人信息)."""
    from gateway.data.erase_command import run
    from gateway.data.office import opened
    from gateway.keys.refusals import Unfit, explained

    with explained(as_json), opened(settings) as office:
        if not person:
            raise Unfit("请用 --person 指明按人删除。", "say what to erase: --person")
        run(office, office.officer(key, "data erase"), why, sure=sure, as_json=as_json)


@app.command()
def hold(
    batch_no: Annotated[str, typer.Argument(help="The batch's number. 批次号")],
    reason: Reason,
    client: Annotated[str | None, typer.Option("--client", help="Whose batch, if several have it. 平台")] = None,
    key: AsOperator = None,
    settings: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Keep everything of a batch, whatever the periods say, until the hold is lifted (法律保全)."""
    from gateway.data.office import opened
    from gateway.keys.refusals import explained, print_json
    from gateway.services.holding import place

    with explained(as_json), opened(settings) as office:
        number = place(office.context, office.officer(key, f"data hold {batch_no}"), batch_no, reason, client)
        if as_json:
            print_json({"ok": True, "hold": number})
        else:
            typer.echo(f"已保全，编号 {number} · held as no. {number}")


@app.command()
def release(
    number: Annotated[int, typer.Argument(help="The hold's number, see status. 保全编号")],
    reason: Reason,
    key: AsOperator = None,
    settings: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Lift a legal hold (解除保全)."""
    from gateway.data.office import opened
    from gateway.keys.refusals import Unfit, explained, print_json
    from gateway.services.holding import lift

    with explained(as_json), opened(settings) as office:
        if not lift(office.context, office.officer(key, f"data release {number}"), number, reason):
            raise Unfit(
                f"没有第 {number} 号保全，或已解除。", f"no hold of number {number} stands: see gateway data status"
            )
        if as_json:
            print_json({"ok": True, "hold": number})
        else:
            typer.echo(f"第 {number} 号保全已解除 · hold no. {number} is lifted")


def _renew(
    kind: str,
    put: Callable[[Context], object],
    step: Callable[[Context, Work], Later | None],
    settings: Path,
    *,
    now: bool,
    as_json: bool,
) -> None:
    from gateway.data.doing import do
    from gateway.data.office import opened
    from gateway.keys.refusals import explained, print_json

    with explained(as_json), opened(settings) as office:
        put(office.context)
        steps = do(office.context, kind, step, lambda n: typer.echo(f"{kind} {n}", err=True)) if now else 0
        if as_json:
            print_json({"ok": True, "kind": kind, "done": now, "steps": steps})
        else:
            typer.echo("已完成 · done" if now else "已交后台执行，见 gateway data status · left to a running node")
