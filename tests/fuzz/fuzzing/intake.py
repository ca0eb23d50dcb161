"""The lines of the table for what the platform sends: items, header, submission, signed requests (平台侧输入)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import cache, partial
from typing import Final
from unittest.mock import patch

import orjson
import polars as pl
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import algorithms

from crypto import request_hmac
from crypto.contract import SignatureInvalid
from crypto.http_signatures import content_digest, parse_content_digest, sign_request, verify_request
from fuzzing.marker import ACCOUNT, MARKS, NAME
from fuzzing.pieces import whole_and_cut
from fuzzing.samples import golden
from fuzzing.target import Target
from fuzzing.world import TODAY
from gateway.api.problems import Problem
from gateway.api.submission import read_submission
from messages.batch.checking import CheckRules, check_items
from messages.batch.content_type import ContentType, LineKind, parse_content_type
from messages.batch.header_reading import HeaderRefused, canonical_json, read_header
from messages.batch.reading import ReadBlock, read_items
from messages.batch.unreadable import UnreadableContent
from simulators.roster import RosterBatch, roster

_RULES: Final = CheckRules(today=TODAY, amount_limit_fen=10**12)
_NOW: Final = int(datetime(2026, 11, 24, 2, tzinfo=UTC).timestamp())
_URL: Final = "https://gateway.example/api/v1/batches/CX-1"
_KEY: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
_SHARED: Final = bytes(range(32))


def intake_targets() -> Iterator[Target]:
    """Every line about what comes in over our own API."""
    for name, kind in (
        ("ndjson", ContentType(LineKind.NDJSON)),
        ("csv.utf-8", ContentType(LineKind.CSV)),
        ("csv.gb18030", ContentType(LineKind.CSV, "gb18030")),
        ("tsv.gb18030", ContentType(LineKind.TSV, "gb18030")),
    ):
        yield Target(f"items.{name}", partial(_items, kind), (UnreadableContent,), partial(_content, kind), slow=True)
    yield Target("batch.header", _header, (HeaderRefused,), _headers)
    yield Target("batch.content-type", _content_type, (UnreadableContent,), _content_types)
    yield Target("api.submission", partial(read_submission, most_items=1_000), (Problem, HeaderRefused), _submissions)
    yield Target("http.signature", _signed, (SignatureInvalid,), _requests)
    yield Target("http.signature.trusting", partial(_signed, trusting=True), (SignatureInvalid,), _requests)
    yield Target("http.content-digest", _digest, (SignatureInvalid,), _digests)
    yield Target("http.hmac", _hmac, (SignatureInvalid,), _calls)


@cache
def _batch() -> RosterBatch:
    (batch,) = roster(6, 11, batches=1, bad_share=0)
    second = pl.int_range(pl.len()) == 1
    planted = batch.items.with_columns(
        pl.when(second).then(pl.lit(NAME)).otherwise("name").alias("name"),
        pl.when(second).then(pl.lit(ACCOUNT)).otherwise("account").alias("account"),
    )
    return RosterBatch(batch.header, planted, batch.flaws, "ndjson")


def _content(kind: ContentType) -> list[bytes]:
    rows = _batch()
    if kind.kind is LineKind.NDJSON:
        return [rows.content(), *golden("batch", ".ndjson")]
    chinese = RosterBatch(rows.header, rows.items, rows.flaws, "csv").content().decode("gb18030")
    plain = rows.items.write_csv()
    golden_text = golden("batch", ".csv")[0].decode("gb18030")
    texts = [chinese, plain, golden_text, chinese.replace("\n", "\r\n")]
    sign = "\t" if kind.kind is LineKind.TSV else ","
    return [text.replace(",", sign).encode(kind.charset) for text in texts]


def _items(kind: ContentType, content: bytes) -> list[ReadBlock]:
    """Read whole and in pieces, and judged; nothing that is said about a line may repeat who is in it."""

    def read(chunks: Iterable[bytes]) -> list[ReadBlock]:
        return list(read_items(chunks, kind, most=1_000))

    blocks = whole_and_cut(read, content, (UnreadableContent,), _shown)
    for block in blocks:
        assert block.items.height <= block.lines, "more items than lines"
        judged = check_items(block.items, _RULES)
        _silent(block.findings)
        _silent(judged.findings)
    return blocks


def _shown(blocks: list[ReadBlock]) -> object:
    items = [row for block in blocks for row in block.items.iter_rows()]
    return items, [row for block in blocks for row in block.findings.iter_rows()], sum(block.lines for block in blocks)


def _silent(findings: pl.DataFrame) -> None:
    said = str(findings.rows())
    assert not any(mark in said for mark in MARKS), "a finding repeats personal data"


def _headers() -> list[bytes]:
    planted = _batch().header | {"department_name": NAME}
    return [orjson.dumps(planted), orjson.dumps(_batch().header), *golden("batch", ".json")]


def _header(content: bytes) -> None:
    header = read_header(content)
    assert read_header(canonical_json(header)) == header, "the canonical form is another header"


def _content_types() -> list[bytes]:
    return [b"text/csv; charset=gb18030", b"application/x-ndjson", b'text/tab-separated-values;charset="utf-8"']


def _content_type(content: bytes) -> object:
    return parse_content_type(content.decode("latin-1"))


def _submissions() -> list[bytes]:
    rows = [orjson.loads(line) for line in _batch().content().splitlines()]
    return [orjson.dumps({"header": _batch().header, "items": rows}), orjson.dumps({"header": _batch().header})]


def _text(method: str, target: str, headers: dict[str, str]) -> bytes:
    lines = [f"{method} {target}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\n".join(lines).encode("latin-1")


def _requests() -> list[bytes]:
    kind = {"Content-Type": "application/json", "Content-Length": "12"}
    posted = kind | sign_request("POST", _URL, kind, b"\x07" * 32, "key-1", _KEY, _NOW, nonce="nonce-0123456789")
    asked = sign_request("GET", _URL, {}, None, "key-1", _KEY, _NOW, nonce="nonce-9876543210")
    return [_text("POST", _URL, posted), _text("GET", _URL, asked)]


def _head(content: bytes) -> tuple[str, str, dict[str, str]]:
    first, *lines = content.decode("latin-1").split("\n")
    method, _, target = first.partition(" ")
    pairs = (line.partition(": ") for line in lines)
    return method, target, {name: value for name, _, value in pairs}


def _signed(content: bytes, *, trusting: bool = False) -> object:
    """``trusting``: every signature is taken as right, so that all behind it is reached."""
    method, target, headers = _head(content)
    with patch.object(algorithms.ED25519, "verify", _nothing) if trusting else nullcontext():
        return verify_request(method, target, headers, {"key-1": _KEY.public_key()}.get, _NOW, 300)


def _nothing(*_: object, **__: object) -> None:
    """A check that never fails."""


def _digests() -> list[bytes]:
    return [content_digest(bytes(32)).encode(), b"md5=:AAAA:, " + content_digest(bytes(range(32))).encode()]


def _digest(content: bytes) -> bytes:
    return parse_content_digest(content.decode("latin-1"))


def _calls() -> list[bytes]:
    signed = request_hmac.sign("gateway", _SHARED, "POST", "/v1/sms", b"{}", _NOW, "nonce-0123456789")
    return [_text("POST", "/v1/sms", signed)]


def _hmac(content: bytes) -> object:
    method, target, headers = _head(content)
    return request_hmac.verify({"gateway": _SHARED}.get, method, target, headers, b"{}", _NOW)
