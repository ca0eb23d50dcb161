"""Reading batches back over real HTTP: money adds up, streams are bounded, nothing personal leaves unmasked."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest_twisted

from gateway.core.lifecycle import ItemState
from gateway.store import alerts, batches

ensure = pytest_twisted.ensureDeferred
PAID, FAILED, RETURNED, DISPUTED, SENT = (
    ItemState.PAID,
    ItemState.FAILED,
    ItemState.RETURNED,
    ItemState.DISPUTED,
    ItemState.SENT,
)


async def accepted(
    served: Any, checked: Any, header: Any, items: Any, findings: list[dict[str, Any]] | None = None
) -> int:
    """A batch of three items at one bank, ACCEPTED; its id."""
    declared = 3 + len([f for f in findings or [] if f["severity"] == "REJECT"])
    total = 60000 + sum(f["amount_fen"] or 0 for f in findings or [] if f["severity"] == "REJECT")
    await served.submit(header(declared_count=declared, declared_total_fen=total), items(3))
    with served.store.read() as tx:
        batch_id = batches.find(tx, "platform", header()["batch_no"]).batch_id
    checked.accept(batch_id, {"rural": items(2), "city": items(3)[2:]}, findings or [])
    return batch_id


def finding(line_no: int, item_id: str | None, severity: str = "REJECT", amount: int | None = 500) -> dict[str, Any]:
    """A row of REJECTION_SCHEMA."""
    return {
        "line_no": line_no,
        "item_id": item_id,
        "field": "account",
        "code": "ACCOUNT_LUHN",
        "severity": severity,
        "amount_fen": amount,
    }


@ensure
async def test_the_status_adds_up(served: Any, checked: Any, header: Any, items: Any) -> None:
    """Counts and fen by outcome and by bank; what is declared is all somewhere."""
    batch_id = await accepted(served, checked, header, items, [finding(4, "P0009")])
    checked.says(batch_id, 0, [{"row": 0, "disposition": "APPLIED", "outcome": "PAID"}], [PAID, FAILED])
    status = (await served.call("GET", "/v1/batches/CX2026-GDDL-0001")).json
    assert status["conserved"] is True
    assert status["rejected"] == {"items": 1, "fen": 500}
    assert status["declared"] == {"items": 4, "fen": 60500}
    assert status["counts"]["paid"] == {"items": 1, "fen": 10000}
    assert status["counts"]["failed"] == {"items": 1, "fen": 20000}
    assert status["counts"]["ready"] == {"items": 1, "fen": 30000}
    assert [(b["bank"], b["counts"]["total"]["items"]) for b in status["by_bank"]] == [("city", 1), ("rural", 2)]
    assert status["opened_at"].endswith("+08:00")


@ensure
async def test_results_tell_the_latest_applied_word(served: Any, checked: Any, header: Any, items: Any) -> None:
    """A return overtakes the payment; what was set aside or contradicts says nothing; raw codes are kept."""
    batch_id = await accepted(served, checked, header, items)
    paid = {
        "disposition": "APPLIED",
        "outcome": "PAID",
        "status_raw": "0",
        "bank_reference": "S1",
        "settled_on": date(2026, 11, 24),
    }
    checked.says(batch_id, 0, [{"row": 0, **paid}, {"row": 1, **paid}], [PAID, PAID])
    back = {
        "disposition": "APPLIED",
        "outcome": "RETURNED",
        "reason": "ACCT_CLOSED",
        "reason_raw": "0037",
        "text_raw": "账户已销户",
    }
    odd = {"disposition": "CONTRADICTED", "outcome": "FAILED"}
    checked.says(batch_id, 0, [{"row": 0, **back}, {"row": 1, **odd}], [RETURNED, DISPUTED])
    first, second, third = (await served.call("GET", "/v1/batches/CX2026-GDDL-0001/results")).lines
    assert (first["item_id"], first["state"], first["outcome"]) == ("P0000", "RETURNED", "RETURNED")
    assert (first["reason_raw"], first["text"], first["settled_on"]) == ("0037", "账户已销户", None)
    assert (second["state"], second["outcome"], second["settled_on"]) == ("DISPUTED", "PAID", "2026-11-24")
    assert (third["bank"], third["state"], third["outcome"], third["amount_fen"]) == ("city", "READY", None, 30000)
    assert first["reference"].endswith("00000000")
    assert "name" not in first
    assert "account" not in first


@ensure
async def test_rejections_speak_to_people(served: Any, checked: Any, header: Any, items: Any) -> None:
    """Each finding with its code and both languages."""
    await accepted(served, checked, header, items, [finding(4, "P0009"), finding(5, None, amount=None)])
    first, second = (await served.call("GET", "/v1/batches/CX2026-GDDL-0001/rejections")).lines
    assert (first["line_no"], first["item_id"], first["field"], first["code"]) == (
        4,
        "P0009",
        "account",
        "ACCOUNT_LUHN",
    )
    assert first["zh"]
    assert first["en"]
    assert second["item_id"] is None


@ensure
async def test_one_item_with_its_history(served: Any, checked: Any, header: Any, items: Any) -> None:
    """Found with and without its index; masked; all that was said, in order; warnings beside it."""
    batch_id = await accepted(served, checked, header, items, [finding(2, "P0001", "WARN")])
    checked.says(batch_id, 0, [{"row": 1, "disposition": "APPLIED", "outcome": "ACCEPTED"}], [SENT, ItemState.ACCEPTED])
    checked.says(
        batch_id, 0, [{"row": 1, "disposition": "APPLIED", "outcome": "PAID", "text_raw": "成功"}], [SENT, PAID]
    )
    slowly = (await served.call("GET", "/v1/batches/CX2026-GDDL-0001/items/P0001")).json
    checked.index(batch_id)
    item = (await served.call("GET", "/v1/batches/CX2026-GDDL-0001/items/P0001")).json
    assert item == slowly
    assert (item["state"], item["name"], item["account"]) == ("PAID", "欧***", "****0001")
    assert [said["outcome"] for said in item["history"]] == ["ACCEPTED", "PAID"]
    assert item["history"][1]["text"] == "成功"
    assert [f["severity"] for f in item["findings"]] == ["WARN"]


@ensure
async def test_a_rejected_item_is_found_too(served: Any, checked: Any, header: Any, items: Any) -> None:
    """It was never given to a bank, and says why."""
    await accepted(served, checked, header, items, [finding(4, "P/0009")])
    item = (await served.call("GET", "/v1/batches/CX2026-GDDL-0001/items/P/0009")).json
    assert (item["state"], item["bank"], item["findings"][0]["code"]) == ("REJECTED", None, "ACCOUNT_LUHN")
    missing = await served.call("GET", "/v1/batches/CX2026-GDDL-0001/items/NONE")
    assert (missing.status, missing.json["code"]) == (404, "NO_SUCH_ITEM")


@ensure
async def test_a_refused_batch_pays_nobody(served: Any, checked: Any, header: Any, items: Any) -> None:
    """Segments that its check left behind count for nothing; the reasons are shown."""
    await served.submit(header(), items(3))
    with served.store.begin() as tx:
        batch_id = batches.find(tx, "platform", header()["batch_no"]).batch_id
        batches.refuse(
            tx, batch_id, [{"code": "COUNT_MISMATCH", "zh": "笔数不符", "en": "count", "declared": 3}], 0, 0, 1
        )
    status = (await served.call("GET", "/v1/batches/CX2026-GDDL-0001")).json
    assert (status["state"], status["counts"]["total"]["items"], status["conserved"]) == ("REFUSED", 0, True)
    assert status["problems"][0]["zh"] == "笔数不符"
    assert (await served.call("GET", "/v1/batches/CX2026-GDDL-0001/results")).content == b""


@ensure
async def test_lists_go_page_by_page(served: Any, header: Any) -> None:
    """Newest first, each batch once, and only one's own."""
    for number in range(5):
        await served.submit(header(f"B{number}"))
    await served.submit(header("OTHER"), key="county-key")
    seen, after = [], ""
    while True:
        page = (await served.call("GET", f"/v1/batches?limit=2{after}")).json
        seen += [batch["batch_no"] for batch in page["batches"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == ["B4", "B3", "B2", "B1", "B0"]


@ensure
async def test_parameters_are_checked(served: Any) -> None:
    """Out of range, unknown, repeated: refused by name, never guessed."""
    for query in ("limit=0", "limit=x", "limit=1000", "page=2", "limit=1&limit=2", "after=-1"):
        answer = await served.call("GET", f"/v1/batches?{query}")
        assert (answer.status, answer.json["code"]) == (422, "BAD_FIELD"), query
    answer = await served.call("GET", "/v1/batches/X?verbose=1")
    assert answer.status == 422


@ensure
async def test_other_clients_batches_do_not_exist(served: Any, checked: Any, header: Any, items: Any) -> None:
    """Every address of another client's batch answers as if it had never been, to writing as to reading."""
    await accepted(served, checked, header, items)
    here = "/v1/batches/CX2026-GDDL-0001"
    for path in (here, f"{here}/results", f"{here}/rejections", f"{here}/items/P0001"):
        answer = await served.call("GET", path, key="county-key")
        assert (answer.status, answer.json["code"]) == (404, "NO_SUCH_BATCH"), path
    answer = await served.upload("CX2026-GDDL-0001", b"{}\n", key="county-key")
    assert (answer.status, answer.json["code"]) == (404, "NO_SUCH_BATCH")


@ensure
async def test_alerts_are_for_operators(served: Any) -> None:
    """Operators read them, platforms do not."""
    with served.store.begin() as tx:
        alerts.raise_alert(tx, "unmapped-code", "rural/9999", "未登记的返回码", "unknown code", served.clock.now_ms())
    seen = await served.call("GET", "/v1/alerts", key="operator-key")
    assert [(a["kind"], a["zh"], a["count"]) for a in seen.json["alerts"]] == [("unmapped-code", "未登记的返回码", 1)]
    refused = await served.call("GET", "/v1/alerts")
    assert (refused.status, refused.json["code"]) == (403, "NOT_ALLOWED")
