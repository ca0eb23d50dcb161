"""Submitting over real HTTP: idempotent, bounded, and nothing half taken."""

from __future__ import annotations

import hashlib
import socket
from typing import Any

import orjson
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from gateway.store import batches, work
from gateway.store.records import BatchState

ensure = pytest_twisted.ensureDeferred


def sleep(seconds: float) -> Deferred[None]:
    """A moment for the server to notice."""
    waiting: Deferred[None] = Deferred()
    reactor.callLater(seconds, waiting.callback, None)
    return waiting


def ndjson(items: list[dict[str, Any]]) -> bytes:
    """Items as they are uploaded."""
    return b"".join(orjson.dumps(item) + b"\n" for item in items)


@ensure
async def test_a_header_opens_a_batch_once(served: Any, header: Any) -> None:
    """Created, then the same again, then a conflict; the reference is the gateway's."""
    first = await served.submit(header())
    again = await served.submit(header())
    other = await served.submit(header(voucher_no="999"))
    assert (first.status, again.status, other.status) == (201, 200, 409)
    assert first.json["state"] == "OPEN"
    assert first.json == again.json
    assert len(first.json["reference"]) == 12
    assert other.json["code"] == "BATCH_CONFLICT"
    assert other.headers.getRawHeaders("content-type") == ["application/problem+json"]


@ensure
async def test_inline_items_go_the_same_way(served: Any, header: Any, items: Any) -> None:
    """Inline items are content like any other: sealed, attached, and their check put to work with its priority."""
    answer = await served.submit(header(urgent=True, urgent_ground="救灾"), items(3))
    assert (answer.status, answer.json["state"]) == (202, "RECEIVED")
    with served.store.begin() as tx:
        batch = batches.find(tx, "platform", header()["batch_no"])
        (job,) = work.claim(tx, ["check"], "test", served.clock.now_ms(), 1000, 5)
    assert (job.key, job.subject, job.priority) == (str(batch.batch_id), {"batch_id": batch.batch_id}, 10)
    stored = served.vault.read(batch.content, 100_000)
    assert [orjson.loads(line) for line in stored.splitlines()] == items(3)
    assert "欧阳".encode() not in b"".join(path.read_bytes() for path in served.vault_files())


@ensure
async def test_inline_again_is_the_same_and_other_is_a_conflict(served: Any, header: Any, items: Any) -> None:
    """A retry of a whole submission changes nothing; other items under the same number are refused."""
    await served.submit(header(), items(3))
    again = await served.submit(header(), items(3))
    other = await served.submit(header(), items(2))
    assert again.json["state"] == "RECEIVED"
    assert (other.status, other.json["code"]) == (409, "CONTENT_CONFLICT")
    assert len(served.vault_files()) == 1


@ensure
async def test_upload_then_the_same_then_another(served: Any, header: Any, items: Any) -> None:
    """202 with a link, 200 for the same bytes, 409 for others; one copy is kept."""
    await served.submit(header())
    body = ndjson(items(3))
    first = await served.upload(header()["batch_no"], body)
    again = await served.upload(header()["batch_no"], body)
    other = await served.upload(header()["batch_no"], body + b"\n")
    assert (first.status, again.status, other.status) == (202, 200, 409)
    assert first.json["content"]["sha256"] == hashlib.sha256(body).hexdigest()
    assert first.headers.getRawHeaders("location") == ["/v1/batches/CX2026-GDDL-0001"]
    assert len(served.vault_files()) == 1


@ensure
async def test_a_large_upload_arrives_whole(served: Any, header: Any) -> None:
    """Several megabytes in one field go to the vault like anything else; judging them is the check's business."""
    await served.submit(header())
    body = b'{"item_id":"P1","name":"' + b"x" * 10_000_000 + b'"}\n'
    answer = await served.upload(header()["batch_no"], body)
    assert (answer.status, answer.json["content"]["size"]) == (202, len(body))
    with served.store.read() as tx:
        content = batches.find(tx, "platform", header()["batch_no"]).content
    assert b"".join(served.vault.open(content)) == body


@ensure
async def test_ten_megabytes_inline_are_refused(served: Any, header: Any) -> None:
    """A JSON body above its limit is refused by its length, unread."""
    answer = await served.submit(header(), [{"item_id": "x" * 10_000_000}])
    assert (answer.status, answer.json["code"]) == (413, "TOO_LARGE")


@ensure
async def test_too_many_inline_items_are_refused(served: Any, header: Any) -> None:
    """More than a thousand items belong in a stream."""
    answer = await served.submit(header(), [{"a": 1}] * 1001)
    assert (answer.status, answer.json["field"]) == (413, "items")


def _cut_off(served: Any, headers: dict[str, str], body: bytes, path: str) -> None:
    with socket.create_connection(("127.0.0.1", served.port)) as raw:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        raw.sendall(f"PUT {path} HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n{lines}\r\n".encode() + body)


@ensure
async def test_a_truncated_upload_leaves_nothing(served: Any, header: Any, items: Any) -> None:
    """Less than Content-Length, then gone: still OPEN, no file left, and the upload can be repeated."""
    await served.submit(header())
    body, path = ndjson(items(3)), f"/v1/batches/{header()['batch_no']}/items"
    head = {"Content-Type": "application/x-ndjson", "Content-Length": str(len(body))}
    signed = served.signed("PUT", path, head, hashlib.sha256(body).digest(), "platform-key")
    await deferToThread(_cut_off, served, signed, body[:-20], path)
    for _ in range(40):
        await sleep(0.05)
        if not served.vault_files():
            break
    status = await served.call("GET", f"/v1/batches/{header()['batch_no']}")
    assert (status.json["state"], status.json["content"], served.vault_files()) == ("OPEN", None, [])
    assert (await served.upload(header()["batch_no"], body)).status == 202


@ensure
async def test_a_chunked_upload(served: Any, header: Any, items: Any) -> None:
    """Without Content-Length, in chunks, and with the end missing: taken whole or not at all."""
    await served.submit(header())
    body, path = ndjson(items(3)), f"/v1/batches/{header()['batch_no']}/items"
    head = {"Content-Type": "application/x-ndjson", "Transfer-Encoding": "chunked"}
    chunk = f"{len(body):x}\r\n".encode() + body + b"\r\n"

    def send(rest: bytes) -> bytes:
        signed = served.signed("PUT", path, head, hashlib.sha256(body).digest(), "platform-key")
        with socket.create_connection(("127.0.0.1", served.port)) as raw:
            lines = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
            raw.sendall(f"PUT {path} HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n{lines}\r\n".encode() + chunk + rest)
            raw.settimeout(5)
            return raw.recv(65536) if rest else b""

    await deferToThread(send, b"")
    await sleep(0.2)
    assert (await served.call("GET", f"/v1/batches/{header()['batch_no']}")).json["state"] == "OPEN"
    assert (await deferToThread(send, b"0\r\n\r\n")).startswith(b"HTTP/1.1 202")


@ensure
async def test_a_wrong_digest_attaches_nothing(served: Any, header: Any, items: Any) -> None:
    """The signed digest is compared with what arrived; on a difference the batch stays OPEN and no file stays."""
    await served.submit(header())
    answer = await served.upload(header()["batch_no"], ndjson(items(3)), digest_of=b"something else")
    status = await served.call("GET", f"/v1/batches/{header()['batch_no']}")
    assert (answer.status, answer.json["code"], status.json["state"]) == (400, "BAD_DIGEST", "OPEN")
    await sleep(0.1)
    assert served.vault_files() == []


@ensure
async def test_an_empty_upload_is_refused(served: Any, header: Any) -> None:
    """No byte, no content."""
    await served.submit(header())
    answer = await served.upload(header()["batch_no"], b"")
    assert (answer.status, answer.json["code"]) == (400, "EMPTY")


@ensure
async def test_uploading_to_no_batch(served: Any) -> None:
    """A batch must be opened first."""
    answer = await served.upload("NO-SUCH", b"{}\n")
    assert (answer.status, answer.json["code"]) == (404, "NO_SUCH_BATCH")


@ensure
async def test_wrong_kinds_of_content(served: Any, header: Any) -> None:
    """Types that cannot be read, and compressed bodies, are refused at the door."""
    await served.submit(header())
    number = header()["batch_no"]
    xml = await served.upload(number, b"<x/>", headers={"Content-Type": "application/xml"})
    charset = await served.upload(number, b"a,b", headers={"Content-Type": "text/csv; charset=latin-1"})
    packed = await served.upload(number, b"..", headers={"Content-Encoding": "gzip"})
    assert [a.status for a in (xml, charset, packed)] == [415, 415, 415]
    assert packed.json["code"] == "CONTENT_ENCODING"


@ensure
async def test_headers_that_may_not_be_paid(served: Any, header: Any) -> None:
    """Not on the list, social insurance, another year, another policy name: refused with field and remedy."""
    cases = {
        "project_code": [header(project_code="XX"), header(project_code="YLJ-2026")],
        "fiscal_year": [header(fiscal_year=2025)],
        "policy_name": [header(policy_name="别的政策")],
    }
    for field, headers in cases.items():
        for one in headers:
            answer = await served.submit(one)
            assert (answer.status, answer.json["code"], answer.json["field"]) == (422, "NOT_PAYABLE", f"header.{field}")


@ensure
async def test_header_problems_are_all_named(served: Any, header: Any) -> None:
    """Every wrong field is named in both languages, and none of their contents is repeated."""
    wrong = header(declared_count="3", funding_model="秘密", voucher_no=None)
    del wrong["department_name"]
    answer = await served.submit(wrong)
    assert (answer.status, answer.json["code"]) == (422, "BAD_FIELD")
    assert {p["field"] for p in answer.json["problems"]} >= {"declared_count", "funding_model", "department_name"}
    assert "秘密" not in answer.content.decode()


@ensure
async def test_bodies_that_are_no_submission(served: Any, header: Any) -> None:
    """Broken JSON, repeated keys, other shapes: one clear problem each."""
    json = {"Content-Type": "application/json"}
    bodies = {
        b"{": "BAD_JSON",
        b'{"header":{},"header":{}}': "BAD_JSON",
        b"[]": "BAD_FIELD",
        b'{"header":[]}': "BAD_FIELD",
        b'{"header":{},"more":1}': "BAD_FIELD",
        orjson.dumps({"header": header(), "items": [1]}): "BAD_FIELD",
        orjson.dumps({"header": header(), "items": []}): "EMPTY",
        b"": "BAD_JSON",
    }
    for body, code in bodies.items():
        answer = await served.call("POST", "/v1/batches", body, headers=json)
        assert answer.json["code"] == code, body


@ensure
async def test_waiting_for_the_check(served: Any, header: Any, items: Any, checked: Any) -> None:
    """``Prefer: wait`` holds the answer until the check is over, and the hook ends the wait at once."""

    def conclude() -> None:
        with served.store.read() as tx:
            batch = batches.find(tx, "platform", header()["batch_no"])
        checked.accept(batch.batch_id, {"rural": items(3)}, [])
        served.api.changed(batch.batch_id)

    reactor.callLater(0.3, reactor.callInThread, conclude)
    answer = await served.submit(header(), items(3), headers={"Prefer": "wait=20"})
    assert (answer.status, answer.json["state"]) == (201, BatchState.ACCEPTED)
    assert answer.json["counts"]["ready"] == {"items": 3, "fen": 60000}
