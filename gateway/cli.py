"""The ``gateway`` command: serve, demonstrate, measure, look. Every command also speaks JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.audit.cli import app as audit_app
from gateway.bank.cli import app as bank_app
from gateway.data.cli import app as data_app
from gateway.keys.cli import app as keys_app
from gateway.keys.operators_cli import app as operators_app
from gateway.keys.options import AsOperator

app = typer.Typer(
    help="Bank and treasury gateway for 惠民惠农“一卡通” (银行与国库接口网关).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they would print what an error holds
)
app.add_typer(bank_app, name="bank")
app.add_typer(audit_app, name="audit")
app.add_typer(data_app, name="data")
app.add_typer(keys_app, name="keys")
app.add_typer(operators_app, name="operators")
SettingsFile = Annotated[Path, typer.Option("--settings", help="The settings file (TOML). 设置文件")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of tables. 输出 JSON")]


def _fail(message: str) -> None:
    typer.echo(message, err=True)
    raise typer.Exit(2)


@app.command()
def init(
    directory: Annotated[Path, typer.Argument(help="Where keys, settings and data will be.")] = Path("var"),
    as_json: AsJson = False,
) -> None:
    """Make keys and a settings file for a first try on this machine (初始化)."""
    from gateway.setup import AlreadySetUp, set_up

    try:
        made = set_up(directory)
    except AlreadySetUp as error:
        _fail(str(error))
        return
    import json

    if as_json:
        typer.echo(json.dumps(made))
        return
    typer.echo(f"settings: {made['settings']}\nkeystore: {made['keystore']}")
    typer.echo("下一步 next: 登记两名密钥管理员 enrol two key custodians, see docs/keys.md (gateway operators new-key)")


@app.command()
def serve(
    settings: SettingsFile = Path("var/gateway.toml"),
    as_json: Annotated[bool, typer.Option("--json", help="Announce readiness as one JSON line.")] = False,
) -> None:
    """Run one node of the gateway until it is told to stop (启动网关)."""
    if not settings.exists():
        _fail(f"{settings} does not exist: make one with `gateway init {settings.parent}`")
    from gateway.serve import run

    raise typer.Exit(run(settings, as_json=as_json))


@app.command()
def sftp(
    settings: SettingsFile = Path("var/gateway.toml"),
    as_json: Annotated[bool, typer.Option("--json", help="Announce readiness as one JSON line.")] = False,
) -> None:
    """Run the SFTP server that banks connect to, a process of its own (内置 SFTP 服务)."""
    if not settings.exists():
        _fail(f"{settings} does not exist: make one with `gateway init {settings.parent}`")
    from gateway.sftp_serve import run

    raise typer.Exit(run(settings, as_json=as_json))


@app.command()
def demo(
    items: Annotated[int, typer.Option(min=10, max=1_000_000, help="Items to submit. 笔数")] = 3000,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same outcome. 随机种子")] = 7,
    as_json: AsJson = False,
    keep: Annotated[Path | None, typer.Option(help="Keep all files of the run here.")] = None,
    banks: Annotated[str, typer.Option(help="`two`, `all`, or names with commas. 银行")] = "two",
) -> None:
    """Pay lifelike batches through simulated banks and show where every fen went (演示)."""
    from gateway.demo.run import run

    raise typer.Exit(run(items, seed, as_json=as_json, keep=keep, banks=banks))


@app.command()
def bench(
    items: Annotated[int, typer.Option(min=1000, max=2_000_000)] = 1_000_000,
    as_json: AsJson = False,
    page: Annotated[Path | None, typer.Option(help="Also write the result as this Markdown page.")] = None,
) -> None:
    """Measure a batch end to end beside its bare limits and peers, in one run (性能测试)."""
    from gateway.bench.run import run

    raise typer.Exit(run(items, as_json=as_json, page=page))


@app.command()
def status(settings: SettingsFile = Path("var/gateway.toml"), as_json: AsJson = False) -> None:
    """Where the money stands now, by bank and reason, and what needs a person (状态)."""
    from gateway.looking import look

    raise typer.Exit(look(settings, as_json=as_json))


@app.command()
def find(settings: SettingsFile = Path("var/gateway.toml"), as_json: AsJson = False) -> None:
    """Find a person's payments by ID number, asked for and never shown (按证件号码查询)."""
    number = typer.prompt("证件号码 ID number", hide_input=True, err=True).strip()
    from gateway.looking import look_for

    raise typer.Exit(look_for(settings, number, as_json=as_json))


@app.command()
def reveal(
    batch_no: Annotated[str, typer.Argument(help="The batch's number. 批次号")],
    item_id: Annotated[str, typer.Argument(help="The item's id. 明细编号")],
    purpose: Annotated[str, typer.Option(help="complaint, returned-payment, bank-inquiry, … 目的")],
    reference: Annotated[str, typer.Option(help="Number of the paper that asks for it. 公文、工单或信访编号")],
    client: Annotated[str | None, typer.Option(help="Whose batch it is, where there are several clients.")] = None,
    settings: SettingsFile = Path("var/gateway.toml"),
    as_operator: AsOperator = None,
    as_json: AsJson = False,
) -> None:
    """Show one item in clear to a privacy officer; it is written into the audit first (明文查看)."""
    from gateway.revealing import reveal as show_in_clear

    show_in_clear(settings, (client, batch_no, item_id), (purpose, reference), as_operator, as_json=as_json)


def main() -> None:
    """Entry point of the ``gateway`` command."""
    from gateway.logs.ending import guarded

    guarded(app)


if __name__ == "__main__":
    main()
