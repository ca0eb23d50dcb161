"""The cases of every shipped bank: sound, playable in one script, and complete against its code table."""

from __future__ import annotations

import json
import re

import pytest

from adapters.code_rows import FILE
from gateway.certify.arranging import script_of
from gateway.certify.batch import batches_of
from gateway.certify.cases import Becomes, Group
from gateway.certify.cases_of_reasons import unlisted_code
from gateway.certify.catalogue import catalogue
from gateway.certify.judging import meanwhile_of
from messages.batch.checking import CheckRules, check_items
from messages.batch.header_reading import read_header
from messages.outcome import Outcome
from simulators.script import Script


def test_every_group_has_cases_that_say_what_they_prove(bank) -> None:
    cases = catalogue(bank)
    assert {case.group for case in cases} == set(Group)
    for case in cases:
        assert re.fullmatch(r"[a-z0-9-]{3,40}", case.id)
        assert case.lines and case.source
        for zh, en in ((case.zh, case.en), (case.proves_zh, case.proves_en)):
            assert re.search("[\u4e00-\u9fff]", zh) and en


def test_all_cases_fit_into_one_script(bank, origin) -> None:
    cases = tuple(case for case in catalogue(bank) if case.impossible is None)
    made = script_of(batches_of(origin, cases))
    script = Script.model_validate(made)
    assert len(script.files) == sum(bool(case.effects) for case in cases)
    accounts = [rule.match.account for rule in script.rules]
    assert len(set(accounts)) == len(accounts)


def test_intake_takes_every_item_but_those_that_it_must_reject(bank, origin) -> None:
    rules = CheckRules(today=origin.day, amount_limit_fen=bank.amount_limit_fen)
    seen: set[str] = set()
    for batch in batches_of(origin, catalogue(bank)):
        checked = check_items(batch.items.with_row_index("line_no", 1), rules)
        refused = set(checked.findings.filter(severity="REJECT")["item_id"])
        rejected = [
            item_id
            for item_id, line in zip(batch.items["item_id"], batch.case.lines, strict=True)
            if line.expected.becomes is Becomes.REJECTED
        ]
        assert refused <= set(rejected), batch.case.id
        assert not seen & set(batch.items["account"])
        seen |= set(batch.items["account"])
        assert read_header(json.dumps(batch.header).encode()).batch_no == batch.batch_no


def test_every_code_of_a_failure_or_return_is_shown_or_said_to_be_left_out(bank) -> None:
    cases = {case.id: case for case in catalogue(bank)}
    for outcome, name in ((Outcome.FAILED, "reasons-failed"), (Outcome.RETURNED, "reasons-returned")):
        labels = {line.label for line in cases[name].lines} | set(cases[name].left_out)
        for row in bank.codes:
            if row.outcome is outcome and not row.status_raw.startswith(FILE):
                assert any(label.startswith(f"{row.status_raw}/{row.reason_raw or '-'} ") for label in labels)
    assert len(cases["reasons-failed"].lines) >= 5


def test_a_code_that_no_table_lists_is_in_none(bank) -> None:
    known = {row.reason_raw for row in bank.codes} | {row.status_raw for row in bank.codes}
    assert unlisted_code(known) not in known


@pytest.mark.parametrize(
    ("known", "made"), [({"0004", "1"}, "7777"), ({"AC06"}, "ZZ77"), ({"户名不符"}, "ZZ77"), (set(), "ZZ77")]
)
def test_it_has_the_shape_of_the_others(known, made) -> None:
    assert unlisted_code(known) == made


def test_what_is_broken_moves_nothing_until_it_is_repaired(bank) -> None:
    for case in catalogue(bank):
        if case.id.startswith("result-") and "same-name" not in case.id:
            assert case.in_two_steps
            assert meanwhile_of(case.lines[0]) == {Becomes.OPEN}
            assert {line.expected.becomes for line in case.lines} == {Becomes.PAID}


def test_what_an_encoding_carries_is_asked_of_the_encoding_not_of_our_translator(subject_named) -> None:
    rare = {name: _case(subject_named(name), "rare-characters") for name in ("rural-fixed", "coop-tcp", "city-iso")}
    assert {line.expected.becomes for line in rare["coop-tcp"].lines[:-1]} == {Becomes.REJECTED}
    assert {line.expected.becomes for line in rare["rural-fixed"].lines} == {Becomes.PAID}
    assert {line.expected.becomes for line in rare["city-iso"].lines} == {Becomes.PAID}


def test_the_longest_name_is_carried_and_one_character_more_is_not(bank) -> None:
    longest, beyond = _case(bank, "longest-names"), _case(bank, "not-carried")
    assert all(line.expected.becomes is Becomes.PAID for line in longest.lines)
    if beyond.impossible is None:
        too_long = beyond.lines[-1]
        assert too_long.expected.becomes is Becomes.REJECTED
        assert len(too_long.name) - 1 in {len(line.name) for line in longest.lines}


def test_files_are_filled_to_the_brim_and_one_more(bank) -> None:
    full, more = _case(bank, "full-file"), _case(bank, "full-file-and-one")
    assert (len(full.lines), full.files) == (bank.rows_per_file, 1)
    assert (len(more.lines), more.files) == (bank.rows_per_file + 1, 2)


def test_file_banks_lose_acknowledgements_and_message_banks_replies(bank) -> None:
    names = {case.id for case in catalogue(bank)}
    assert ("lost-acknowledgement" in names) is bank.profile.by_files
    assert ("lost-reply" in names) is not bank.profile.by_files


def _case(bank, name):
    return next(case for case in catalogue(bank) if case.id == name)
