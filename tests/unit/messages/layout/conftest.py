"""A layout with one field of every kind and alignment, and ways to make broken ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from messages.layout.model import Layout
from messages.layout.reader import read_layout

CONFIG = Path(__file__).parents[4] / "config"

EVERY_KIND = """\
layout: every-kind
title: 各种域
document: 测试
form: fixed-width
messages:
  instruction:
    title: 指令
    clause: "1"
    header:
      - {clause: 1.1, octets: 3,  name: mark,   kind: constant, value: HDR, title: 标志}
      - {clause: 1.2, octets: 17, name: id,     kind: identifier, source: message_id, align: right, title: 编号}
      - {clause: 1.3, octets: 10, name: day,    kind: date, form: YYYY-MM-DD, source: requested_on, title: 日期}
      - {clause: 1.4, octets: 10, name: made,   kind: date, form: YYYY/MM/DD, source: created_on, required: no, title: 制表}
      - {clause: 1.5, octets: 6,  name: count,  kind: count, pad: blank, title: 笔数}
      - {clause: 1.6, octets: 14, name: total,  kind: total, unit: yuan, align: left, pad: blank, title: 金额(元)}
    detail:
      - {clause: 2.1, octets: 4,  name: number,   kind: sequence, title: 序号}
      - {clause: 2.2, octets: 20, name: item,     kind: reference, source: reference, title: 参考号}
      - {clause: 2.3, octets: 30, name: name,     kind: text, source: name, title: 户名}
      - {clause: 2.4, octets: 20, name: remark,   kind: text, source: remark, align: right, required: no, title: 附言}
      - {clause: 2.5, octets: 4,  name: reserved, kind: filler, title: 保留}
      - {clause: 2.6, octets: 20, name: account,  kind: identifier, source: account, align: right, title: 账号}
      - {clause: 2.7, octets: 12, name: bank,     kind: digits, source: bank_code, required: no, title: 行号}
      - {clause: 2.8, octets: 2,  name: id_kind,  kind: code, source: id_type, required: no, title: 证件,
         values: {A1: RESIDENT_ID, B2: PASSPORT}}
      - {clause: 2.9, octets: 12, name: amount,   kind: amount_yuan, source: amount_fen, title: 金额(元)}
    trailer:
      - {clause: 3.1, octets: 1,  name: mark,  kind: constant, value: T, title: 标志}
      - {clause: 3.2, octets: 16, name: total, kind: total, title: 金额(分)}
"""

SEPARATED = """\
layout: separated
title: 各种域
document: 测试
form: delimited
delimited: {delimiter: "|", line_end: CRLF}
messages:
  instruction:
    title: 指令
    clause: "1"
    header:
      - {clause: 1.1, name: mark,   kind: constant, value: HDR, title: 标志}
      - {clause: 1.2, name: id,     kind: identifier, octets: 17, source: message_id, title: 编号}
      - {clause: 1.3, name: day,    kind: date, form: YYYY-MM-DD, source: requested_on, title: 日期}
      - {clause: 1.4, name: made,   kind: moment, form: YYYY-MM-DD, time_form: "HH:MM:SS", source: created_at, title: 时间}
      - {clause: 1.5, name: count,  kind: count, title: 笔数}
      - {clause: 1.6, name: total,  kind: total, unit: yuan, octets: 16, pad: zero, title: 金额(元)}
    detail:
      - {clause: 2.1, name: number,   kind: sequence, octets: 4, pad: zero, title: 序号}
      - {clause: 2.2, name: item,     kind: reference, octets: 20, source: reference, title: 参考号}
      - {clause: 2.3, name: name,     kind: text, octets: 30, source: name, title: 户名}
      - {clause: 2.4, name: remark,   kind: text, octets: 60, source: remark, required: no, title: 附言}
      - {clause: 2.5, name: reserved, kind: filler, title: 保留}
      - {clause: 2.6, name: account,  kind: identifier, octets: 20, source: account, title: 账号}
      - {clause: 2.7, name: bank,     kind: digits, octets: 12, source: bank_code, required: no, title: 行号}
      - {clause: 2.8, name: id_kind,  kind: code, source: id_type, required: no, title: 证件,
         values: {A1: RESIDENT_ID, B22: PASSPORT}}
      - {clause: 2.9, name: amount,   kind: amount_yuan, octets: 14, source: amount_fen, title: 金额(元)}
    trailer:
      - {clause: 3.1, name: mark,  kind: constant, value: T, title: 标志}
      - {clause: 3.2, name: total, kind: total, title: 金额(分)}
      - {clause: 3.3, name: check, kind: checksum, checksum: sha256, title: 校验值}
  result:
    title: 结果
    clause: "4"
    header:
      - {clause: 4.1, name: id,     kind: identifier, source: original_message_id, title: 编号}
      - {clause: 4.2, name: made,   kind: time, source: created_at, required: no, title: 时间}
    detail:
      - {clause: 5.1, name: item,    kind: reference, source: reference, title: 参考号}
      - {clause: 5.2, name: state,   kind: identifier, source: status_raw, title: 状态}
      - {clause: 5.3, name: amount,  kind: amount_fen, source: amount_fen, title: 金额(分)}
      - {clause: 5.4, name: text,    kind: text, source: text_raw, required: no, title: 说明}
      - {clause: 5.5, name: settled, kind: date, source: settled_on, required: no, title: 日期}
"""


@pytest.fixture(scope="session")
def rural() -> Layout:
    return read_layout(CONFIG / "layouts" / "rural-fixed.yaml")


@pytest.fixture
def layout_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes the layout of every kind, or another, with some text replaced."""

    def write(*changes: tuple[str, str], text: str = EVERY_KIND) -> Path:
        path = tmp_path / f"{text.split()[1]}.yaml"
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new, 1)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def every_kind(layout_file: Callable[..., Path]) -> Layout:
    return read_layout(layout_file())


@pytest.fixture
def separated_file(layout_file: Callable[..., Path]) -> Callable[..., Path]:
    """Writes the delimited layout of every kind with some text replaced."""
    return partial(layout_file, text=SEPARATED)


@pytest.fixture
def separated(separated_file: Callable[..., Path]) -> Callable[..., Layout]:
    """The delimited layout of every kind, its ``delimited`` block replaced where one is given."""

    def read(rule: str | None = None, *changes: tuple[str, str]) -> Layout:
        rules = [('{delimiter: "|", line_end: CRLF}', rule)] if rule else []
        return read_layout(separated_file(*rules, *changes))

    return read


@pytest.fixture(scope="session")
def village() -> Layout:
    return read_layout(CONFIG / "layouts" / "village-delimited.yaml")
