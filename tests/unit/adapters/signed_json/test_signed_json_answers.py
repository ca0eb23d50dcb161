"""A bank's answer is read to the letter: every departure from the document is refused where it stands."""

from __future__ import annotations

import copy
import json
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from adapters.contract import RESULT_SCHEMA, MessageRefused, ResultKind
from adapters.dialects.signed_json import SignedJsonDialect
from messages.outcome import Outcome

DIALECT = SignedJsonDialect()
ROW = {
    "TRXREF": "7K2M9P4QX8RT00000000",
    "ACCNBR": "6217000010000000018",
    "TRSAMT": "1.00",
    "STSCOD": "S",
    "ERRCOD": "",
    "ERRDSP": "",
    "BNKSEQ": "B1",
    "TRXDAT": "20260303",
}


def answer(count: int = 2) -> dict[str, Any]:
    head = {
        "funcode": "BB6DTLQY",
        "userid": "N530100021",
        "reqid": "7K2M9P4QX8RTF0000",
        "rspid": "R1",
        "resultcode": "SUC0000",
        "resultmsg": "",
    }
    rows = [{**ROW, "TRXREF": f"7K2M9P4QX8RT{number:08d}"} for number in range(count)]
    body = {
        "YURREF": "7K2M9P4QX8RTF0000",
        "REQSTS": "FIN",
        "TTLCNT": str(count),
        "TTLAMT": f"{count}.00",
        "DTLLST": rows,
    }
    return {"response": {"head": head, "body": body}}


def octets(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def changed(path: str, value: Any, count: int = 2) -> bytes:
    """The answer with one place changed; ``...`` takes it away."""
    document = answer(count)
    place: Any = document
    *way, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    for part in way:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return octets(document)


def test_rows(shipped):
    parsed = DIALECT.parse(shipped, "", [octets(answer(3_000))])
    assert (parsed.kind, parsed.original_message_id) == (ResultKind.RESULT, "7K2M9P4QX8RTF0000")
    (rows,) = parsed.blocks
    assert rows.schema == pl.Schema(RESULT_SCHEMA) and rows.height == 3_000
    assert rows["amount_fen"].sum() == 300_000 and rows["reason_raw"].null_count() == 3_000


def test_in_pieces_and_spelled_with_escapes(shipped):
    plain = octets(answer())
    whole = DIALECT.parse(shipped, "", [plain]).blocks[0]
    for other in (json.dumps(answer(), indent=1).encode(), plain.replace(b"B1", b"\\u00421")):
        pieces = [other[at : at + 7] for at in range(0, len(other), 7)]
        assert DIALECT.parse(shipped, "", pieces).blocks[0].equals(whole)


def test_no_rows_is_a_word_about_the_whole(shipped):
    parsed = DIALECT.parse(shipped, "", [octets(answer(0))])
    assert (parsed.kind, parsed.group_status_raw, parsed.blocks) == (ResultKind.ACKNOWLEDGEMENT, "SUC0000", ())
    assert parsed.group_outcome is None


@pytest.mark.parametrize(
    ("function", "code", "outcome"),
    [
        ("BB6BTHHL", "SUC0000", None),
        ("BB6BTHHL", "ERR9001", None),
        ("BB6BTHHL", "NTD0001", Outcome.UNKNOWN),
        ("BB6DTLQY", "NTD0001", None),
        ("BB6DTLQY", "ERR9001", Outcome.UNKNOWN),
        ("BB6DTLQY", "ERR9003", Outcome.UNKNOWN),
    ],
)
def test_a_refused_question_refuses_no_payment(shipped, function, code, outcome):
    document = answer(0)
    document["response"]["head"] |= {"funcode": function, "resultcode": code}
    if function == "BB6BTHHL":
        document["response"]["body"] = {"YURREF": "7K2M9P4QX8RTF0000", "REQNBR": ""}
    parsed = DIALECT.parse(shipped, "", [octets(document)])
    assert (parsed.group_status_raw, parsed.group_outcome) == (code, outcome)


ROWS = "response/body/DTLLST"


@pytest.mark.parametrize(
    ("path", "value", "place", "what"),
    [
        ("response", ..., "(document).response", "is missing"),
        ("more", "", "(document)", "member more that"),
        ("response", [], "response", "is not an object"),
        ("response/head/funcode", "BB6BPDQY", "response.head.funcode", "no function code"),
        ("response/head/funcode", "bb6dtlqy ", "response.head.funcode", "8 to 8"),
        ("response/head/userid", "N530100022", "response.head.userid", "not our user code"),
        ("response/head/reqid", "7K2M9P4QX8RTF0001", "response.head.reqid", "not the YURREF"),
        ("response/head/rspid", ..., "response.head.rspid", "is missing"),
        ("response/head/resultcode", "OK", "response.head.resultcode", "7 to 7"),
        ("response/head/resultmsg", "x" * 201, "response.head.resultmsg", "at most 200"),
        ("response/head/resultmsg", None, "response.head.resultmsg", "not a JSON string"),
        ("response/head/x", "", "response.head", "member x that"),
        ("response/body/YURREF", "", "response.body.YURREF", "1 to 30"),
        ("response/body/TTLCNT", 2, "response.body.TTLCNT", "not a JSON string"),
        ("response/body/TTLCNT", "02", "response.body.TTLCNT", "a number"),
        ("response/body/TTLCNT", "3", "response.body.TTLCNT", "number of rows"),
        ("response/body/TTLAMT", "2.01", "response.body.TTLAMT", "sum of the rows"),
        ("response/body/TTLAMT", "2", "response.body.TTLAMT", "two decimals"),
        (ROWS, {}, "response.body.DTLLST", "not a list"),
        (ROWS, "", "response.body.DTLLST", "not a list"),
        (f"{ROWS}/1", [], "response.body.DTLLST[1]", "is not an object"),
        (f"{ROWS}/1", "x", "response.body.DTLLST[1]", "is not an object"),
        (f"{ROWS}/1", None, "response.body.DTLLST[1]", "is not an object"),
        (f"{ROWS}/0/STSCOD", ..., "response.body.DTLLST[0].STSCOD", "is missing"),
        (f"{ROWS}/1/NEW", "", "response.body.DTLLST[1]", "member NEW that"),
        (f"{ROWS}/1/TRSAMT", 1.00, "response.body.DTLLST[1].TRSAMT", "not a JSON string"),
        (f"{ROWS}/1/TRSAMT", 100, "response.body.DTLLST[1].TRSAMT", "not a JSON string"),
        (f"{ROWS}/1/TRSAMT", None, "response.body.DTLLST[1].TRSAMT", "not a JSON string"),
        (f"{ROWS}/1/TRSAMT", True, "response.body.DTLLST[1].TRSAMT", "not a JSON string"),
        (f"{ROWS}/1/TRSAMT", ["1.00"], "response.body.DTLLST[1].TRSAMT", "not a JSON string"),
        *(
            (f"{ROWS}/1/TRSAMT", wrong, "response.body.DTLLST[1].TRSAMT", "two decimals")
            for wrong in (
                "NaN",
                "1",
                "1.0",
                "1.000",
                "01.00",
                "-1.00",
                "+1.00",
                "1e2",
                "1,000.00",
                "１.00",
                "1.00\n",
                "",
            )
        ),
        (f"{ROWS}/1/TRSAMT", "9" * 14 + ".00", "response.body.DTLLST[1].TRSAMT", "two decimals"),
        (f"{ROWS}/1/TRXREF", "a b", "response.body.DTLLST[1].TRXREF", "letters or digits"),
        (f"{ROWS}/1/STSCOD", "", "response.body.DTLLST[1].STSCOD", "1 to 3"),
        (f"{ROWS}/1/ERRDSP", "a\x00", "response.body.DTLLST[1].ERRDSP", "control"),
        (f"{ROWS}/1/TRXDAT", "20260230", "response.body.DTLLST[1].TRXDAT", "no day"),
        (f"{ROWS}/1/TRXDAT", "2026-3-3", "response.body.DTLLST[1].TRXDAT", "YYYYMMDD"),
    ],
)
def test_departures_are_refused_where_they_stand(shipped, path, value, place, what):
    with pytest.raises(MessageRefused) as refused:
        DIALECT.parse(shipped, "", [changed(path, value)])
    assert refused.value.field_name == place
    assert what in str(refused.value) and refused.value.clause is not None
    assert "6217" not in str(refused.value)


def test_a_strange_member_that_may_be_somebody_is_not_repeated(shipped):
    for name in ("张三", "6217000010000000018", "x" * 21):
        with pytest.raises(MessageRefused, match="has a member that") as refused:
            DIALECT.parse(
                shipped, "", [changed(f"{ROWS}/0/{name}" if not name.isdigit() else f"response/head/n{name}", "")]
            )
        assert name not in str(refused.value)


def test_rows_beside_a_refusal(shipped):
    with pytest.raises(MessageRefused, match="rows in an answer that refuses"):
        DIALECT.parse(shipped, "", [changed("response/head/resultcode", "NTD0001")])


def test_more_than_3000_rows(shipped):
    with pytest.raises(MessageRefused, match="at most 3000"):
        DIALECT.parse(shipped, "", [octets(answer(3_001))])


def test_the_size_limit_is_the_profile_s(profile):
    body = octets(answer())
    assert DIALECT.parse(profile(result_bytes=len(body)), "", [body])
    with pytest.raises(MessageRefused, match="more than"):
        DIALECT.parse(profile(result_bytes=len(body) - 1), "", [body])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"STSCOD":"S"', b'"STSCOD":"F","STSCOD":"S"'),
        (b'"STSCOD":"S"', b'"STSC\\u004fD":"F","STSCOD":"S"'),
        (b'"head":{', b'"head":{"funcode":"BB6BTHHL",'),
        (b'"response":{', b'"response":{"head":7,'),
        (b'{"response":', b'{"response":' + b"[" * 900 + b"]" * 900 + b',"response":'),
        (b'{"response":', b'{"response":' + b"9" * 300 + b',"response":'),
    ],
)
def test_two_members_of_one_name(shipped, old, new):
    body = octets(answer()).replace(old, new, 1)
    with pytest.raises(MessageRefused, match="two members of one name"):
        DIALECT.parse(shipped, "", [body])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"7",
        b"[]",
        b'"x"',
        b"NaN",
        b"[" * 100_000,
        b'{"response":NaN}',
        b'{"response":"\xff"}',
        b'{"response":"\\ud800"}',
        b"\xef\xbb\xbf{}",
        b"<html>502</html>",
        octets(answer()) + b"x",
        octets(answer())[:-1],
    ],
)
def test_anything_else_is_refused(shipped, body):
    with pytest.raises(MessageRefused):
        DIALECT.parse(shipped, "", [body])


BODY = octets(answer())


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, len(BODY) - 1), octet=st.integers(0, 255))
@example(at=BODY.index(b"TTLAMT"), octet=0x22)
def test_a_changed_octet_never_pays_another(shipped, at, octet):
    """Refused, or still the same accounts and amounts for the same references, unless the octet is one of theirs."""
    body = BODY[:at] + bytes([octet]) + BODY[at + 1 :]
    try:
        parsed = DIALECT.parse(shipped, "", [body])
    except MessageRefused:
        return
    assert sum(int(block["amount_fen"].sum()) for block in parsed.blocks) == 200


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["response", "head", "body", "x"]), inner, max_size=3)
        ),
        max_leaves=12,
    )
)
def test_no_document_crashes_it(shipped, document):
    for whole in (document, {"response": {"head": answer()["response"]["head"], "body": document}}):
        with pytest.raises(MessageRefused):
            DIALECT.parse(shipped, "", [json.dumps(copy.deepcopy(whole)).encode()])
