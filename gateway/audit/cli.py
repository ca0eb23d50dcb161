"""``gateway audit``: verify, show, export and anchor who did what (审计)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.keys.options import DEFAULT_SETTINGS, AsJson, AsOperator, SettingsFile

app = typer.Typer(help="Who did what, and whether the record is intact (审计).", no_args_is_help=True)
FromDay = Annotated[str | None, typer.Option("--from", help="First day, YYYY-MM-DD. 起始日")]
ToDay = Annotated[str | None, typer.Option("--to", help="Last day, YYYY-MM-DD. 截止日")]


@app.command()
def verify(
    settings: SettingsFile = DEFAULT_SETTINGS,
    export: Annotated[
        Path | None, typer.Option(help="Verify this export instead, without a database. 导出目录")
    ] = None,
    public: Annotated[Path | None, typer.Option(help="The public keys that signed it, PEM. 公钥文件")] = None,
    anchors: Annotated[Path | None, typer.Option(help="Anchors kept elsewhere. 锚目录")] = None,
    as_json: AsJson = False,
) -> None:
    """Walk the whole chain and say what was changed, removed, moved, inserted or cut off (验证); 1 when it is not intact."""
    from gateway.audit import commands
    from gateway.keys.refusals import explained

    with explained(as_json):
        if export is not None:
            status = commands.verify_export(export, public, as_json=as_json)
        else:
            status = commands.verify_database(settings, anchors, public, as_json=as_json)
    raise typer.Exit(status)


@app.command()
def show(
    settings: SettingsFile = DEFAULT_SETTINGS,
    actor: Annotated[str | None, typer.Option(help="By whom; * stands for anything. 谁")] = None,
    action: Annotated[str | None, typer.Option(help="What, such as key.* 操作")] = None,
    subject: Annotated[str | None, typer.Option(help="To what. 对象")] = None,
    from_day: FromDay = None,
    to_day: ToDay = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The newest so many. 条数")] = 50,
    as_operator: AsOperator = None,
    as_json: AsJson = False,
) -> None:
    """Show the newest entries, oldest of them first (查看); for auditors."""
    from gateway.audit import commands
    from gateway.audit.days import wanted
    from gateway.keys.refusals import explained

    with explained(as_json):
        asked = wanted(actor, action, subject, from_day, to_day)
        commands.show(settings, asked, limit, as_operator, as_json=as_json)


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="A directory that does not exist yet. 输出目录")],
    settings: SettingsFile = DEFAULT_SETTINGS,
    from_day: FromDay = None,
    to_day: ToDay = None,
    as_operator: AsOperator = None,
    as_json: AsJson = False,
) -> None:
    """Write entries, anchors and a signed manifest, to be verified without the gateway (导出); itself in the audit."""
    from gateway.audit import commands
    from gateway.audit.days import wanted
    from gateway.keys.refusals import explained

    with explained(as_json):
        commands.export(settings, out, wanted(None, None, None, from_day, to_day), as_operator, as_json=as_json)


@app.command()
def anchor(settings: SettingsFile = DEFAULT_SETTINGS, as_json: AsJson = False) -> None:
    """Sign the end of the chain and put it outside the database, once a day (锚定); a running node does it by itself."""
    from gateway.audit import commands
    from gateway.keys.refusals import explained

    with explained(as_json):
        commands.anchor(settings, as_json=as_json)
