"""A layout with every kind, with attributes, prefixes and elements shared by fields, and ways to make broken ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from messages.layout.model import Layout
from messages.layout.reader import read_layout
from messages.layout.record_xml import RecordXmlFile
from messages.layout.vocabulary import MessageName

CONFIG = Path(__file__).parents[4] / "config"

EVERY_KIND = """\
layout: every-kind
title: 各种域
document: 测试
form: record-xml
namespaces: {"": "urn:bank:order", x: "urn:bank:extra"}
messages:
  instruction:
    title: 指令
    clause: "1"
    root: Doc
    rows: Body/List/Item
    header:
      - {clause: 1.1, path: "@version",       octets: 3,  name: mark,  kind: constant, value: "1<2", title: 版本}
      - {clause: 1.2, path: Head/Id,          octets: 17, name: id,    kind: identifier, source: message_id, title: 编号}
      - {clause: 1.3, path: Head/x:Day,       octets: 10, name: day,   kind: date, form: YYYY-MM-DD,
         source: requested_on, title: 日期}
      - {clause: 1.4, path: Head/Made,        octets: 19, name: made,  kind: moment, form: YYYY-MM-DD, time_form: "HH:MM:SS",
         source: created_at, title: 制表}
      - {clause: 1.5, path: Head/Hold,        octets: 9,  name: hold,  kind: filler, title: 保留}
      - {clause: 1.6, path: Head/Policy,      octets: 20, name: policy, kind: text, source: policy_name, required: no, title: 政策}
      - {clause: 1.7, path: Body/Sum/@count,  octets: 6,  name: count, kind: count, title: 笔数}
      - {clause: 1.8, path: Body/Sum,         octets: 14, name: total, kind: total, unit: yuan, title: 金额(元)}
    detail:
      - {clause: 2.1, path: "@no",            octets: 6,  name: number,  kind: sequence, pad: zero, title: 序号}
      - {clause: 2.2, path: Ref,              octets: 20, name: item,    kind: reference, source: reference, title: 参考号}
      - {clause: 2.3, path: Payee/@kind,      octets: 8,  name: payee,   kind: code, source: payee_kind, title: 类别,
         values: {P: PERSON, ORG: ORGANISATION}}
      - {clause: 2.4, path: Payee/Name,       octets: 30, name: name,    kind: text, source: name, title: 户名}
      - {clause: 2.5, path: Payee/x:Acct/@no, octets: 20, name: account, kind: identifier, source: account, title: 账号}
      - {clause: 2.6, path: Payee/x:Acct/Bank, octets: 12, name: bank,   kind: digits, source: bank_code, required: no, title: 行号}
      - {clause: 2.7, path: Note,             octets: 20, name: remark,  kind: text, source: remark, required: no, title: 附言}
      - {clause: 2.8, path: Hold,                         name: hold,    kind: filler, title: 保留}
      - {clause: 2.9, path: Amt,              octets: 15, name: amount,  kind: amount_yuan, source: amount_fen, title: 金额(元)}
    trailer:
      - {clause: 3.1, path: Body/Total,       octets: 16, name: total,   kind: total, title: 金额(分)}
      - {clause: 3.2, path: End/x:Mark,       octets: 1,  name: mark,    kind: constant, value: T, title: 标志}
"""

HEAD: dict[str, object] = {
    "message_id": "7K3M9QXWZ4T2F0001",
    "original_message_id": "7K3M9QXWZ4T2F0001",
    "requested_on": date(2026, 11, 25),
    "created_on": date(2026, 11, 23),
    "created_at": datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC),
    "policy_name": "耕地补贴",
    "debtor_name": "示范县财政局",
    "debtor_account": "24039001040012345",
    "debtor_bank_code": "401737300187",
    "project_code": "GD",
    "voucher_no": None,
    "group_status_raw": "000000",
    "group_text_raw": None,
    "inquiry_id": "ABCDEFGHJKMNPQRSTVWXYZ0123",
}
ITEM = {"payee_kind": "PERSON", "name": "张三", "account": "6217", "bank_code": None, "remark": None, "amount_fen": 1}


def frame(rows: list[dict[str, object]]) -> pl.DataFrame:
    """Rows as a block, each with a reference of its own."""
    dtypes = dict.fromkeys(rows[0], pl.String) | {"amount_fen": pl.Int64}
    dtypes |= {"settled_on": pl.Date} if "settled_on" in rows[0] else {}
    references = pl.Series("reference", [f"7K3M9QXWZ4T2{number:08d}" for number in range(len(rows))])
    return pl.DataFrame(rows, schema=dtypes).with_columns(references)


def written(file: RecordXmlFile, items: pl.DataFrame) -> bytes:
    """The document of these items, given in two blocks."""
    head = {**HEAD, "rows": items.height, "total_fen": sum(items["amount_fen"].to_list())}
    return b"".join(file.build(head, [items[:1], items[1:]]))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def make() -> Callable[[list[dict[str, object]]], pl.DataFrame]:
    return frame


@pytest.fixture(scope="session")
def write() -> Callable[[RecordXmlFile, pl.DataFrame], bytes]:
    return written


@pytest.fixture
def item() -> dict[str, object]:
    return dict(ITEM)


@pytest.fixture
def head() -> dict[str, object]:
    return dict(HEAD)


@pytest.fixture(scope="session")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Layout]:
    """The layout of every kind with some text replaced."""

    def read(*changes: tuple[str, str]) -> Layout:
        text = EVERY_KIND
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new, 1)
        path = tmp_path_factory.mktemp("layouts") / "every-kind.yaml"
        path.write_text(text, encoding="utf-8")
        return read_layout(path)

    return read


@pytest.fixture(scope="session")
def every_kind(layout: Callable[..., Layout]) -> Callable[[str], RecordXmlFile]:
    """The instruction of every kind, compiled for an encoding."""
    whole = layout()
    return lambda encoding: RecordXmlFile(whole, MessageName.INSTRUCTION, encoding, once=True)


@pytest.fixture(scope="session")
def results() -> RecordXmlFile:
    return RecordXmlFile(read_layout(CONFIG / "layouts/coop-tcp.yaml"), MessageName.RESULT, "gbk", once=False)
