"""``gateway operators``: who may act, and the keys by which they prove it (操作员管理)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.keys.options import DEFAULT_SETTINGS, AsJson, AsOperator, SettingsFile

app = typer.Typer(
    help="Operators and their own keys (操作员管理).",
    no_args_is_help=True,
    add_completion=False,
)


@app.command("new-key")
def new_key(
    file: Annotated[Path, typer.Argument(help="Where the key will be; FILE.pub beside it. 密钥文件")],
    passphrase_file: Annotated[
        Path | None, typer.Option("--passphrase-file", help="Else it is asked. 口令文件")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make your own key under a passphrase of your own; nobody else ever needs either (生成操作员密钥)."""
    from gateway.keys.asking import ask_passphrase, read_passphrase
    from gateway.keys.operator_files import make_operator_key
    from gateway.keys.refusals import explained, print_json

    with explained(as_json):
        given = read_passphrase(passphrase_file) if passphrase_file else None
        public, fingerprint = make_operator_key(
            file, given if given is not None else ask_passphrase("新口令 new passphrase", new=True)
        )
        if as_json:
            print_json({"ok": True, "key": str(file), "public": str(public), "fingerprint": fingerprint})
        else:
            typer.echo(f"{file}: 私钥，勿外传 private, keep it\n{public}: 公钥 public, {fingerprint}")


@app.command()
def enroll(
    name: Annotated[str, typer.Argument(help="The operator's name as in the settings. 操作员名")],
    public: Annotated[Path, typer.Option("--public", help="Their FILE.pub. 公钥文件")],
    operator: AsOperator = None,
    settings: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Register somebody's public key: at once for the first two custodians, under four eyes afterwards (登记)."""
    from gateway.keys.enrolment import enrolled
    from gateway.keys.office import opened
    from gateway.keys.refusals import explained

    with explained(as_json), opened(settings) as office:
        enrolled(office, name, public, operator, as_json=as_json)


@app.command("list")
def list_operators(settings: SettingsFile = DEFAULT_SETTINGS, as_json: AsJson = False) -> None:
    """Who is named in the settings or has a key, with roles, scopes and keys (一览)."""
    from gateway.bank.shown import console
    from gateway.keys.enrolment import roster, show_roster
    from gateway.keys.office import opened
    from gateway.keys.refusals import explained, print_json

    with explained(as_json), opened(settings) as office:
        found = roster(office)
        if as_json:
            print_json({"operators": [one.as_json() for one in found]})
        else:
            show_roster(console(), found)
