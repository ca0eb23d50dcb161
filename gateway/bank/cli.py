"""``gateway bank``: what a bank-integration engineer needs beside the bank's document (银行接入工具).

No keys, no store and no network: only files. Every command also speaks JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    help="Add a bank as data: make, check, preview and compare its files (银行接入工具).",
    no_args_is_help=True,
    add_completion=False,
)
ConfigDirectory = Annotated[
    Path | None, typer.Option("--config", envvar="GATEWAY_CONFIG", help="The configuration directory. 配置目录")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of tables. 输出 JSON")]
OnDay = Annotated[
    datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="As it is on this day; default today. 日期")
]


def _configuration(given: Path | None) -> Any:
    from gateway.bank.places import Configuration
    from gateway.setup import config_directory

    return Configuration(given or config_directory())


def _day(given: datetime | None) -> date:
    from gateway.clock import SystemClock, business_date

    return given.date() if given is not None else business_date(SystemClock().now_ms())


def _print_json(value: Any) -> None:
    import orjson

    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


@contextmanager
def _explained(as_json: bool) -> Iterator[None]:
    """What cannot be done ends with its reason: 1 where files are wrong, 2 where the question is."""
    from gateway.bank.places import ToolRefused
    from messages.layout.positions import ConfigurationRefused

    try:
        yield
    except ToolRefused as refused:
        typer.echo(str(refused), err=True)
        raise typer.Exit(2) from None
    except ConfigurationRefused as refused:
        _show_problems(refused, as_json)
        raise typer.Exit(1) from None


def _show_problems(refused: Any, as_json: bool) -> None:
    from gateway.bank.shown import console, problems

    if as_json:
        _print_json({"ok": False, "errors": [_plain(problem) for problem in refused.problems]})
    else:
        problems(console(), "错误 errors", refused.problems, "red")


def _plain(problem: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(problem)


@app.command("list")
def list_banks(config: ConfigDirectory = None, on: OnDay = None, as_json: AsJson = False) -> None:
    """Every bank: how it is reached, whom it serves, and which edition of its profile comes next (一览)."""
    from gateway.bank.listing import listed
    from gateway.bank.shown import console
    from gateway.bank.tables import show_list

    with _explained(as_json):
        banks = listed(_configuration(config), _day(on))
        if as_json:
            _print_json({"banks": [bank.as_json() for bank in banks]})
        else:
            show_list(console(), banks)


@app.command()
def check(
    targets: Annotated[
        list[str] | None, typer.Argument(metavar="[BANK|FILE]...", help="Banks or files; none: every bank.")
    ] = None,
    config: ConfigDirectory = None,
    as_json: AsJson = False,
) -> None:
    """All faults of profiles, layouts and code tables at once, with line and remedy; ends with 1 if any (核对)."""
    from gateway.bank.checking import check as check_files
    from gateway.bank.shown import console
    from gateway.bank.tables import show_check

    with _explained(as_json):
        checked = check_files(_configuration(config), targets or [])
    if as_json:
        found = {"errors": map(_plain, checked.errors), "warnings": map(_plain, checked.warnings)}
        _print_json(
            {"ok": checked.ok, "files": [str(f) for f in checked.files], **{k: list(v) for k, v in found.items()}}
        )
    else:
        show_check(console(), checked)
    if not checked.ok:
        raise typer.Exit(1)


@app.command()
def new(
    bank: Annotated[str, typer.Argument(help="The profile's name: small letters, digits, '-'. 档案名")],
    family: Annotated[str, typer.Option(help="A directory of config/templates, such as delimited. 方言族")],
    title: Annotated[str | None, typer.Option(help="The bank's name. 银行名称")] = None,
    bank_code: Annotated[str | None, typer.Option(help="The bank's own 行号, 12 digits. 本行行号")] = None,
    document: Annotated[str | None, typer.Option(help="The bank's document and its edition. 接口文件")] = None,
    host: Annotated[str | None, typer.Option(help="The bank's host. 主机地址")] = None,
    ssh_key: Annotated[str | None, typer.Option(help="The bank's SSH public key. 银行 SSH 公钥")] = None,
    config: ConfigDirectory = None,
    as_json: AsJson = False,
) -> None:
    """Write a profile, a layout and a code table to start from; never over what is there (新增)."""
    from gateway.bank.making import make
    from gateway.bank.shown import console
    from gateway.bank.tables import show_made

    given = {"title": title, "bank_code": bank_code, "document": document, "host": host, "ssh_key": ssh_key}
    with _explained(as_json):
        made = make(_configuration(config), bank, family, given)
    if as_json:
        files = [str(file) for file in made.files]
        _print_json({"bank": bank, "family": family, "files": files, "unfilled": [_plain(p) for p in made.unfilled]})
    else:
        show_made(console(), made)


@app.command()
def preview(
    bank: Annotated[str, typer.Argument(help="The bank, or bank@day for one edition. 银行")],
    items: Annotated[Path | None, typer.Option(help="Items as .ndjson, .csv or .tsv. 明细文件")] = None,
    sample: Annotated[int, typer.Option(min=1, max=1000, help="So many made-up items. 样例笔数")] = 3,
    details: Annotated[int, typer.Option(min=0, max=50, help="So many details are taken apart. 逐字段显示笔数")] = 1,
    result: Annotated[Path | None, typer.Option(help="Also what this file of the bank becomes. 银行回文")] = None,
    output: Annotated[Path | None, typer.Option(help="Also write the exact bytes here. 写出报文")] = None,
    config: ConfigDirectory = None,
    on: OnDay = None,
    as_json: AsJson = False,
) -> None:
    """What a few items become in the bank's format, field by field, and what its answer becomes (预览)."""
    from gateway.bank.preview_command import run

    with _explained(as_json):
        shown = run(_configuration(config), bank, _day(on), items=items, sample=sample, details=details, result=result)
        if output is not None:
            shown.write(output)
    if as_json:
        _print_json(shown.as_json())
    else:
        shown.show()
    if not shown.ok:
        raise typer.Exit(1)


@app.command()
def diff(
    before: Annotated[str, typer.Argument(help="A bank, bank@day, a profile file, or a configuration directory.")],
    after: Annotated[str, typer.Argument(help="What it is compared with.")],
    config: ConfigDirectory = None,
    as_json: AsJson = False,
) -> None:
    """What changes between two editions: keys, fields that moved or grew, codes (比较)."""
    from gateway.bank.diff_command import run

    with _explained(as_json):
        compared = run(_configuration(config), before, after)
    if as_json:
        _print_json(compared.as_json())
    else:
        compared.show()


@app.command()
def certify(
    bank: Annotated[str, typer.Argument(help="The bank, or bank@day for one edition. 银行")],
    config: ConfigDirectory = None,
    settings: Annotated[Path | None, typer.Option(help="A running gateway's settings; none: a simulator. 设置")] = None,
    cases: Annotated[Path | None, typer.Option(help="The bank's test accounts as CSV, with --settings. 用例")] = None,
    keys: Annotated[Path | None, typer.Option(help="Directory of the client's signing key. 平台密钥")] = None,
    url: Annotated[str | None, typer.Option(help="The gateway's address, if not the settings'. 网关地址")] = None,
    client: Annotated[str | None, typer.Option(help="As which client of the gateway. 平台标识")] = None,
    header: Annotated[Path | None, typer.Option(help="A batch header as JSON to pay from. 批次头")] = None,
    wait: Annotated[float | None, typer.Option(min=1, help="Seconds until a case has failed. 最长等待")] = None,
    out: Annotated[Path | None, typer.Option(help="Default: certification/BANK. 报告目录")] = None,
    as_json: AsJson = False,
) -> None:
    """Run the cases against a simulator or the bank's test system; a report for both to sign (认证)."""
    from gateway.certify.command import run, where

    with _explained(as_json):
        place = where(settings, cases, keys, url, client, header)
        ended = run(_configuration(config), bank, place, wait, out, json=as_json)
    if ended:
        raise typer.Exit(ended)
