"""Layouts over message transports: what a message is, is told by its header; an inquiry is a message of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from adapters.contract import CannotTranslate, Dialect, Inquirer, MessageRefused, Question, ResultKind
from adapters.dialects.records import HEAD_ITEM
from adapters.profile import BankProfile
from adapters.registry import DIALECTS
from messages.layout.model import Layout
from messages.layout.reader import read_layout

MESSAGE_ID = "7K3M9QXWZ4T2F0001"
LAYOUT = """\
layout: messages
title: 报文
document: 测试
form: delimited
delimited: {delimiter: "|", line_end: LF}
messages:
  instruction:
    title: 代发
    clause: "1"
    header:
      - {clause: 1.1, name: mark, kind: constant, value: P, title: 标志}
      - {clause: 1.2, name: id, kind: identifier, source: message_id, title: 编号}
      - {clause: 1.3, name: made, kind: moment, source: created_at, title: 时间}
    detail:
      - {clause: 2.1, name: item, kind: reference, source: reference, title: 参考号}
      - {clause: 2.2, name: name, kind: text, source: name, title: 户名}
      - {clause: 2.3, name: account, kind: identifier, source: account, title: 账号}
      - {clause: 2.4, name: amount, kind: amount_fen, source: amount_fen, title: 金额}
  acknowledgement:
    title: 应答
    clause: "3"
    header:
      - {clause: 3.1, name: mark, kind: constant, value: A, title: 标志}
      - {clause: 3.2, name: id, kind: identifier, source: original_message_id, title: 编号}
      - {clause: 3.3, name: status, kind: identifier, source: group_status_raw, title: 状态}
  result:
    title: 结果
    clause: "4"
    header:
      - {clause: 4.1, name: mark, kind: constant, value: R, title: 标志}
      - {clause: 4.2, name: id, kind: identifier, source: original_message_id, title: 编号}
      - {clause: 4.3, name: status, kind: identifier, source: group_status_raw, title: 状态, required: no}
      - {clause: 4.4, name: reason, kind: identifier, source: group_reason_raw, title: 原因码, required: no}
      - {clause: 4.5, name: text, kind: text, source: group_text_raw, title: 原因, required: no}
    detail:
      - {clause: 5.1, name: item, kind: reference, source: reference, title: 参考号}
      - {clause: 5.2, name: state, kind: identifier, source: status_raw, title: 状态}
  inquiry:
    title: 查询
    clause: "6"
    header:
      - {clause: 6.1, octets: 1,  name: mark, kind: constant, value: Q, title: 标志}
      - {clause: 6.2, octets: 26, name: id, kind: identifier, source: inquiry_id, title: 查询编号}
      - {clause: 6.3, octets: 17, name: original, kind: identifier, source: original_message_id, title: 原编号}
      - {clause: 6.4, octets: 8,  name: day, kind: date, source: requested_on, title: 原日期}
      - {clause: 6.5, octets: 14, name: made, kind: moment, source: created_at, title: 时间}
      - {clause: 6.6, octets: 4,  name: count, kind: count, title: 笔数}
    detail:
      - {clause: 7.1, octets: 22, name: item, kind: reference, source: reference, title: 参考号}
"""
QUESTION = Question(
    inquiry_id="Q1",
    original_message_id=MESSAGE_ID,
    created_at=datetime(2026, 11, 22, 16, 30, tzinfo=UTC),
    requested_on=date(2026, 11, 25),
    debtor_account="24039001040012345",
)
DIALECT: Dialect = DIALECTS["delimited"]


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    path: Path = tmp_path_factory.mktemp("layouts") / "messages.yaml"
    path.write_text(LAYOUT, encoding="utf-8")
    return read_layout(path)


@pytest.fixture
def profile(profiles: dict[str, BankProfile], layout: Layout) -> BankProfile:
    """A bank without files."""
    return profiles["village-delimited"].model_copy(update={"record_layout": layout, "file_names": None})


def test_an_acknowledgement(profile: BankProfile) -> None:
    parsed = DIALECT.parse(profile, "", [b"A|7K3M9QXWZ", b"4T2F0001|0000\n"])
    assert (parsed.kind, parsed.original_message_id, parsed.group_status_raw) == (
        ResultKind.ACKNOWLEDGEMENT,
        MESSAGE_ID,
        "0000",
    )


def test_a_result_may_speak_of_the_whole_instruction(profile: BankProfile) -> None:
    content = f"R|{MESSAGE_ID}|9|E404|查无此批次\n".encode("gb18030")
    parsed = DIALECT.parse(profile, "anything", [content])
    assert (parsed.kind, parsed.blocks) == (ResultKind.RESULT, ())
    assert (parsed.group_status_raw, parsed.group_reason_raw, parsed.group_text_raw) == ("9", "E404", "查无此批次")
    rows = DIALECT.parse(profile, "", [f"R|{MESSAGE_ID}|||\nR1|0\n".encode()])
    assert rows.group_status_raw is None
    assert rows.blocks[0]["status_raw"].to_list() == ["0"]


@pytest.mark.parametrize("content", [b"", b"X|1|2\n", f"Q|1|{MESSAGE_ID}\n".encode(), b"\xff\xfe", b"A" * 100_000])
def test_what_is_no_message_of_the_bank_is_refused(profile: BankProfile, content: bytes) -> None:
    with pytest.raises(MessageRefused, match="is none of the document's messages: acknowledgement, result"):
        DIALECT.parse(profile, "", [content])


def test_a_message_above_the_limit_is_refused(profile: BankProfile) -> None:
    with pytest.raises(MessageRefused, match="result_bytes"):
        DIALECT.parse(profile, "", [b"A" * 10_000_000] * 3)


def test_an_inquiry_about_all_and_about_some(profile: BankProfile) -> None:
    assert isinstance(DIALECT, Inquirer)
    assert DIALECT.inquiry(profile, QUESTION) == f"Q|Q1|{MESSAGE_ID}|20261125|20261123003000|0\n".encode()
    some = replace(QUESTION, references=("7K3M9QXWZ4T200000000", "7K3M9QXWZ4T200000001"))
    assert DIALECT.inquiry(profile, some).split(b"\n")[0].endswith(b"|2")
    assert DIALECT.inquiry(profile, some).split(b"\n")[1:] == [*(r.encode() for r in some.references), b""]


def test_an_inquiry_that_cannot_name_items_asks_about_all(profile: BankProfile, layout: Layout) -> None:
    inquiry = next(message for name, message in layout.messages.items() if name == "inquiry")
    messages = {**layout.messages, "inquiry": inquiry.model_copy(update={"detail": ()})}
    whole = profile.model_copy(update={"record_layout": layout.model_copy(update={"messages": messages})})
    assert isinstance(DIALECT, Inquirer)
    assert DIALECT.inquiry(whole, replace(QUESTION, references=("R",))).endswith(b"|0\n")


def test_an_inquiry_that_cannot_be_written_is_told(profile: BankProfile) -> None:
    assert isinstance(DIALECT, Inquirer)
    with pytest.raises(CannotTranslate) as refused:
        DIALECT.inquiry(profile, replace(QUESTION, inquiry_id="Q" * 27))
    assert refused.value.findings == [(HEAD_ITEM, "inquiry_id", "has 27 octets, the field has 26")]


def test_a_layout_without_inquiry_is_our_fault(profiles: dict[str, BankProfile]) -> None:
    assert isinstance(DIALECT, Inquirer)
    with pytest.raises(ValueError, match=r"no message inquiry: see inquiry\.by"):
        DIALECT.inquiry(profiles["rural-fixed"], QUESTION)
