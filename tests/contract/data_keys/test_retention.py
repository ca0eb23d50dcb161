"""What is erased when its time is over, and what never is: books, batches that are not done, and what is on hold."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
from sqlalchemy import func, select

from gateway.core.authority import Actor, NotAllowed, Role
from gateway.core.lifecycle import ItemEvent
from gateway.core.retention import Obstacle, Period, What
from gateway.services import erasing_batches, indexing, retention
from gateway.services.answers import Answers
from gateway.services.erasing_person import NotErasable, erase_person
from gateway.services.finding import find_person
from gateway.store import audit, batches, erasures, holds, inbox, lookup, owned_files, reseal, tables
from gateway.store import work as work_store
from gateway.store.audit import ActRefused

OFFICER = Actor("wang", frozenset({Role.PRIVACY_OFFICER}), origin="local:tty")
YEAR = 366


def done(house, roster, event=ItemEvent.PAID, words="已入账"):
    """A batch with instructions and answers, completed."""
    batch = house.submit(roster)
    house.instruct(batch.batch_id)
    house.answer(batch.batch_id, event, words)
    return house.batch(batch.batch_id)


def retained(house) -> bool:
    found = retention.watch(house.context)
    house.run("retain", "index")
    return found


def texts_of(house) -> bytes:
    return b"".join(house.everything())


def test_nothing_is_due_while_the_periods_run(house, rosters) -> None:
    done(house, rosters[0])
    house.clock.later(100)
    assert not retained(house)


def test_each_kind_goes_in_its_time(house, rosters) -> None:
    batch = done(house, rosters[0], words="已入账至张三丰账户")
    people, files = house.items(batch.batch_id), dict(house.context.vault.keys_in_use())
    house.clock.later(200)
    assert retained(house)
    with house.context.store.read() as tx:
        assert tx.execute(select(func.count()).select_from(tables.notice_block)).scalar_one() == 0
        assert erasures.counted(tx).keys() == {What.NOTICES}
    house.clock.later(200)
    retained(house)
    assert "张三丰".encode() not in texts_of(house)
    assert people == house.items(batch.batch_id) and dict(house.context.vault.keys_in_use()) == files
    house.clock.later(YEAR)
    retained(house)
    assert dict(house.context.vault.keys_in_use()) == {}
    assert people == house.items(batch.batch_id)
    house.clock.later(YEAR)
    retained(house)
    everything = texts_of(house)
    for person in people:
        for name in ("name", "id_number", "account"):
            assert person[name].encode() not in everything
    assert not retained(house)


def test_the_books_still_balance_and_the_items_are_still_answered(house, rosters) -> None:
    batch = done(house, rosters[0])
    before = house.items(batch.batch_id)
    person = before[0]
    with house.context.store.read() as tx:
        tally = batches.tally(tx, batch.batch_id)
    answers = Answers(house.context.store, house.context.sealer, house.context.index)
    assert not answers.item(batch, person["item_id"]).erased
    house.clock.later(4 * YEAR)
    retained(house)
    assert find_person(house.context, person["id_number"]) == []
    with house.context.store.begin() as tx:
        assert batches.tally(tx, batch.batch_id) == tally
        batches.require_conserved(tx, batch.batch_id)
        assert lookup.batches_under(tx, "person", [house.active("blind-index")]) == set()
    told = answers.item(batch, person["item_id"])
    assert (told.erased, told.name, told.account, told.state) == (True, None, None, "PAID")
    assert told.amount_fen == person["amount_fen"] and told.history[0].bank_reference and told.history[0].text is None
    assert answers.in_clear(batch, person["item_id"]) is None
    after = house.items(batch.batch_id)
    for name in ("item_id", "item_no", "line_no", "amount_fen", "payee_kind", "id_type", "bank_code"):
        assert [row[name] for row in after] == [row[name] for row in before]
    assert b"".join(answers.results(batch.batch_id)).count(b"\n") == len(before)


def test_what_was_done_is_in_the_audit_with_counts(house, rosters) -> None:
    batch = done(house, rosters[0])
    house.clock.later(4 * YEAR)
    retained(house)
    with house.context.store.read() as tx:
        acts = {e.after["field"][0]: e for e in audit.entries(tx) if e.action == "retention.applied"}
    assert acts.keys() == {"result-texts", "notices", "raw-files", "personal-columns"}
    assert acts["personal-columns"].after["count"] == acts["result-texts"].after["count"] == 60
    assert acts["raw-files"].after["count"] >= 3
    assert {entry.subject for entry in acts.values()} == {batch.reference}


@pytest.mark.parametrize("event", [None, ItemEvent.UNCLEAR])
def test_a_batch_that_is_not_done_is_never_touched(house, rosters, event) -> None:
    batch = house.submit(rosters[0])
    if event is not None:
        house.answer(batch.batch_id, event)
    before = house.items(batch.batch_id)
    house.clock.later(40 * YEAR)
    assert not retained(house)
    assert house.items(batch.batch_id) == before
    with pytest.raises(NotErasable) as refused:
        erase_person(house.context, OFFICER, before[0]["id_number"], "request 7")
    assert Obstacle.NOT_COMPLETE in refused.value.batches[0].obstacles


def test_a_hold_keeps_everything_until_it_is_lifted(house, rosters) -> None:
    batch = done(house, rosters[0])
    with house.context.store.begin() as tx:
        hold = holds.place(tx, batch.batch_id, "court order 12", "wang", house.clock.now_ms())
    before = house.items(batch.batch_id)
    house.clock.later(10 * YEAR)
    assert not retained(house)
    with pytest.raises(NotErasable) as refused:
        erase_person(house.context, OFFICER, before[0]["id_number"], "request 7")
    assert refused.value.batches[0].obstacles == (Obstacle.HELD,)
    assert house.items(batch.batch_id) == before
    with house.context.store.begin() as tx:
        assert holds.lift(tx, hold, "wang", house.clock.now_ms()) and not holds.lift(tx, hold, "wang", 1)
    assert retained(house)
    assert house.items(batch.batch_id)[0]["name"] is None


def test_failed_items_wait_for_their_refunds(house, rosters) -> None:
    done(house, rosters[0], ItemEvent.FAILED)
    house.context = with_policy(house, notices="1 month", refunds_open="2 years")
    house.clock.later(YEAR)
    assert not retained(house)
    house.clock.later(YEAR)
    assert retained(house)


def with_policy(house, **periods):
    made = house.context.retention.model_copy(update={name: Period.of(text) for name, text in periods.items()})
    return replace(house.context, retention=made)


def test_a_refused_batch_is_erased_as_well(house, rosters) -> None:
    wrong = rosters[0]
    header = {**wrong.header, "declared_count": 1}
    batch = house.submit(replace(wrong, header=header))
    assert batch.state == "REFUSED"
    number = house.items(batch.batch_id)[0]["id_number"]
    assert number.encode() in texts_of(house)
    house.clock.later(4 * YEAR)
    retained(house)
    assert number.encode() not in texts_of(house)
    with house.context.store.read() as tx:
        assert "index" not in work_store.counts(tx)


def test_a_message_that_was_never_understood_goes_with_the_raw_files(house, rosters) -> None:
    batch = done(house, rosters[0])
    with house.context.vault.create("x") as writer:
        writer.write("张三 6222000000000000".encode())
        content = writer.commit()
    with house.context.store.begin() as tx:
        message, _ = inbox.receive(tx, "rural-fixed", "odd", content, None, house.clock.now_ms())
        inbox.quarantine(tx, message.inbox_id, "odd", house.clock.now_ms())
        hold = holds.place(tx, batch.batch_id, "court", "wang", house.clock.now_ms())
    house.clock.later(3 * YEAR)
    assert not retained(house)  # it may prove something about the batch on hold
    with house.context.store.begin() as tx:
        holds.lift(tx, hold, "wang", house.clock.now_ms())
    retained(house)
    assert dict(house.context.vault.keys_in_use()) == {}


def test_a_late_return_is_erased_in_its_own_time(house, rosters) -> None:
    batch = done(house, rosters[0])
    house.clock.later(2 * YEAR + 10)
    retained(house)
    with house.context.store.begin() as tx:
        batches.reopen(tx, batch.batch_id, house.clock.now_ms())
        batches.complete(tx, batch.batch_id, house.clock.now_ms())
        held = owned_files.decided(tx, 10)
    assert held == []
    house.clock.later(YEAR + 2)
    assert retained(house)
    with house.context.store.read() as tx:
        assert erasures.counted(tx)[What.TEXTS][0] == 2


def test_an_erasure_that_broke_off_is_carried_on(house, rosters, monkeypatch) -> None:
    batch = done(house, rosters[0])
    house.clock.later(4 * YEAR)
    broken = [0]

    def breaks(*_):
        broken[0] += 1
        raise OSError("pulled")

    for name in ("_end", "erase_telling_ids", "index_anew"):
        with monkeypatch.context() as patch:
            patch.setattr(erasing_batches, name, breaks)
            retention.watch(house.context)
            with pytest.raises(OSError, match="pulled"):
                house.run("retain")
        house.clock.later(1)
    with monkeypatch.context() as patch:
        patch.setattr(house.context.vault.__class__, "remove", breaks)
        with pytest.raises(OSError, match="pulled"):
            for _ in range(3):
                house.run("retain")
                retention.watch(house.context)
                erase_files(house)
    house.clock.later(1)
    retained(house)
    assert broken[0] >= 4
    assert all(row["name"] is None for row in house.items(batch.batch_id))
    assert dict(house.context.vault.keys_in_use()) == {}


def erase_files(house) -> None:
    """Something to remove, whatever went before."""
    with house.context.store.begin() as tx:
        owned_files.decide_removal(tx, [f"{7:02x}/{7:030x}"], None, 1)


def test_one_person_is_erased_and_nobody_else(house, rosters) -> None:
    made = [done(house, one) for one in rosters[:2]]
    before = [house.items(batch.batch_id) for batch in made]
    person = before[0][0]
    house.clock.later(2 * YEAR + 3)
    erased = erase_person(house.context, OFFICER, person["id_number"], "request 2028-7")
    mine = [row for rows in before for row in rows if row["id_number"] == person["id_number"]]
    assert (erased.items, erased.batches) == (len(mine), len({row["item_id"][:20] for row in mine}))
    house.run("index")
    assert find_person(house.context, person["id_number"]) == []
    everything = texts_of(house)
    for name in ("id_number", "account"):
        assert person[name].encode() not in everything
    other = next(row for row in before[0] if row["id_number"] != person["id_number"])
    assert other in house.items(made[0].batch_id)
    assert find_person(house.context, other["id_number"])
    with house.context.store.read() as tx:
        acts = [entry for entry in audit.entries(tx) if entry.action == "personal.erased"]
    assert acts and all(person["id_number"] not in str(entry) for entry in acts)
    assert erase_person(house.context, OFFICER, person["id_number"], "request 2028-7").items == 0


def test_a_person_whom_the_law_keeps_is_refused_and_nothing_changes(house, rosters) -> None:
    batch = done(house, rosters[0])
    before, person = house.items(batch.batch_id), house.items(batch.batch_id)[0]
    house.clock.later(YEAR)
    with pytest.raises(NotErasable) as refused:
        erase_person(house.context, OFFICER, person["id_number"], "request 7")
    assert [(one.batch_no, one.obstacles) for one in refused.value.batches] == [
        (batch.batch_no, (Obstacle.KEPT_BY_LAW,))
    ]
    assert person["id_number"] not in str(refused.value)
    assert house.items(batch.batch_id) == before


def test_only_a_privacy_officer_erases_and_never_with_the_number(house, rosters) -> None:
    batch = done(house, rosters[0])
    person = house.items(batch.batch_id)[0]["id_number"]
    house.clock.later(3 * YEAR)
    with pytest.raises(NotAllowed):
        erase_person(house.context, Actor("li", frozenset({Role.OPERATOR})), person, "request 7")
    with pytest.raises(ActRefused):
        erase_person(house.context, OFFICER, person, f"request of {person}")
    assert house.items(batch.batch_id)[0]["id_number"] == person


def test_a_person_is_found_where_no_index_helps(house, rosters) -> None:
    """In a refused batch, in a rejected line, and in a message that nobody understood."""
    good = done(house, rosters[0])
    person = house.items(good.batch_id)[0]["id_number"]
    house.submit(replace(rosters[0], header={**rosters[0].header, "declared_count": 1}), "REFUSED-1")
    with house.context.vault.create("x") as writer:
        writer.write(b"." * 1_048_570 + person.encode())
        content = writer.commit()
    with house.context.store.begin() as tx:
        message, _ = inbox.receive(tx, "rural-fixed", "odd", content, None, house.clock.now_ms())
        inbox.quarantine(tx, message.inbox_id, "odd", house.clock.now_ms())
    house.clock.later(3 * YEAR)
    erased = erase_person(house.context, OFFICER, person, "request 7")
    assert erased.batches == 2
    assert person.encode() not in texts_of(house)


def test_a_shared_bank_file_stays_until_its_last_batch_may_go(house, rosters) -> None:
    first = done(house, rosters[0])
    house.clock.later(2 * YEAR)
    second = done(house, rosters[1])
    with house.context.store.begin() as tx:  # the older batch's answer also spoke of the younger one
        block = tables.result_block
        old = tx.execute(select(block.c.inbox_id).where(block.c.batch_id == first.batch_id)).scalars().first()
        row = tx.execute(select(block).where(block.c.batch_id == second.batch_id)).first()
        tx.execute(
            block.insert().values(inbox_id=old, batch_id=second.batch_id, segment_no=row.segment_no, rows=0, sealed=b"")
        )
    person = house.items(first.batch_id)[0]["id_number"]
    house.clock.later(10)
    with pytest.raises(NotErasable) as refused:
        erase_person(house.context, OFFICER, person, "request 7")
    assert refused.value.batches[0].obstacles == (Obstacle.FILE_SHARED,)
    retained(house)
    with house.context.store.read() as tx:
        message = inbox.by_id(tx, old)
    assert b"".join(house.context.vault.open(message.content))


def test_an_erasure_that_meets_a_resealing_does_it_again(house, rosters, monkeypatch) -> None:
    batch = done(house, rosters[0])
    person = house.items(batch.batch_id)[0]["id_number"]
    house.clock.later(3 * YEAR)
    real, calls = reseal.swap, iter(range(1000))
    monkeypatch.setattr(reseal, "swap", lambda *given: next(calls) != 0 and real(*given))
    assert erase_person(house.context, OFFICER, person, "request 7").items == 1
    assert all(row["id_number"] != person for row in house.items(batch.batch_id))


def test_a_file_that_is_sealed_anew_does_not_come_back_after_its_removal(house, rosters) -> None:
    house.submit(rosters[0])
    ((name, _),) = house.context.vault.keys_in_use()
    house.rotate("vault-data")
    with house.context.store.begin() as tx:  # decided while the new file is being written
        owned_files.decide_removal(tx, [name], None, 1)
    assert house.context.vault.reseal(name, lambda: owned_files.still_wanted(house.context.store, name)) is None
    assert retention.remove_files(house.context) == 1
    assert house.context.vault.reseal(name, lambda: owned_files.still_wanted(house.context.store, name)) is None
    assert list(house.context.vault.keys_in_use()) == []


def test_an_index_made_from_what_was_read_before_an_erasure_is_not_kept(house, rosters) -> None:
    batch = done(house, rosters[0])
    person = house.items(batch.batch_id)[0]["id_number"]
    runs = indexing.made_runs(house.context, batch.batch_id)
    house.clock.later(3 * YEAR)
    erase_person(house.context, OFFICER, person, "request 7")
    with house.context.store.begin() as tx:
        assert not indexing.replace(tx, runs)
    house.run("index")
    with house.context.store.read() as tx:
        token = int(house.context.index.tokens(pl.Series([person]), "person")[0])
        assert lookup.find(tx, "person", token) == []
