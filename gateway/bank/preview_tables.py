"""A preview on the screen (预览显示): fields in tables, messages indented, outcomes with what is not mapped in view."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from adapters.editions import edition_of
from adapters.profile import BankProfile
from gateway.bank.annotation import RecordView
from gateway.bank.previewing import Preview
from gateway.bank.result_view import ResultRefused, ResultView
from gateway.bank.shown import WIDTH, padded, table
from gateway.core.notices import yuan
from messages.layout.model import Form

PARTS: Final = {"header": "文件头 header", "detail": "明细 detail", "trailer": "文件尾 trailer"}
_RULED: Final = 80
_MOST_ROWS: Final = 50
_BEGINNING: Final = 160
_STYLES: Final = {"PAID": "green", "FAILED": "red", "RETURNED": "yellow", "UNKNOWN": "magenta", "ACCEPTED": "cyan"}


def show_preview(console: Console, made: Preview) -> None:
    """What leaves: the head line, every shown record, and what the format cannot carry."""
    profile = made.profile
    edition = edition_of(profile) or "首版 first"
    console.print(Text.assemble((profile.name, "bold"), f"  {profile.bank} · {profile.dialect} · {profile.encoding}"))
    console.print(
        f"{made.name}: {made.head.rows} 笔 items, {yuan(made.head.total_fen)} 元 yuan, {len(made.content)} 字节 octets · "
        f"版次 edition {edition}"
    )
    if profile.security.envelope != "detached":
        console.print(_envelope(made), style="dim", soft_wrap=True)
    for record in made.records:
        show_record(console, profile, record)
    for section in (*made.sections, *made.inquiry):
        console.print(Text(f"\n{section.title}", style="bold"))
        lexer = "text" if section.kind == "text" else section.kind
        console.print(Syntax(section.text, lexer, word_wrap=True, background_color="default"))
    _refused(console, made)


def _envelope(made: Preview) -> str:
    """What the envelope makes of the message."""
    kind = made.profile.security.envelope
    if made.sealed is None:
        return f"封装 envelope {kind}: 以上为加密前 the octets are those before encryption"
    beginning = made.sealed[:_BEGINNING].decode(made.profile.encoding, "replace")
    more = "…" if len(made.sealed) > _BEGINNING else ""
    sealed = f"封装 envelope {kind}: {len(made.sealed)} 字节 octets，签名以零代替 signature of zeros"
    return sealed if kind != "form" else f"{sealed}\n{beginning}{more}"


def show_record(console: Console, profile: BankProfile, record: RecordView, fault: str | None = None) -> None:
    """One record: the line under a ruler, then field by field; ``fault`` is the name of a field that is wrong."""
    number = f" {record.number}" if record.part == "detail" else ""
    console.print()
    layout = profile.record_layout
    form = Form.FIXED_WIDTH if layout is None else layout.form
    if form is Form.FIXED_WIDTH:
        _ruled(console, record.text, profile.encoding)
    elif form is Form.DELIMITED:
        console.print(Text(record.text), soft_wrap=False)
    place = {Form.FIXED_WIDTH: "字节\noctets", Form.DELIMITED: "列\ncolumn", Form.RECORD_XML: "路径\npath"}[form]
    columns = (place, "条款\nclause", "字段\nfield", "类型\nkind", "原文\nas it stands", "取值\nvalue, source")
    made = table(f"{PARTS[record.part]}{number}", *columns)
    for field in record.fields:
        value = Text.assemble(field.value or "", "\n" if field.value else "", (field.source or "", "dim"))
        made.add_row(
            field.place,
            field.clause,
            Text.assemble(field.title, "\n", (field.name, "dim")),
            field.kind,
            padded(field.raw),
            value,
            style="bold red" if field.name == fault else None,
        )
    console.print(made)


def _ruled(console: Console, text: str, encoding: str) -> None:
    """The record in pieces of 80 octets under a ruler: a character of two octets is two columns wide."""
    octets, start = text.encode(encoding, "replace"), 0
    while start < len(octets):
        piece = octets[start : start + _RULED].decode(encoding, "ignore")
        taken = len(piece.encode(encoding)) or _RULED
        console.print(Text(f"{start + 1:>6}  {_ruler(start, taken)}", style="dim"))
        console.print(Text.assemble((" " * 8, "dim"), piece), soft_wrap=True)
        start += taken


def _ruler(start: int, length: int) -> str:
    """A mark every five octets, the tens in figures: ``----+---10----+---20``."""
    marks = ["-"] * length
    for octet in range(start + 1, start + length + 1):
        at = octet - start - 1
        if octet % 10 == 0:
            figure = str(octet)
            first = max(0, at - len(figure) + 1)
            marks[first : at + 1] = figure[-(at - first + 1) :]
        elif octet % 5 == 0:
            marks[at] = "+"
    return "".join(marks)[: WIDTH - 8]


def _refused(console: Console, made: Preview) -> None:
    if not made.refused:
        return
    means = {
        "reject-item": "这些明细将被退回 these items are rejected",
        "refuse-batch": "整批退回 the batch is refused",
    }
    found = table(
        f"本行格式写不下的明细 · items that this format cannot carry: {means[made.profile.misfit]}",
        "行 line",
        "明细编号 item",
        "字段 field",
        "原因 why",
    )
    for one in made.refused[:_MOST_ROWS]:
        found.add_row(str(one["line"]), str(one["item_id"]), str(one["field"]), str(one["why"]), style="yellow")
    console.print(found)


def show_result(console: Console, profile: BankProfile, seen: ResultView) -> None:
    """What a bank's message means, row by row; what the code table lacks stands out."""
    parsed = seen.parsed
    console.print(Text(f"\n{seen.name}: {parsed.kind} → {parsed.original_message_id}", style="bold"))
    console.print("未验签 the signature is not verified here", style="dim")
    if seen.group is not None:
        style = _STYLES.get(seen.group.outcome, "")
        console.print(f"整份 file: {parsed.group_status_raw} → [{style}]{seen.group.outcome}[/] {_why(seen.group)}")
    _rows(console, seen)
    _unmapped(console, profile, seen.unmapped)


def _why(group: object) -> str:
    reason, remedy = getattr(group, "reason", None), getattr(group, "remedy", None)
    return " ".join(str(word) for word in (reason, remedy) if word)


def _rows(console: Console, seen: ResultView) -> None:
    if not seen.rows.height:
        return
    columns = (
        "明细参考号\nreference",
        "状态\nstatus",
        "应答码\nreason",
        "结果\noutcome",
        "原因\nour reason",
        "处理\nremedy",
    )
    made = table("明细结果 · what becomes of each item", *columns)
    shown = seen.rows.sort("mapped", maintain_order=True).head(_MOST_ROWS)
    for row in shown.iter_rows(named=True):
        mark = "" if row["mapped"] else "\n未对照 unmapped"
        made.add_row(
            row["reference"],
            row["status_raw"],
            row["reason_raw"] or "",
            Text(row["outcome"] + mark, style=_STYLES.get(row["outcome"], "") if row["mapped"] else "bold magenta"),
            row["reason"] or "",
            row["remedy"] or "",
        )
    console.print(made)
    if seen.rows.height > _MOST_ROWS:
        console.print(f"… 另有 {seen.rows.height - _MOST_ROWS} 行 more rows (--json: all)", style="dim")


def _unmapped(console: Console, profile: BankProfile, pairs: Iterable[tuple[str, str]]) -> None:
    found = list(pairs)
    if not found:
        return
    console.print(Text("未对照的应答码 · codes that the table does not have", style="bold magenta"))
    console.print(f"→ config/codes/{profile.code_table}.csv 增加 add:")
    for status, reason in found:
        console.print(Text(f"  {status},{reason},<outcome>,<reason>,<remedy>,<中文>,<English>,<条款 source>"))


def show_refusal(console: Console, profile: BankProfile, refused: ResultRefused) -> None:
    """Why the gateway would put a bank's message aside, with the record at fault."""
    console.print(Text("报文将被隔离 the message would be quarantined:", style="bold red"))
    console.print(Text(f"  {refused}", style="red"), soft_wrap=True)
    if refused.record is not None:
        show_record(console, profile, refused.record, refused.refused.field_name)
