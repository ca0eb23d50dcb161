"""The codec of banks by layout, on every shipped layout: what is read, what is said, what is refused and how."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from messages.layout.errors import LayoutError
from messages.layout.file import ParsedFile, compiled
from messages.layout.vocabulary import MessageName
from simulators.answers import ANSWER_SCHEMA, Kind, Status
from simulators.bank_contract import MessageInvalid, Order, Question, Totalling
from simulators.bank_parts import codec_of, seal_of
from simulators.declaration import BankData, read_bank
from simulators.engine import SimulatedBank
from simulators.script_file import load_script

SHIPPED = Path(__file__).parents[3] / "config"
BANKS = sorted(path.stem for path in (SHIPPED / "banks").glob("*.yaml"))
BY_LAYOUT = ("rural-fixed", "village-delimited", "coop-tcp", "agri-tcp", "indust-form")
MESSAGE, DAY = "ABCDEFGH2345F0001", date(2026, 3, 3)


@pytest.fixture(scope="module", params=BY_LAYOUT)
def bank(request: pytest.FixtureRequest) -> BankData:
    return read_bank(SHIPPED, request.param)


def parsed(bank: BankData, name: MessageName, content: bytes) -> ParsedFile:
    assert bank.layout is not None
    return compiled(bank.layout, name, bank.declaration.encoding).parse([content])


@pytest.fixture(scope="module")
def built(bank: BankData, gateway_writes: Any) -> bytes:
    return gateway_writes.instruction(bank.layout, bank.declaration.encoding, gateway_writes.items())


def answers(order: Order, *said: tuple[str, str | None]) -> pl.DataFrame:
    rows = order.items.select("reference", "account", "amount_fen").with_columns(
        pl.Series("status", [status for status, _ in said]),
        pl.Series("reason", [reason for _, reason in said], dtype=pl.String),
        pl.lit(None, dtype=pl.String).alias("text"),
        pl.concat_str(pl.lit("92"), "reference").alias("serial"),
        pl.lit(None, dtype=pl.Date).alias("settled_on"),
    )
    return rows.select(pl.col(name).cast(kind) for name, kind in ANSWER_SCHEMA.items())


def test_orders_and_questions_are_read_from_the_layout(bank: BankData, built: bytes, gateway_writes: Any) -> None:
    codec = codec_of(bank)
    order = codec.read(built)
    assert isinstance(order, Order)
    assert (order.message_id, order.requested_on) == (MESSAGE, DAY)
    assert order.items.equals(gateway_writes.items().select("reference", "account", "name", "amount_fen"))
    assert bank.layout is not None
    if MessageName.INQUIRY in bank.layout.messages:
        assert codec.read(gateway_writes.inquiry(bank.layout, bank.declaration.encoding)) == Question(MESSAGE)


def test_results_say_in_the_banks_codes_what_happened(bank: BankData, built: bytes, gateway_writes: Any) -> None:
    codec, words = codec_of(bank), bank.words
    order = codec.read(built)
    assert isinstance(order, Order)
    code, _ = words.code_for("NAME_MISMATCH", Status.FAILED)
    rows = answers(order, ("PAID", None), ("FAILED", code), ("PROCESSING", None))
    (block,) = parsed(bank, MessageName.RESULT, codec.result(order, Kind.RESULT, 1, rows)).blocks
    outcomes = {(line.status, line.reason): line.outcome for line in words.items}
    said = zip(block["status_raw"], block["reason_raw"].fill_null(""), strict=True)
    assert [outcomes.get((s, r), outcomes.get((s, ""))) for s, r in said] == ["PAID", "FAILED", "ACCEPTED"]
    assert isinstance(codec, Totalling)
    with pytest.raises(LayoutError, match="details make"):
        parsed(bank, MessageName.RESULT, codec.wrong_total(order, Kind.RESULT, 1, rows))


def test_what_is_wrong_is_refused_in_the_banks_codes(bank: BankData, built: bytes, gateway_writes: Any) -> None:
    codec, right = codec_of(bank), built
    old = next(text for text in (b"30003", b"300.03") if text in right)
    wrong = {
        "totals": right.replace(old, old[:-1] + b"4"),
        "format": right[: len(right) // 2],
        "encoding": right.replace("阿".encode(bank.declaration.encoding), b"\xff\xff"),
    }
    for failing, content in wrong.items():
        with pytest.raises(MessageInvalid) as refused:
            codec.read(content)
        assert refused.value.code == bank.refusals[failing], failing  # type: ignore[index]
        assert "阿" not in refused.value.text
        acknowledgement = codec.acknowledgement(MESSAGE, DAY, refused.value.code, refused.value.text)
        assert acknowledgement is not None


@pytest.mark.parametrize("name", BANKS)
def test_every_shipped_bank_plays_its_own_scripts_and_those_for_any(name: str, keys: Path, tmp_path: Path) -> None:
    data = read_bank(SHIPPED, name)
    codec, seal = codec_of(data), seal_of(data, keys / data.declaration.bank)
    own = {"rural-fixed": "rural", "city-iso": "city"}.get(name, name)
    scripts = [*(SHIPPED / "simulators").glob("bank-*.yaml"), *(SHIPPED / "simulators").glob(f"{own}-*.yaml")]
    assert len(scripts) >= 3
    bank = SimulatedBank(data, codec, seal, tmp_path, load_script(scripts[0]))
    for script in scripts:
        bank.check(load_script(script))
