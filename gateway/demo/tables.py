"""What people see: live progress, and tables at the end, Chinese beside English."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from gateway.core.notices import yuan

NAMES = {
    "rejected": "校验退回 rejected",
    "refused": "整批退回 refused",
    "paid": "发放成功 paid",
    "failed": "发放失败 failed",
    "returned": "退汇 returned",
    "unknown": "结果未知 unknown",
    "in_flight": "在途 in flight",
}
MOST_FILES = 20
STYLES = {"paid": "green", "failed": "red", "returned": "yellow", "unknown": "magenta", "in_flight": "cyan"}


def show(console: Console, report: dict[str, Any]) -> None:
    """All tables of a finished run."""
    console.print(_outcomes(report), _banks(report), _reasons(report), sep="\n")
    if report.get("files"):
        console.print(_files(report))
    console.print(_checks(report))


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", header_style="bold")
    table.add_column(columns[0])
    for column in columns[1:]:
        table.add_column(column, justify="right")
    return table


def _outcomes(report: dict[str, Any]) -> Table:
    table = _table("资金守恒 · where the money is", "去向 outcome", "笔数 items", "金额 yuan")
    for name, label in NAMES.items():
        table.add_row(label, f"{report[name]:,}", yuan(report[f"{name}_fen"]), style=STYLES.get(name))
    table.add_section()
    table.add_row("申报合计 declared", f"{report['items']:,}", yuan(report["items_fen"]), style="bold")
    return table


def _banks(report: dict[str, Any]) -> Table:
    groups = {
        "paid": "成功 paid",
        "failed": "失败 failed",
        "returned": "退汇 returned",
        "unknown": "未知",
        "in_flight": "在途",
    }
    table = _table("各银行 · by bank", "银行 bank", *groups.values())
    for bank, counts in sorted(report["by_bank"].items()):
        table.add_row(bank, *(f"{counts[name]:,}" for name in groups))
    return table


def _files(report: dict[str, Any]) -> Table:
    table = _table("指令文件 · files written", "文件 message id", "银行 bank", "笔数 items", "字节 bytes", "状态 state")
    for file in report["files"][:MOST_FILES]:
        table.add_row(file["message_id"], file["bank"], f"{file['items']:,}", f"{file['bytes']:,}", file["state"])
    if len(report["files"]) > MOST_FILES:
        table.add_row(f"… {len(report['files']) - MOST_FILES} more", "", "", "", "")
    return table


def _reasons(report: dict[str, Any]) -> Table:
    table = _table("失败与退汇原因 · by reason", "原因 reason", "笔数 items", "金额 yuan")
    for reason, items in sorted(report["by_reason"].items(), key=lambda pair: -pair[1]):
        table.add_row(reason, f"{items:,}", yuan(report["by_reason_fen"][reason]))
    return table


def _checks(report: dict[str, Any]) -> Table:
    table = _table("核对 · checks", "项目 check", "结果 result")
    for label, value in report["checks"].items():
        shown = {True: "[green]✓[/]", False: "[bold red]✗[/]"}[value] if isinstance(value, bool) else f"{value:,}"
        table.add_row(label, shown)
    return table
