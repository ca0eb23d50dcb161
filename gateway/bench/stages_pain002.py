"""Parsing a pain.002 (支付状态报告解析): against bare expat over the same octets, and iterparse of the standard library."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from xml.parsers import expat

from adapters.dialects.iso20022 import Iso20022Dialect
from adapters.profile import BankProfile
from gateway.bench import answers
from gateway.bench.rows import Asked, Row, row
from gateway.bench.timing import Contender, contest
from messages.iso20022.schema import PAIN_002, namespace

READ_OCTETS: Final = 1024 * 1024
PEER_ITEMS: Final = 20_000
_EXPAT: Final = "expat, no handlers"
_PEER: Final = "iterparse, same fields"
_NS: Final = f"{{{namespace(PAIN_002)}}}"
_RECORD: Final = f"{_NS}TxInfAndSts"
_PATHS: Final = {
    name: "/".join(_NS + step for step in path.split("/"))
    for name, path in {
        "reference": "OrgnlEndToEndId",
        "status": "TxSts",
        "reason": "StsRsnInf/Rsn/Cd",
        "text": "StsRsnInf/AddtlInf",
        "bank_reference": "AcctSvcrRef",
        "amount": "OrgnlTxRef/Amt/InstdAmt",
        "settled_on": "OrgnlTxRef/IntrBkSttlmDt",
        "account": "OrgnlTxRef/CdtrAcct/Id/Othr/Id",
    }.items()
}


def measure(items: int, directory: Path, profile: BankProfile) -> Iterator[Row]:
    """One row."""
    path, few = directory / "answer.xml", directory / "few.xml"
    few_items = min(items, PEER_ITEMS)
    answers.write_status_report(path, items)
    answers.write_status_report(few, few_items)
    rates = contest(
        [
            Contender("ours", items, lambda: _parsed(profile, path, items)),
            Contender(_EXPAT, items, lambda: _expat(path)),
            Contender(_PEER, few_items, lambda: _iterparse(few)),
        ]
    )
    note = f"{path.stat().st_size // items} octets an item"
    yield row("pain.002 parse", rates, ours="ours", limit=_EXPAT, peer=_PEER, asked=Asked(0.3, 2.5), note=note)
    path.unlink()
    few.unlink()


def _parsed(profile: BankProfile, path: Path, items: int) -> None:
    with path.open("rb") as file:
        parsed = Iso20022Dialect().parse(profile, path.name, iter(lambda: file.read(READ_OCTETS), b""))
    if sum(block.height for block in parsed.blocks) != items:
        raise RuntimeError("the parsed report does not hold every item")


def _expat(path: Path) -> None:
    with path.open("rb") as file:
        expat.ParserCreate().ParseFile(file)


def _iterparse(path: Path) -> list[dict[str, str | None]]:
    found = []
    for _, element in ET.iterparse(path):  # noqa: S314 - see above
        if element.tag == _RECORD:
            found.append({name: element.findtext(place) for name, place in _PATHS.items()})
            element.clear()
    return found
