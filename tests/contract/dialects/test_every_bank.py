"""What every shipped bank's format must do, whatever it looks like: one suite, both sides of the wire."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.contract import CannotTranslate, Compound, Inquirer, MessageRefused, Question
from adapters.envelopes.contract import Outer
from crypto.contract import SealBroken, SignatureInvalid
from gateway.clock import CHINA
from messages.outcome import Outcome, Reason
from simulators.answers import ANSWER_SCHEMA, Kind, Status
from simulators.bank_contract import NotGenuine, Order
from simulators.bank_contract import Question as Asked

AT = datetime(2026, 11, 23, 10, 30, 15, tzinfo=CHINA)
DAMAGE = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def parsed(family, name, content):
    if isinstance(family.dialect, Compound):
        (one,) = family.dialect.parse_all(family.profile, name, [content])
        return one
    return family.dialect.parse(family.profile, name, [content])


def order_of(family, frame) -> Order:
    return family.codec.read(family.built(frame))


def answers(family, frame, status, code=None) -> pl.DataFrame:
    """Rows as the bank's engine would make them."""
    rows = frame.select("reference", "account", "amount_fen").with_columns(
        pl.lit(status.value).alias("status"),
        pl.lit(code, dtype=pl.String).alias("reason"),
        pl.lit(None, dtype=pl.String).alias("text"),
        pl.concat_str(pl.lit("92"), pl.col("reference")).alias("serial"),
        pl.lit(AT.date() if status in (Status.PAID, Status.RETURNED) else None, dtype=pl.Date).alias("settled_on"),
    )
    return rows.select(pl.col(name).cast(kind) for name, kind in ANSWER_SCHEMA.items())


def test_a_file_holds_what_the_profile_allows(family) -> None:
    rows = family.dialect.rows_per_file(family.profile)
    assert 1 <= rows <= family.profile.limits.rows_per_file


def test_the_same_batch_makes_the_same_octets(family, items) -> None:
    frame = items(family, 40)
    assert family.built(frame) == family.built(frame)
    halves = [frame.head(15), frame.slice(15)]
    assert b"".join(family.dialect.build(family.profile, family.head(frame), halves)) == family.built(frame)


def test_the_bank_reads_what_we_wrote(family, items) -> None:
    frame = items(family, 40)
    order = order_of(family, frame)
    assert order.message_id == family.head(frame).message_id
    wanted = frame.select("reference", "account", "name", "amount_fen")
    assert order.items.select(wanted.columns).equals(wanted)


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        (Status.PAID, None, Outcome.PAID),
        (Status.PROCESSING, None, Outcome.ACCEPTED),
        (Status.FAILED, "ACCT_NOT_FOUND", Outcome.FAILED),
        (Status.RETURNED, "ACCT_CLOSED", Outcome.RETURNED),
    ],
)
def test_we_read_what_the_bank_says(family, items, status, code, outcome) -> None:
    frame = items(family, 12)
    order = order_of(family, frame)
    raw = family_code(family, status, code)
    kind = Kind.RETURN if status is Status.RETURNED and family.profile.by_files else Kind.RESULT
    content = family.codec.result(order, kind, 1, answers(family, frame, status, raw))
    result = parsed(family, family.name("returned" if kind is Kind.RETURN else "result"), content)
    assert result.original_message_id == order.message_id
    if not result.blocks:  # this bank's answers hold no item before its last word
        assert status is Status.PROCESSING and file_outcome(family, result) is Outcome.ACCEPTED
        return
    said = family.codes.apply(pl.concat(result.blocks)).unique("reference", keep="last", maintain_order=True)
    assert said["outcome"].to_list() == [outcome.value] * 12 and said["mapped"].all()
    assert said["reference"].to_list() == frame["reference"].to_list()
    given = said.filter(pl.col("amount_fen").is_not_null())
    assert given["amount_fen"].to_list() in ([], frame["amount_fen"].to_list())
    if code is not None:
        known = {code} if status is Status.FAILED else {code, "RETURNED"}  # some say only that it came back
        assert set(said["reason"]) <= known


def file_outcome(family, result) -> Outcome | None:
    """What a message means for the file as a whole."""
    return result.group_outcome or family.codes.file(result.group_status_raw, result.group_reason_raw).outcome


def family_code(family, status, code):
    """The bank's own code for a canonical reason."""
    return None if code is None else family.words.code_for(code, status)[0]


def test_acknowledged_and_refused(family, items) -> None:
    order = order_of(family, items(family, 3))
    for refused in (False, True):
        code = family.words.refusal(Reason.FORMAT) if refused else None
        content = family.codec.acknowledgement(order.message_id, AT.date(), code, "格式错误" if refused else "")
        if content is None:
            continue
        result = parsed(family, family.name("acknowledgement"), content)
        assert result.original_message_id == order.message_id
        assert file_outcome(family, result) is (Outcome.FAILED if refused else Outcome.ACCEPTED)


def test_a_question_and_the_answer_that_it_never_came(family) -> None:
    if family.profile.inquiry.by != "message":
        pytest.skip("this bank is not asked by message")
    assert isinstance(family.dialect, Inquirer)
    message = "7K2M9P4QX8RTF0001"
    question = Question("7K2M9P4QX8RTF0001ABCDEFG00", message, AT, AT.date(), "5300990000000000")
    asked = family.codec.read(family.dialect.inquiry(family.profile, question))
    assert isinstance(asked, Asked) and asked.message_id == message
    answer = parsed(family, "answer", family.codec.absent(message, AT.date()))
    assert answer.original_message_id == message
    assert file_outcome(family, answer) is Outcome.ABSENT and not any(block.height for block in answer.blocks)


def test_envelopes_open_for_the_right_keys_only(family, items) -> None:
    if family.envelope is None:
        pytest.skip("this bank's signatures travel beside the message")
    frame = items(family, 5)
    body = family.built(frame)
    sealed, key_id = family.envelope.seal(
        family.profile, Outer(family.head(frame).message_id, "instruction", AT), body, family.keys
    )
    assert key_id and family.codec.read(family.seal.open(sealed, None)).items.height == 5
    answer = family.codec.result(order_of(family, frame), Kind.RESULT, 1, answers(family, frame, Status.PAID))
    content, _ = family.seal.close(family.head(frame).message_id, answer, None)
    assert parsed(family, "x", family.envelope.open(family.profile, content, family.keys).body).blocks[0].height == 5
    wrong, _ = family.seal.close(family.head(frame).message_id, answer, "bad-signature")
    with pytest.raises(SignatureInvalid):
        family.envelope.open(family.profile, wrong, family.keys)


def test_items_that_do_not_fit_are_named_and_never_cut(family, items) -> None:
    frame = items(family, 3)
    long = frame.with_columns(
        pl.when(pl.col("item_no") == 1).then(pl.lit("长" * 400)).otherwise(pl.col("name")).alias("name")
    )
    findings = family.dialect.carries(family.profile, long)
    assert {(row, field) for row, field, _ in findings} == {(1, "name")}
    with pytest.raises(CannotTranslate) as refused:
        family.built(long)
    assert {(number, field) for number, field, _ in refused.value.findings} == {(1, "name")}


def _damaged(family, content: bytes, place: int, octets: bytes, cut: int) -> bytes:
    where = place % (len(content) + 1)
    changed = content[:where] + octets + content[where + (len(octets) or 1) :]
    return changed[: len(changed) - cut % len(changed)] if changed and cut % 3 == 0 else changed


def test_damage_is_a_refusal_or_the_same_items_and_never_a_crash(family, items) -> None:
    @DAMAGE
    @given(st.integers(0, 10**6), st.binary(max_size=4), st.integers(0, 10**6))
    def once(place, octets, cut) -> None:
        frame = items(family, 3)
        content = family.codec.result(order_of(family, frame), Kind.RESULT, 1, answers(family, frame, Status.PAID))
        damaged = _damaged(family, content, place, octets, cut)
        try:
            result = parsed(family, family.name("result"), damaged)
        except (MessageRefused, ValueError) as refused:
            assert isinstance(refused, MessageRefused), repr(refused)
            return
        assert all(block.columns for block in result.blocks)

    once()


def test_a_changed_envelope_opens_to_what_was_signed_or_not_at_all(family, items) -> None:
    @DAMAGE
    @given(st.integers(0, 10**6), st.binary(min_size=1, max_size=4))
    def once(place, octets) -> None:
        if family.envelope is None:
            return
        frame = items(family, 2)
        answer = family.codec.result(order_of(family, frame), Kind.RESULT, 1, answers(family, frame, Status.PAID))
        content, _ = family.seal.close(family.head(frame).message_id, answer, None)
        opening = partial(family.envelope.open, family.profile, keys=family.keys)
        where = place % len(content)
        changed = content[:where] + octets + content[where + len(octets) :]
        try:
            opened = opening(changed).body
        except (SignatureInvalid, SealBroken, MessageRefused):
            return
        assert opened == opening(content).body

    once()


def test_the_bank_never_takes_an_instruction_that_was_changed(family, items) -> None:
    @DAMAGE
    @given(st.integers(0, 10**6), st.binary(min_size=1, max_size=4))
    def once(place, octets) -> None:
        if family.envelope is None:
            return
        frame = items(family, 2)
        body = family.built(frame)
        outer = Outer(family.head(frame).message_id, "instruction", AT)
        sealed, _ = family.envelope.seal(family.profile, outer, body, family.keys)
        where = place % len(sealed)
        changed = sealed[:where] + octets + sealed[where + len(octets) :]
        try:
            opened = family.seal.open(changed, None)
        except NotGenuine:
            return
        assert opened == family.seal.open(sealed, None)

    once()
