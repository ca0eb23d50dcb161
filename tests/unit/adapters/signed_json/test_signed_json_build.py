"""What is promised is written, what is written is JSON that any reader understands the same way."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.contract import CannotTranslate, Dialect, Inquirer, Question
from adapters.dialects.signed_json import SignedJsonDialect
from adapters.registry import DIALECTS

DIALECT = SignedJsonDialect()
TEXT = st.text(
    st.characters(exclude_categories=("Cc", "Cs")) | st.sampled_from('"\\/\u2028\ufffe\U00020bb7😀&<%+'), max_size=62
)


def test_it_is_a_dialect_that_can_ask():
    dialect: Dialect = DIALECTS["signed-json"]
    assert isinstance(dialect, SignedJsonDialect) and isinstance(dialect, Inquirer)


def written(profile, head, blocks) -> dict:
    return json.loads(b"".join(DIALECT.build(profile, head, blocks)))["request"]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.tuples(TEXT.filter(bool), st.none() | TEXT), min_size=1, max_size=8), cut=st.integers(0, 8))
def test_every_text_comes_back(shipped, items, instruction, names, cut):
    block = items(len(names)).with_columns(
        pl.Series("name", [name for name, _ in names], dtype=pl.String),
        pl.Series("remark", [remark for _, remark in names], dtype=pl.String),
    )
    request = written(shipped, instruction(block), [block[:cut], block[cut:]])
    rows = request["body"]["DTLLST"]
    assert [(row["CLTNAM"], row["TRSDSP"]) for row in rows] == [(name, remark or "") for name, remark in names]
    assert [row["TRXSEQ"] for row in rows] == [f"{number:08d}" for number in range(1, len(names) + 1)]


def test_more_rows_than_a_chunk_are_one_list(shipped, items, instruction):
    block = items(2_500)
    request = written(shipped, instruction(block), [block[:700], block[700:]])
    assert [row["TRXREF"] for row in request["body"]["DTLLST"]] == block["reference"].to_list()
    assert request["body"]["BUSINF"]["TTLCNT"] == "2500" and request["body"]["BUSINF"]["TTLAMT"] == "2500.00"


@pytest.mark.parametrize(
    ("fen", "yuan"), [(1, "0.01"), (10, "0.10"), (99, "0.99"), (100, "1.00"), (100_000_000, "1000000.00")]
)
def test_amounts(shipped, items, instruction, fen, yuan):
    block = items(1, amount_fen=fen)
    request = written(shipped, instruction(block), [block])
    assert request["body"]["DTLLST"][0]["TRSAMT"] == request["body"]["BUSINF"]["TTLAMT"] == yuan


@pytest.mark.parametrize(("code", "flag"), [("308584000013", "Y"), ("402881000012", "N"), ("103100000026", "N")])
def test_own_bank_or_another(shipped, items, instruction, code, flag):
    block = items(1, bank_code=code)
    assert written(shipped, instruction(block), [block])["body"]["DTLLST"][0]["BNKFLG"] == flag


def test_rows_are_bounded_by_the_document_the_profile_and_octets(profile):
    assert DIALECT.rows_per_file(profile(rows_per_file=100_000, bytes_per_file=10**8)) == 3_000
    assert DIALECT.rows_per_file(profile(rows_per_file=7)) == 7
    few = DIALECT.rows_per_file(profile(bytes_per_file=10_000))
    assert 0 < few < 12
    with pytest.raises(ValueError, match="must be at least"):
        DIALECT.rows_per_file(profile(bytes_per_file=2_000))


def test_a_full_message_of_the_longest_items_keeps_the_octet_limit(profile, items, instruction):
    tight = profile(bytes_per_file=100_000)
    rows = DIALECT.rows_per_file(tight)
    block = items(rows, name="\U00020bb7" * 62, remark="\U00020bb7" * 100, account="6" * 35, amount_fen=99_999_999)
    block = block.with_columns(pl.concat_str(pl.lit("R" * 22), pl.col("reference").str.tail(8)).alias("reference"))
    longest = {"policy_name": 60, "debtor_name": 100, "project_code": 40, "voucher_no": 40}
    head = instruction(block, **{name: "\U00020bb7" * most for name, most in longest.items()})
    assert len(b"".join(DIALECT.build(tight, head, [block]))) <= 100_000


@pytest.mark.parametrize(
    ("changes", "field", "why"),
    [
        ({"name": "长" * 63}, "name", "longer than 62"),
        ({"name": ""}, "name", "is empty"),
        ({"name": None}, "name", "is empty"),
        ({"name": "a\x00b"}, "name", "control character"),
        ({"remark": "a\nb"}, "remark", "control character"),
        ({"remark": "长" * 101}, "remark", "longer than 100"),
        ({"account": "6" * 36}, "account", "1 to 35"),
        ({"account": "6217 000"}, "account", "blanks"),
        ({"account": "６２１７"}, "account", "printable"),
        ({"account": None}, "account", "1 to 35"),
        ({"bank_code": "40288100001"}, "bank_code", "12 digits"),
        ({"bank_code": "402881000012\n"}, "bank_code", "12 digits"),
        ({"bank_code": None}, "bank_code", "12 digits"),
        ({"amount_fen": 0}, "amount_fen", "1 to"),
        ({"amount_fen": -1}, "amount_fen", "1 to"),
        ({"amount_fen": 100_000_001}, "amount_fen", "1 to 100000000"),
        ({"amount_fen": None}, "amount_fen", "1 to"),
    ],
)
def test_what_it_cannot_carry_it_says_before_anything_is_promised(shipped, items, instruction, changes, field, why):
    block = pl.concat([items(2), items(1, **changes).with_columns(pl.lit(77, pl.UInt32).alias("item_no"))])
    findings = DIALECT.carries(shipped, block.drop("reference", "line_no"))
    assert [(row, name) for row, name, _ in findings] == [(2, field)]
    assert why in findings[0][2]
    with pytest.raises(CannotTranslate) as refused:
        b"".join(DIALECT.build(shipped, instruction(block), [block]))
    assert refused.value.findings[0][:2] == (77, field)
    for value in changes.values():
        assert not isinstance(value, str) or len(value) < 3 or value not in str(refused.value)


def test_what_fits_exactly_is_carried(shipped, items):
    assert DIALECT.carries(shipped, items(3, name="长" * 62, remark="长" * 100, account="6" * 35)) == []
    assert DIALECT.carries(shipped, items(0)) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"policy_name": "长" * 61}, "policy_name"),
        ({"debtor_account": ""}, "debtor_account"),
        ({"debtor_account": "1" * 36}, "debtor_account"),
        ({"debtor_name": "a\x1fb"}, "debtor_name"),
        ({"voucher_no": "1" * 41}, "voucher_no"),
    ],
)
def test_a_head_that_does_not_fit(shipped, items, instruction, changes, field):
    block = items(1)
    head = instruction(block, **changes)
    assert [name for name, _ in DIALECT.carries_head(shipped, head)] == [field]
    with pytest.raises(CannotTranslate) as refused:
        next(DIALECT.build(shipped, head, [block]))
    assert refused.value.findings[0][:2] == (-1, field)
    assert DIALECT.carries_head(shipped, instruction(block)) == []


def test_a_head_that_is_not_that_of_its_items(shipped, items, instruction):
    block = items(2)
    for changes in ({"rows": 1}, {"total_fen": 201}):
        with pytest.raises(ValueError, match="count or total"):
            b"".join(DIALECT.build(shipped, instruction(block, **changes), [block]))
    for rows in (0, 3_001):
        with pytest.raises(ValueError, match="1 to 3000"):
            next(DIALECT.build(shipped, instruction(block, rows=rows), [block]))


def test_questions(shipped, profile):
    question = Question("Q1", "7K2M9P4QX8RTF0000", datetime(2026, 3, 2, tzinfo=UTC), date(2026, 3, 3), "1002")
    asked = json.loads(DIALECT.inquiry(shipped, question))["request"]
    assert asked["head"] == {"funcode": "BB6DTLQY", "userid": "N530100021", "reqid": "Q1"}
    assert asked["body"]["REFLST"] == []
    singly = Question("Q1", "M", question.created_at, question.requested_on, "1002", ("A", "B"))
    assert json.loads(DIALECT.inquiry(shipped, singly))["request"]["body"]["REFLST"] == ["A", "B"]
    many = Question("Q1", "M", question.created_at, question.requested_on, "1002", ("A",) * 3_001)
    with pytest.raises(ValueError, match="3000"):
        DIALECT.inquiry(shipped, many)
    with pytest.raises(ValueError, match="user_code"):
        DIALECT.inquiry(profile({"user_code": None}), question)
