"""Banks that answer badly, over real sockets: nothing is paid twice, nothing is lost, and a person is told.

All batches go out at once, each under its own trouble; then each test looks at what became of its own.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gateway.core.lifecycle import ItemState
from gateway.store.records import BatchState, InstructionState

S = ItemState
RURAL, CITY = "rural-fixed", "city-iso"
SIMULATOR = {RURAL: "rural-fixed", CITY: "city-iso"}
CODE = {RURAL: "0010", CITY: "AC06"}
REPAIR = 1
UNREADABLE = ("bad-signature", "garbled")
ROWS_WRONG = ("wrong-amount", "unknown-item")


def _spoil(how: str, repair: int | None = None) -> list[dict[str, Any]]:
    return [{"do": "spoil-result", "how": how, **({} if repair is None else {"repair_after": repair})}]


def _of_both(bank: str) -> dict[str, tuple[str, list[dict[str, Any]], dict[int, dict[str, Any]]]]:
    """name -> (bank, what happens to the file, what happens to items by number): both wires can show these."""
    code = CODE[bank]
    late = {"do": "returned-late", "seconds": 3, "code": "0009" if bank == RURAL else "RJ09", "text": "已销户"}
    files: dict[str, list[dict[str, Any]]] = {
        **{how: _spoil(how) for how in (*UNREADABLE, *ROWS_WRONG, "truncated", "missing-signature")},
        **{f"{how} repaired": _spoil(how, REPAIR) for how in (*UNREADABLE, *ROWS_WRONG, "truncated")},
        "missing-signature repaired": _spoil("missing-signature", REPAIR),
        "contradicted": [{"do": "contradict-result", "rows": 2, "code": code, "seconds": 10}],
        "duplicated": [{"do": "duplicate-result", "seconds": 1}],
        "reordered in parts": [{"do": "split-result", "parts": 3, "every_seconds": 0.7}, {"do": "reorder-rows"}],
        "refused": [{"do": "refuse-file", "code": "9003" if bank == RURAL else "AM04", "text": "格式错误"}],
    }
    items: dict[str, dict[int, dict[str, Any]]] = {
        "silent": {0: {"do": "silent"}},
        "processing": {1: {"do": "processing-then-paid", "seconds": 2}},
        "returned late": {2: late},
        "unlisted code": {3: {"do": "failed", "code": "7777" if bank == RURAL else "ZZ99", "text": "未列明"}},
    }
    told = {name: (bank, effects, {}) for name, effects in files.items()}
    return told | {name: (bank, [], rules) for name, rules in items.items()}


TROUBLES: dict[tuple[str, str], tuple[str, list[dict[str, Any]], dict[int, dict[str, Any]]]] = {
    **{(RURAL, name): trouble for name, trouble in _of_both(RURAL).items()},
    **{(CITY, name): trouble for name, trouble in _of_both(CITY).items()},
    (RURAL, "wrong-total"): (RURAL, _spoil("wrong-total"), {}),
    (RURAL, "other-content-same-name"): (RURAL, _spoil("other-content-same-name", REPAIR), {}),
    (RURAL, "duplicated, same name"): (RURAL, [{"do": "duplicate-result", "under": "same-name", "seconds": 1}], {}),
    (RURAL, "acknowledged late"): (RURAL, [{"do": "delay-acknowledgement", "seconds": 2}], {}),
    (CITY, "reply lost"): (CITY, [{"do": "lose-reply"}], {}),
    (CITY, "reply after the caller's patience"): (CITY, [{"do": "lose-reply", "answer_after": 8}], {}),
}
BOTH = pytest.mark.parametrize("bank", [RURAL, CITY])
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sent(troubled, names) -> dict[tuple[str, str], Any]:
    """Every trouble's batch, submitted; (bank, name) -> batch."""
    made = {place: names.small_batch(500 + n, bank=place[0]) for n, place in enumerate(TROUBLES)}
    for bank in (RURAL, CITY):
        files, rules = [], []
        for place, (where, effects, items) in TROUBLES.items():
            if where == bank and effects:
                files.append({"match": {"message_id": names.message_id(made[place])}, "effects": effects})
            if where == bank:
                mine = ((names.reference(made[place], item_no), action) for item_no, action in items.items())
                rules += [{"match": {"reference": ref}, "action": action} for ref, action in mine]
        troubled.script(SIMULATOR[bank], {"rules": rules, "files": files})
    with ThreadPoolExecutor(3) as together:
        list(together.map(troubled.client.submit, made.values()))
    return made


class Case:
    """One batch under its trouble."""

    def __init__(self, scene: Any, batch: Any, message_id: str, bank: str):
        self.scene, self.number, self.id, self.bank = scene, batch.header["batch_no"], message_id, bank

    def completed(self) -> list[ItemState]:
        self.scene.until(lambda: self.scene.done(self.number), f"{self.number} completed")
        return self.scene.states(self.number)

    def told(self, kind: str, key: str = "", *words: str) -> Any:
        """The alert, in two languages, naming the message and ``words``."""
        alert = self.scene.until(lambda: self.scene.alert(kind, key or self.id), f"alert {kind} about {self.id}")
        for text in (alert.text_zh, alert.text_en):
            assert key or self.id in text, text
            assert all(word in text for word in (self.bank, *words) if word), text
        assert any("\u4e00" <= letter <= "\u9fff" for letter in alert.text_zh)
        assert alert.text_en.isascii() or "'" in alert.text_en
        return alert

    def stands(self, *expected: ItemState) -> None:
        wanted = list(expected)
        self.scene.until(lambda: self.scene.states(self.number) == wanted, f"{self.number} is {wanted}")


@pytest.fixture
def case(troubled, sent, names) -> Any:
    return lambda bank, name: Case(troubled, sent[bank, name], names.message_id(sent[bank, name]), bank)


@BOTH
@pytest.mark.parametrize("how", [*UNREADABLE, "missing-signature"])
def test_what_cannot_be_verified_or_read_moves_nothing(case, troubled, bank, how) -> None:
    if (bank, how) == (RURAL, "missing-signature"):
        pytest.skip("such a file is not even fetched: see below")
    it = case(bank, how)
    it.told("message-quarantined", it.id, it.bank)
    it.stands(*[S.ACCEPTED] * 12)
    message = troubled.quarantined(it.id)[-1]
    assert message.reason
    assert len(troubled.kept_bytes(message)) == message.content.size > 0
    it.told("answer-overdue")


def test_a_file_without_signature_is_never_read(case, troubled) -> None:
    it = case(RURAL, "missing-signature")
    shown = troubled.world.directory / "rural-fixed"
    (result,) = troubled.until(lambda: list(shown.rglob(f"out/DR{it.id}_001.txt")), "the bank shows its result")
    os.utime(result, (time.time() - 120,) * 2)  # it has lain there for two minutes
    it.told("signature-missing", it.id)
    it.stands(*[S.ACCEPTED] * 12)
    assert not troubled.quarantined(it.id)


@BOTH
@pytest.mark.parametrize(("how", "kind"), [("wrong-amount", "amount-mismatch"), ("unknown-item", "unknown-item")])
def test_a_row_that_fits_no_item_is_set_aside(case, bank, how, kind) -> None:
    it = case(bank, how)
    it.told(f"result-{kind}", it.id, "1")
    it.stands(S.ACCEPTED, *[S.PAID] * 11)


@BOTH
def test_half_a_result_is_no_result(case, troubled, bank) -> None:
    it = case(bank, "truncated")
    if bank == RURAL:
        it.told("message-quarantined")
        assert troubled.quarantined(it.id)
    it.told("answer-overdue")
    it.stands(*[S.ACCEPTED] * 12)


def test_a_total_that_is_wrong_quarantines_the_file(case) -> None:
    it = case(RURAL, "wrong-total")
    it.told("message-quarantined")
    it.stands(*[S.ACCEPTED] * 12)


@BOTH
@pytest.mark.parametrize("how", [*UNREADABLE, *ROWS_WRONG, "truncated", "missing-signature"])
def test_what_the_bank_repairs_is_taken(case, bank, how) -> None:
    assert case(bank, f"{how} repaired").completed() == [S.PAID] * 12


@BOTH
def test_a_contradiction_is_never_settled_by_the_last_word(case, bank) -> None:
    it = case(bank, "contradicted")
    it.told("result-contradicted", it.id, "2")
    it.stands(S.DISPUTED, S.DISPUTED, *[S.PAID] * 10)


@pytest.mark.parametrize(
    "place",
    [
        (RURAL, "duplicated"),
        (CITY, "duplicated"),
        (RURAL, "duplicated, same name"),
        (RURAL, "reordered in parts"),
        (CITY, "reordered in parts"),
        (RURAL, "acknowledged late"),
        (RURAL, "processing"),
        (CITY, "processing"),
    ],
)
def test_repeated_reordered_late_and_partial_results_change_nothing(case, troubled, place) -> None:
    it = case(*place)
    assert it.completed() == [S.PAID] * 12
    assert not troubled.alert("message-quarantined", it.id)
    assert not troubled.alert("result-contradicted", it.id)


def test_other_content_under_a_taken_name_is_kept_and_not_applied(case, troubled) -> None:
    it = case(RURAL, "other-content-same-name")
    assert it.completed() == [S.PAID] * 12
    it.told("result-file-conflict")
    (message,) = troubled.quarantined(it.id)
    assert (message.reason, len(troubled.kept_bytes(message))) == ("conflict", message.content.size)
    assert troubled.states(it.number) == [S.PAID] * 12


@BOTH
def test_a_refused_file_fails_its_items_and_says_why(case, troubled, bank) -> None:
    it = case(bank, "refused")
    assert it.completed() == [S.FAILED] * 12
    it.told("instruction-refused")
    (made,) = troubled.instructions(it.number)
    assert made.state is InstructionState.REFUSED
    answer = troubled.client.results(it.number)
    assert answer.status == 200 and answer.body.count(b'"FAILED"') >= 12


@BOTH
def test_a_code_that_no_table_lists_is_said_aloud(case, bank) -> None:
    it = case(bank, "unlisted code")
    code = "7777" if bank == RURAL else "ZZ99"
    it.told("unmapped-code", f"{bank}/", code)
    assert it.completed() == [S.PAID] * 3 + [S.FAILED] + [S.PAID] * 8


@BOTH
def test_a_silent_item_stays_in_flight_and_is_named(case, troubled, bank) -> None:
    it = case(bank, "silent")
    it.stands(S.ACCEPTED, *[S.PAID] * 11)
    it.told("answer-overdue")
    batch = troubled.batch(it.number)
    assert batch is not None and batch.state is BatchState.ACCEPTED
    assert troubled.client.batch(it.number).json()["counts"]["in_flight"]["items"] == 1


@BOTH
def test_a_late_return_takes_the_payment_back(case, troubled, bank) -> None:
    it = case(bank, "returned late")
    it.stands(S.PAID, S.PAID, S.RETURNED, *[S.PAID] * 9)
    assert troubled.done(it.number)
    lines = troubled.client.results(it.number).body.splitlines()
    assert sum(b'"RETURNED"' in line for line in lines) == 1


@pytest.mark.parametrize("name", ["reply lost", "reply after the caller's patience"])
def test_a_lost_reply_is_asked_for_and_never_paid_again(case, troubled, name) -> None:
    it = case(CITY, name)
    it.told("delivery-unknown")
    assert it.completed() == [S.PAID] * 12
    booked = troubled.bank_items("city-iso")
    batch = troubled.batch(it.number)
    assert batch is not None
    assert [row["times"] for ref, row in booked.items() if ref.startswith(batch.reference)] == [1] * 12


@BOTH
def test_a_bank_out_of_reach_gets_nothing_until_it_is_back(troubled, sent, names, bank) -> None:
    batch = names.small_batch(600 + (bank == CITY), bank=bank)
    number = batch.header["batch_no"]
    troubled.world.ask(SIMULATOR[bank], "offline", {"seconds": 600})
    troubled.client.submit(batch)
    troubled.until(lambda: troubled.states(number) == [S.INSTRUCTED] * 12 or _unknown(troubled, number), "instructed")
    kind, key = ("bank-unreachable", bank) if bank == RURAL else ("delivery-unknown", names.message_id(batch))
    alert = troubled.until(lambda: troubled.alert(kind, key), "the alert")
    assert bank in alert.text_zh and bank in alert.text_en
    assert not any(ref.startswith(troubled.batch(number).reference) for ref in troubled.bank_items(SIMULATOR[bank]))
    troubled.world.ask(SIMULATOR[bank], "offline", {"seconds": 0})
    troubled.until(lambda: troubled.done(number), "completed", 60)
    assert troubled.states(number) == [S.PAID] * 12


def _unknown(scene: Any, number: str) -> bool:
    return scene.states(number) == [S.UNKNOWN] * 12


def test_at_the_end_nothing_is_paid_twice_and_every_payment_is_in_the_banks_books(troubled, sent) -> None:
    troubled.nothing_twice()
    for place, batch in sent.items():
        found = troubled.batch(batch.header["batch_no"])
        booked = troubled.bank_items(SIMULATOR[place[0]])
        for item_no, state in enumerate(troubled.states(found.batch_no)):
            row = booked.get(f"{found.reference}{item_no:08d}")
            if state is S.PAID:
                assert row is not None and (row["times"], row["returned"]) == (1, 0), place
            if state is S.RETURNED:
                assert row is not None and (row["times"], row["returned"]) == (1, 1), place
            if state is S.FAILED:
                assert row is None or row["times"] == 0, place
