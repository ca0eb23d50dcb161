"""Lists, differences and next steps on the screen (显示)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.console import Console
from rich.text import Text

from gateway.bank.checking import Checked
from gateway.bank.differing import Difference
from gateway.bank.listing import Listed
from gateway.bank.making import Made
from gateway.bank.shown import problems, shown_path, table

_NAME_WIDTH: Final = 20
_STYLES: Final = {"added": "green", "removed": "red", "moved": "cyan", "widened": "yellow", "narrowed": "yellow"}


def show_list(console: Console, banks: Iterable[Listed]) -> None:
    """A line a bank; two things a cell where they belong together."""
    columns = ("银行\nbank", "方言\ndialect", "签名\nenvelope", "服务\nserves", "每份笔数\nrows", "版次\neditions")
    made = table("接入银行 · banks", *columns, right=("每份笔数\nrows",))
    made.columns[0].min_width = _NAME_WIDTH
    for bank in banks:
        name = Text.assemble((bank.bank, "bold"), "\n", bank.name)
        if bank.faults:
            made.add_row(name, Text(f"{bank.faults} 处错误 faults", style="red"), f"gateway bank check {bank.bank}")
            continue
        serves = ", ".join(prefix or "其余 rest" for prefix in bank.serves) or "-"
        made.add_row(
            name,
            f"{bank.dialect}\n{bank.transport}",
            f"{bank.envelope}\n{bank.scheme}",
            serves,
            f"{bank.rows_per_file:,}",
            _editions(bank),
        )
    console.print(made)


def _editions(bank: Listed) -> Text:
    """The editions: the one in force, and the one that takes over next."""
    text = Text()
    for edition in bank.editions:
        mark = "● " if edition == bank.edition else "→ " if edition == bank.next_edition else "  "
        style = {"● ": "bold", "→ ": "yellow"}.get(mark, "dim")
        text.append(("\n" if text else "") + mark + (edition or "首版"), style=style)
    return text


def show_check(console: Console, checked: Checked) -> None:
    """All errors, all warnings, and the verdict."""
    if checked.errors:
        problems(console, "错误 errors", checked.errors, "red")
    if checked.warnings:
        problems(console, "提示 warnings", checked.warnings, "yellow")
    looked = f"{len(checked.files)} 个文件 files"
    if checked.ok:
        console.print(Text(f"✓ 通过 passed: {looked}", style="bold green"))
    else:
        console.print(Text(f"✗ 未通过 refused: {looked}, {len(checked.errors)} 处错误 errors", style="bold red"))


def show_difference(console: Console, found: Difference) -> None:
    """Profile keys, fields and codes that differ."""
    console.print(Text(f"{shown_path(found.before)} → {shown_path(found.after)}", style="bold"))
    if found.same:
        console.print("没有差异 no difference", style="green")
    if found.profile:
        keys = table("接入档案 · profile", "键 key", "原 before", "新 after")
        for key in found.profile:
            keys.add_row(key.key, key.before or "-", key.after or "-")
        console.print(keys)
    if found.layout:
        _show_layout(console, found)
    if found.codes:
        codes = table("应答码 · codes", "状态 status", "应答码 reason", "原 before", "新 after")
        for code in found.codes:
            codes.add_row(code.status_raw, code.reason_raw, code.before or "-", code.after or "-")
        console.print(codes)


def _show_layout(console: Console, found: Difference) -> None:
    made = table(
        "报文格式 · layout", "报文 message", "条款 clause", "字段 field", "变更 change", "原 before", "新 after"
    )
    for one in found.layout:
        field = Text.assemble(one.title, " " if one.title else "", (one.field, "dim"))
        change = Text(one.what, style=_STYLES.get(one.what, "magenta"))
        made.add_row(
            f"{one.message} {one.part}".strip(), one.clause, field, change, one.before or "-", one.after or "-"
        )
    console.print(made)


def show_made(console: Console, made: Made) -> None:
    """The files, what is to be filled in, and the next commands."""
    console.print(Text(f"已建立 written ({made.family}):", style="bold green"))
    for file in made.files:
        console.print(f"  {shown_path(file)}", soft_wrap=True)
    if made.unfilled:
        problems(console, "待填写 to be filled in", made.unfilled, "yellow")
    console.print(Text("下一步 next:", style="bold"))
    steps = (
        ("对照银行接口文件逐行修改以上文件", "write the bank's own field table and codes into these files", None),
        ("核对", "check", f"gateway bank check {made.bank}"),
        ("预览报文与银行回文", "preview what leaves and what comes back", f"gateway bank preview {made.bank}"),
        ("认证测试", "certify", f"gateway bank certify {made.bank}"),
    )
    for number, (chinese, english, command) in enumerate(steps, 1):
        console.print(
            Text.assemble(f"  {number}. {chinese} {english}", (f"\n     {command}" if command else "", "cyan"))
        )
