"""Reading in clear over real HTTP: with the role, a purpose and a paper, and only after the audit has it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
import pytest_twisted

from gateway.store import audit, batches

ensure = pytest_twisted.ensureDeferred
PLACE = "/v1/batches/CX2026-GDDL-0001/items/P0001/clear-reading"
ASKED = {"purpose": "COMPLAINT", "reference_no": "楚信访〔2026〕12号", "client_id": "platform"}


async def paid(served: Any, checked: Any, header: Any, items: Any) -> None:
    """An accepted batch of the platform."""
    await served.submit(header(), items(3))
    with served.store.read() as tx:
        batch_id = batches.find(tx, "platform", "CX2026-GDDL-0001").batch_id
    checked.accept(batch_id, {"rural": items(2), "city": items(3)[2:]}, [])
    checked.index(batch_id)


async def ask(served: Any, body: Any = None, *, key: str = "officer-key", place: str = PLACE) -> Any:
    """One request."""
    content = body if isinstance(body, bytes) else orjson.dumps(ASKED if body is None else body)
    return await served.call("POST", place, content, key=key, headers={"Content-Type": "application/json"})


def entries(served: Any) -> list[Any]:
    """The audit."""
    with served.store.read() as tx:
        return audit.entries(tx)


@ensure
async def test_an_officer_reads_one_item(served: Any, checked: Any, header: Any, items: Any) -> None:
    """The answer is in clear and never cached; the entry has none of it."""
    await paid(served, checked, header, items)
    answer = await ask(served)
    assert answer.status == 200
    assert answer.json["name"] == "欧阳测试"
    assert answer.json["id_number"] == "110101199003070134"
    assert answer.headers.getRawHeaders("cache-control") == ["no-store"]
    (entry,) = [one for one in entries(served) if one.action == "personal.read-clear"]
    assert entry.actor == "zhao-min"
    assert entry.origin
    assert entry.subject == answer.json["reference"]
    assert entry.after["why"] == ASKED["reference_no"]
    assert "欧阳测试" not in str(entry)


@ensure
async def test_nobody_else_does(served: Any, checked: Any, header: Any, items: Any) -> None:
    """Not the platform that sent it, nor who runs the gateway."""
    await paid(served, checked, header, items)
    for key in ("platform-key", "operator-key"):
        answer = await ask(served, key=key)
        assert answer.status == 403
        assert "欧阳" not in answer.content.decode()
    assert (await ask(served, key="stranger-key")).status == 401


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"purpose": "CURIOSITY"}, 422),
        ({"reference_no": ""}, 422),
        ({"reference_no": "53009919620314002X"}, 422),
        ({"everything": True}, 422),
        ({"client_id": "county"}, 404),
    ],
)
@ensure
async def test_a_bad_purpose_is_refused(
    served: Any, checked: Any, header: Any, items: Any, changes: dict[str, Any], status: int
) -> None:
    """And nothing is repeated of it."""
    await paid(served, checked, header, items)
    answer = await ask(served, ASKED | changes)
    assert answer.status == status
    assert "53009919620314002X" not in answer.content.decode()
    assert not [one for one in entries(served) if one.action == "personal.read-clear"]


@ensure
async def test_what_is_no_request(served: Any, checked: Any, header: Any, items: Any) -> None:
    """No body, no JSON, no such item."""
    await paid(served, checked, header, items)
    assert (await ask(served, b"")).status == 400
    assert (await ask(served, b"[")).status == 400
    assert (await ask(served, place=PLACE.replace("P0001", "P9999"))).status == 404


@ensure
async def test_the_view_stays_masked(served: Any, checked: Any, header: Any, items: Any) -> None:
    """After a reading as before."""
    await paid(served, checked, header, items)
    await ask(served)
    shown = (await served.call("GET", PLACE.removesuffix("/clear-reading"))).json
    assert shown["name"] == "欧***"
    assert shown["account"].startswith("****")
