"""Every bank family both ways (各银行报文): our columns beside the bare codec and beside one item at a time.

The peer is how such messages are usually made and read: a dictionary an item joined to a line, an lxml element an item,
or ``json`` over a list of dictionaries. What a bank answers is written by the simulators' own codecs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from typing import Any, Final

import polars as pl
from lxml import etree

from adapters.contract import Compound, ParsedResult
from adapters.profile import BankProfile
from adapters.registry import DIALECTS
from gateway.bench import sample
from gateway.bench.rows import Row, row
from gateway.bench.stages_pain001 import head_of
from gateway.bench.timing import Contender, contest
from gateway.setup import config_directory
from simulators.answers import ANSWER_SCHEMA, Kind, Status
from simulators.bank_contract import Order
from simulators.bank_parts import codec_of
from simulators.declaration import read_bank

MOST_ITEMS: Final = 50_000
PEER_ITEMS: Final = 5_000
_ROUNDS: Final = 2
_LINES, _JSON = ("fixed-width", "delimited"), "signed-json"
Work = Callable[[], object]


def measure(items: int, profiles: dict[str, BankProfile]) -> Iterator[Row]:
    """Two rows a family: what a batch costs as that bank's messages, and what its results cost to read."""
    rows = min(items, MOST_ITEMS)
    for profile in profiles.values():
        orders = _orders(profile, rows)
        messages = [_message(profile, order) for order in orders]
        yield _building(profile, orders, messages)
        yield _parsing(profile, orders, [_answer(profile, message) for message in messages])


def _orders(profile: BankProfile, rows: int) -> list[pl.DataFrame]:
    """The items in messages as large as this bank takes them."""
    whole = pl.concat(list(sample.segments(rows)))
    misfits = {place for place, _, _ in DIALECTS[profile.dialect].carries(profile, whole)}
    whole = whole.filter(~pl.int_range(pl.len()).is_in(sorted(misfits))) if misfits else whole
    return list(whole.iter_slices(DIALECTS[profile.dialect].rows_per_file(profile)))


def _message(profile: BankProfile, items: pl.DataFrame) -> bytes:
    head = head_of(items.height, int(items["amount_fen"].sum()))
    return b"".join(DIALECTS[profile.dialect].build(profile, head, [items]))


def _answer(profile: BankProfile, message: bytes) -> bytes:
    data = read_bank(config_directory(), profile.bank)
    codec = codec_of(data)
    order = codec.read(message)
    assert isinstance(order, Order)  # noqa: S101 - it is what was just built
    paid = {"status": Status.PAID.value, "reason": None, "text": None}
    rows = order.items.select("reference", "account", "amount_fen").with_columns(
        *(pl.lit(value, dtype=pl.String).alias(name) for name, value in paid.items()),
        pl.concat_str(pl.lit("92"), pl.col("reference")).alias("serial"),
        pl.lit(order.requested_on).alias("settled_on"),
    )
    return codec.result(order, Kind.RESULT, 1, rows.select(pl.col(n).cast(t) for n, t in ANSWER_SCHEMA.items()))


def _building(profile: BankProfile, orders: list[pl.DataFrame], messages: list[bytes]) -> Row:
    rows = sum(order.height for order in orders)
    texts = [message.decode(profile.encoding) for message in messages]
    codec, peer = f"{profile.encoding.upper()} encode", _peer_name(profile)
    few = orders[0].head(PEER_ITEMS).to_dicts()
    rates = contest(
        [
            Contender("ours", rows, lambda: [len(_message(profile, order)) for order in orders]),
            Contender(codec, rows, lambda: [len(text.encode(profile.encoding)) for text in texts]),
            Contender(peer, len(few), _peer_builder(profile, few)),
        ],
        _ROUNDS,
    )
    return row(f"{profile.bank} build", rates, ours="ours", limit=codec, peer=peer, note=_shape(messages))


def _parsing(profile: BankProfile, orders: list[pl.DataFrame], answers: list[bytes]) -> Row:
    rows = sum(order.height for order in orders)
    bare, peer = _bare_name(profile), _peer_name(profile)
    few = orders[0].head(PEER_ITEMS).height if profile.dialect in _LINES else orders[0].height
    rates = contest(
        [
            Contender("ours", rows, lambda: [_read(profile, answer) for answer in answers]),
            Contender(bare, rows, lambda: [_bare(profile, answer) for answer in answers]),
            Contender(peer, few, _peer_reader(profile, answers[0], few)),
        ],
        _ROUNDS,
    )
    return row(f"{profile.bank} parse", rates, ours="ours", limit=bare, peer=peer, note=_shape(answers))


def _read(profile: BankProfile, answer: bytes) -> tuple[ParsedResult, ...]:
    dialect, names = DIALECTS[profile.dialect], profile.file_names
    name = "answer" if names is None else names.result.format(message_id=f"{sample.BATCH_REFERENCE}F0000", part="001")
    if isinstance(dialect, Compound):
        return dialect.parse_all(profile, name, [answer])
    return (dialect.parse(profile, name, [answer]),)


def _shape(messages: list[bytes]) -> str:
    return f"{len(messages)} message(s) of up to {max(map(len, messages)):,} octets, signature not included"


def _peer_name(profile: BankProfile) -> str:
    if profile.dialect in _LINES:
        return "a line an item"
    return "json over dictionaries" if profile.dialect == _JSON else "an lxml element an item"


def _peer_builder(profile: BankProfile, items: list[dict[str, Any]]) -> Work:
    if profile.dialect in _LINES:
        return partial(_lines, items, profile.encoding)
    return partial(_as_json, items) if profile.dialect == _JSON else partial(_tree, items, profile.encoding)


def _peer_reader(profile: BankProfile, answer: bytes, items: int) -> Work:
    if profile.dialect in _LINES:
        lines = answer.splitlines()[1 : items + 1]
        return lambda: [[cell.strip() for cell in line.decode(profile.encoding).split("|")] for line in lines]
    if profile.dialect == _JSON:
        return lambda: [dict(each) for each in _dictionaries(json.loads(answer))]
    return partial(_elements, answer)


def _lines(items: list[dict[str, Any]], encoding: str) -> bytes:
    return b"".join(("|".join(str(value) for value in item.values()) + "\r\n").encode(encoding) for item in items)


def _as_json(items: list[dict[str, Any]]) -> str:
    return json.dumps([{name: str(value) for name, value in item.items()} for item in items], ensure_ascii=False)


def _tree(items: list[dict[str, Any]], encoding: str) -> bytes:
    root = etree.Element("Root")
    for item in items:
        detail = etree.SubElement(root, "Row")
        for name, value in item.items():
            etree.SubElement(detail, name).text = str(value)
    return bytes(etree.tostring(root, encoding=encoding))  # type: ignore[arg-type]  # bytes, as an encoding is named


def _elements(answer: bytes) -> int:
    """A dictionary for each element that has children; a block before the XML (a header, a signature) is left out."""
    found = 0
    for _, element in etree.iterparse(BytesIO(answer[answer.index(b"<") :])):
        if len(element):
            values = {etree.QName(child).localname: (child.text or "").strip() for child in element}
            found += len(values)
            element.clear()
    return found


def _bare_name(profile: BankProfile) -> str:
    if profile.dialect in _LINES:
        return f"{profile.encoding.upper()} decode"
    return "json.loads alone" if profile.dialect == _JSON else "lxml tree alone"


def _bare(profile: BankProfile, answer: bytes) -> object:
    if profile.dialect in _LINES:
        return len(answer.decode(profile.encoding))
    return json.loads(answer) if profile.dialect == _JSON else etree.fromstring(answer[answer.index(b"<") :]).tag


def _dictionaries(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _dictionaries(inner)
