"""``gateway keys``: every key of the gateway, its life, and what is due (密钥管理).

Reading asks for nothing but the settings; whoever changes anything proves who they are with ``--as-operator``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from gateway.keys import cli_changing, cli_making
from gateway.keys.options import DEFAULT_SETTINGS, Alias, AsJson, SettingsFile

app = typer.Typer(
    help="Keys and certificates: look, make, take in, change under four eyes (密钥管理).",
    no_args_is_help=True,
    add_completion=False,
)
StateName = Literal["pending", "active", "retiring", "retired", "revoked"]


@app.command("list")
def list_keys(
    alias: Annotated[str, typer.Argument(help="Only these, * for anything. 别名")] = "*",
    state: Annotated[StateName | None, typer.Option("--state", help="Only in this state. 状态")] = None,
    settings: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Every key with its purpose, owner, state and dates (一览)."""
    from gateway.bank.shown import console
    from gateway.keys.looking import listed
    from gateway.keys.office import opened
    from gateway.keys.refusals import explained, print_json
    from gateway.keys.tables import show_keys
    from gateway.services.key_answers import shown

    with explained(as_json), opened(settings) as office:
        entries = listed(office.keys, alias, state)
        if as_json:
            print_json({"keys": [shown(entry, office.today).model_dump(mode="json") for entry in entries]})
        else:
            show_keys(console(), entries, office.today)


@app.command()
def show(
    alias: Alias,
    key_id: Annotated[str | None, typer.Argument(help="One key only: its id or state. 编号或状态")] = None,
    settings: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """All that is not secret about an alias: keys, certificates, and who works with it (详情)."""
    from gateway.bank.shown import console
    from gateway.keys.looking import alias_keys
    from gateway.keys.office import opened
    from gateway.keys.refusals import explained, print_json
    from gateway.keys.tables import show_alias
    from gateway.services.key_answers import in_full

    with explained(as_json), opened(settings) as office:
        entries, users = alias_keys(office, alias, key_id), office.users(alias)
        if as_json:
            keys = [in_full(entry, office.today).model_dump(mode="json") for entry in entries]
            print_json({"alias": alias, "keys": keys, "used_by": users})
        else:
            show_alias(console(), entries, users, office.today)


@app.command("export-public")
def export_public(
    alias: Alias,
    key_id: Annotated[str | None, typer.Argument(help="Its id or state; default: the newest in use. 编号")] = None,
    form: Annotated[Literal["pem", "ssh", "jwk"], typer.Option("--form", help="How it is written. 格式")] = "pem",
    out: Annotated[Path | None, typer.Option("--out", help="Default: standard output. 输出文件")] = None,
    settings: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """The public half for the other side, never a secret; for a request see certificate-request (导出公钥)."""
    from gateway.keys import deeds
    from gateway.keys.exporting import exported
    from gateway.keys.looking import exportable, note_export
    from gateway.keys.office import opened
    from gateway.keys.refusals import explained, print_json

    with explained(as_json), opened(settings) as office:
        entry = exportable(office, alias, key_id)
        text = exported(entry, form)
        if out is not None:
            deeds.write_new(out, text)
        note_export(office, entry)
        if as_json:
            print_json({"ok": True, "alias": alias, "key_id": entry.key_id, "form": form, "public": text})
        elif out is None:
            typer.echo(text, nl=False)
        else:
            typer.echo(f"{out}: {alias} {entry.key_id} {entry.state}")


@app.command()
def status(settings: SettingsFile = DEFAULT_SETTINGS, as_json: AsJson = False) -> None:
    """What is due: expiries of the next 12 months, waiting proposals, aliases that cannot work; 1 if urgent (待办)."""
    from gateway.bank.shown import console
    from gateway.keys import status_view
    from gateway.keys.looking import what_is_due
    from gateway.keys.office import opened
    from gateway.keys.refusals import explained, print_json

    with explained(as_json), opened(settings) as office:
        found = what_is_due(office)
        if as_json:
            print_json(status_view.as_json(found))
        else:
            status_view.show_status(console(), found, office.clock.now_ms())
    if found.urgent:
        raise typer.Exit(1)


cli_making.add_to(app)
cli_changing.add_to(app)
