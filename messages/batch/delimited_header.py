"""The header row of a CSV or TSV file (表头): English field names, or the Chinese ones of a finance bureau's export."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import Final

from messages.batch.columns import ITEM_SCHEMA
from messages.batch.unreadable import ContentCode, UnreadableContent

COLUMN_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "item_id": ("明细编号", "明细序号", "发放明细编号"),
    "payee_kind": ("补贴对象类别", "收款人类别", "对象类别"),
    "name": ("收款人户名", "户名", "姓名", "收款人姓名", "收款人名称"),
    "id_type": ("证件类型",),
    "id_number": ("证件号码", "身份证号", "身份证号码", "证件号"),
    "account": ("收款账号", "账号", "银行账号", "银行卡号", "社会保障卡银行账户", "社保卡银行账号"),
    "account_kind": ("账户类别", "账户类型"),
    "bank_code": ("收款行行号", "行号", "开户行行号"),
    "mobile": ("手机号", "手机号码", "联系电话"),
    "address": ("家庭住址", "住址", "地址"),
    "amount_fen": ("金额(分)",),
    "amount_yuan": ("金额(元)", "金额", "补贴金额", "补贴金额(元)", "发放金额(元)"),
    "remark": ("附言", "备注", "摘要"),
    "reissues_item_id": ("补发原明细编号", "原明细编号"),
}
"""Field and its Chinese column names; ``amount_yuan`` (at most two decimals) may stand for ``amount_fen``."""

OPTIONAL: Final = ("mobile", "address", "remark", "reissues_item_id")

_FIELDS: Final = {label: name for name, labels in COLUMN_NAMES.items() for label in (name, *labels)}


@dataclass(frozen=True, slots=True)
class Columns:
    """The fields of the file in file order; exactly one of ``amount_fen`` and ``amount_yuan`` is among them."""

    fields: tuple[str, ...]


def read_header(line: str, delimiter: str) -> Columns:
    """The columns that ``line`` names; raises UnreadableContent naming the column and the remedy."""
    try:
        labels = next(csv.reader([line], delimiter=delimiter, strict=True))
    except csv.Error:
        labels = []
    fields = [_FIELDS.get(_plain(label)) for label in labels]
    known = [name for name in fields if name is not None]
    # half of the names must be ours: otherwise the row is somebody's data and must not be repeated in an error
    if len(known) * 2 < max(len(labels), 2):
        raise UnreadableContent(
            ContentCode.HEADER_ROW,
            "第一行不是表头；请在第一行写列名（如 明细编号、户名、证件号码、收款账号、行号、金额(元)），并核对分隔符。",
            "the first row is not a header row: put column names there (item_id, name, id_number, ...) "
            "and check the separator",
        )
    _refuse_unknown(labels, fields)
    _refuse_incomplete(known)
    return Columns(tuple(known))


def _plain(label: str) -> str:
    return label.strip().replace("（", "(").replace("）", ")")


def _refuse_unknown(labels: list[str], fields: list[str | None]) -> None:
    for place, (label, name) in enumerate(zip(labels, fields, strict=True), start=1):
        if name is None:
            shown = _plain(label)[:20]
            raise UnreadableContent(
                ContentCode.HEADER_COLUMN_UNKNOWN,
                f"表头第 {place} 列“{shown}”未定义；请改用《批次文件说明》中的列名，或删除该列。",
                f"column {place} of the header row, {shown!r}, is not defined: use a defined name or remove the column",
            )


def _refuse_incomplete(known: list[str]) -> None:
    canonical = ["amount_fen" if name == "amount_yuan" else name for name in known]
    for name in canonical:
        if canonical.count(name) > 1:
            raise UnreadableContent(
                ContentCode.HEADER_COLUMN_REPEATED,
                f"表头中“{COLUMN_NAMES[name][0]}”（{name}）出现多次；每个字段只保留一列，金额只用元或分之一。",
                f"the header row has {name} more than once: keep one column a field, and one amount, in yuan or fen",
            )
    for name in ITEM_SCHEMA:
        if name not in canonical and name not in OPTIONAL:
            raise UnreadableContent(
                ContentCode.HEADER_COLUMN_MISSING,
                f"表头缺少“{COLUMN_NAMES[name][0]}”（{name}）一列；请补齐后重新提交。",
                f"the header row has no column {name}: add it and submit the file again",
            )
