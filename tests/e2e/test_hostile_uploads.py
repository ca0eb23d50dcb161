"""Uploads as they should not be, over the real API: said plainly in two languages, and nothing paid that should not be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.core.lifecycle import ItemState
from gateway.store.records import BatchState

NDJSON = "application/x-ndjson"
pytestmark = pytest.mark.slow


def _number(batch: Any) -> str:
    return str(batch.header["batch_no"])


def _in_both_languages(told: dict[str, Any]) -> None:
    assert any("\u4e00" <= letter <= "\u9fff" for letter in told["zh"]), told
    assert told["en"] and not any("\u4e00" <= letter <= "\u9fff" for letter in told["en"]), told


def _refused(scene: Any, batch: Any, code: str, content: bytes | None = None, content_type: str | None = None) -> None:
    """Taken in, checked, refused whole for ``code``; no bank hears of it."""
    client, number = scene.client, _number(batch)
    assert client.open(batch.header).status == 201
    put = client.put_items(number, content or batch.content(), content_type or batch.content_type)
    assert put.status == 202, put.body
    scene.until(lambda: scene.done(number), f"{number} is decided")
    status = client.batch(number).json()
    assert (status["state"], status["conserved"]) == ("REFUSED", True)
    assert code in [problem["code"] for problem in status["problems"]], status["problems"]
    for problem in status["problems"]:
        _in_both_languages(problem)
    assert not scene.instructions(number)
    _no_bank_knows(scene, batch)


def _no_bank_knows(scene: Any, batch: Any) -> None:
    found = scene.batch(_number(batch))
    for bank in ("rural-fixed", "city-iso"):
        assert not [ref for ref in scene.bank_items(bank) if ref.startswith(found.reference)]


def _rejected(scene: Any, batch: Any, content: bytes, *codes: str, content_type: str = NDJSON) -> list[dict[str, Any]]:
    """All are paid except the items held back for ``codes``, one each; returns the findings."""
    client, number = scene.client, _number(batch)
    assert client.open(batch.header).status == 201
    assert client.put_items(number, content, content_type).status == 202
    scene.until(lambda: scene.done(number), f"{number} is completed")
    status = client.batch(number).json()
    assert (status["state"], status["conserved"], status["problems"]) == ("COMPLETED", True, [])
    found = [json.loads(line) for line in _rejections(client, number).splitlines()]
    held = [finding for finding in found if finding["severity"] == "REJECT"]
    assert sorted(finding["code"] for finding in held) == sorted(codes)
    for finding in held:
        _in_both_languages(finding)
    assert status["rejected"]["items"] == len(codes)
    assert scene.states(number) == [ItemState.PAID] * (batch.items.height - len(codes))
    return held


def _rejections(client: Any, number: str) -> bytes:
    answer = client._call("GET", f"/v1/batches/{number}/rejections")
    assert answer.status == 200
    return bytes(answer.body)


def _lines(batch: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in batch.content().splitlines()]


def _ndjson(lines: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)


def test_an_upload_that_breaks_off_leaves_nothing_and_may_be_repeated(scene, names, monkeypatch) -> None:
    batch = names.small_batch(300, 200)
    client, number = scene.client, _number(batch)
    assert client.open(batch.header).status == 201

    def cut(body: bytes) -> Iterator[bytes]:
        yield body[: len(body) // 2]
        raise ConnectionAbortedError

    with monkeypatch.context() as patched:
        patched.setattr("simulators.platform_client._chunks", cut)
        with pytest.raises(ConnectionAbortedError):
            client.put_items(number, batch.content(), batch.content_type)
    assert scene.batch(number).state is BatchState.OPEN
    assert scene.batch(number).content is None
    assert client.put_items(number, batch.content(), batch.content_type).status == 202
    assert client.put_items(number, batch.content(), batch.content_type).status in {200, 202}
    assert client.put_items(number, batch.content()[:-500], batch.content_type).status == 409
    scene.until(lambda: scene.done(number), "completed")
    assert scene.states(number) == [ItemState.PAID] * 200


@pytest.mark.parametrize(
    ("field", "by", "code"),
    [
        ("declared_total_fen", 1, "TOTAL_MISMATCH"),
        ("declared_total_fen", -1, "TOTAL_MISMATCH"),
        ("declared_count", 1, "COUNT_MISMATCH"),
        ("declared_count", -1, "COUNT_MISMATCH"),
    ],
)
def test_declared_and_found_must_be_the_same(scene, names, field, by, code) -> None:
    batch = names.small_batch(310 + by + (code == "COUNT_MISMATCH") * 5)
    batch.header[field] += by
    _refused(scene, batch, code)


def test_all_or_nothing_is_nothing_where_one_is_wrong(scene, names) -> None:
    batch = names.small_batch(320, all_or_nothing=True)
    lines = _lines(batch)
    lines[3]["mobile"] = "123"
    _refused(scene, batch, "ALL_OR_NOTHING", _ndjson(lines))


def test_a_policy_name_that_the_bank_cannot_carry_refuses_the_batch(scene, names) -> None:
    long = names.long_policy
    _refused(
        scene, names.small_batch(321, project_code=long["code"], policy_name=long["policy_name"]), "HEADER_NOT_CARRIED"
    )


def test_a_zero_balance_account_at_a_bank_that_is_not_connected(scene, names) -> None:
    batch = names.small_batch(322)
    batch.header["paying_account"]["bank_code"] = "103100000026"
    _refused(scene, batch, "PAYING_BANK_UNKNOWN")


def test_another_charset_than_declared_refuses_the_batch(scene, names) -> None:
    batch = names.small_batch(323)
    csv = "明细编号,收款人\n".encode("utf-16")
    _refused(scene, batch, "UTF16", csv, "text/csv; charset=utf-8")


def test_a_repeated_item_id_is_paid_once(scene, names) -> None:
    batch = names.small_batch(330)
    lines = _lines(batch)
    lines[7]["item_id"] = lines[2]["item_id"]
    (held,) = _rejected(scene, batch, _ndjson(lines), "DUPLICATE_ITEM_ID")
    assert held["line_no"] == 8


def test_broken_lines_hold_only_themselves(scene, names) -> None:
    batch = names.small_batch(331)
    lines = [json.dumps(line, ensure_ascii=False).encode() for line in _lines(batch)]
    lines[1] = lines[1].replace(b'"name": "', b'"name": "\xff\xfe', 1)
    lines[4] = lines[4].replace(b'"name": "', b'"name": "\x00', 1)
    lines[6] = lines[6][:-20]
    held = _rejected(scene, batch, b"\n".join(lines) + b"\n", "LINE_ENCODING", "LINE_NUL", "LINE_NOT_JSON")
    assert sorted(finding["line_no"] for finding in held) == [2, 5, 7]


def test_control_characters_and_a_field_of_ten_megabytes(scene, names) -> None:
    batch = names.small_batch(332)
    lines = _lines(batch)
    lines[2]["name"] = "张\u0007三"
    lines[5]["remark"] = "长" * 3_500_000
    held = _rejected(scene, batch, _ndjson(lines), "CONTROL_CHARACTER", "LINE_TOO_LONG")
    assert sorted(finding["line_no"] for finding in held) == [3, 6]
    assert all(len(json.dumps(finding)) < 2000 for finding in held)


def test_gb18030_that_is_said_to_be_utf8_pays_nobody(scene, names) -> None:
    batch = names.small_batch(333)
    content = batch.content().decode().encode("gb18030")
    client, number = scene.client, _number(batch)
    client.open(batch.header)
    client.put_items(number, content, NDJSON)
    scene.until(lambda: scene.done(number), "decided")
    status = client.batch(number).json()
    assert status["conserved"] and (status["state"] == "REFUSED" or status["rejected"]["items"] == 12), status
    _no_bank_knows(scene, batch)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"project_code": "NOBODY-2026"}, 422, "NOT_PAYABLE"),
        ({"policy_name": "别的补贴"}, 422, "NOT_PAYABLE"),
        ({"division_code": "12"}, 422, "BAD_FIELD"),
        ({"surprise": 1}, 422, "BAD_FIELD"),
    ],
)
def test_a_header_that_may_not_be_paid_is_refused_at_the_door(scene, names, change, status, code) -> None:
    batch = names.small_batch(340, **change)
    answer = scene.client.open(batch.header)
    told = answer.json()
    assert (answer.status, told["code"]) == (status, code)
    _in_both_languages(told)
    assert told["remedy_zh"] and told["remedy_en"]
    assert scene.batch(_number(batch)) is None


def test_nothing_was_paid_that_should_not_be(scene) -> None:
    scene.until(scene.idle, "nothing is left to do")
    scene.agrees_with_banks()
