"""`gateway bank new`: files to start from, marked where only the bank knows, never over what is there."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from gateway.bank.making import families
from gateway.bank.places import Configuration

SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKhxrOnYlR8sPKt6TUdbbC7xjEYlIo5b09BQ+WrpX7a2"
FAMILIES = families(Configuration(Path(__file__).parents[4] / "config"))
LATER = {"user_code": "N530100021", "sm2_user_id": "N530100021000000", "adm_div_code": "532300000"}
ANSWERS = (
    *("--title", '示范"新"银行: #1', "--bank-code", "320739012341", "--document", "代发接口 V1.0"),
    *("--host", "bank.example", "--ssh-key", SSH_KEY),
)


def test_there_are_families() -> None:
    forms = {"fixed-width", "delimited", "record-xml", "record-xml-form"}
    assert set(FAMILIES) == forms | {"iso20022", "signed-json", "cnaps2", "treasury-voucher"}


@pytest.mark.parametrize("family", FAMILIES)
def test_filled_in_it_passes_and_can_be_previewed(
    config: Path, bank: Callable[..., Result], bank_json: Callable[..., Any], family: str
) -> None:
    made = bank_json("new", "new-bank", "--family", family, *ANSWERS)
    for problem in made["unfilled"]:  # what no option asks for, such as a user code
        path = Path(problem["file"])
        answers = {**LATER, "user_code": "C5301000000001"} if family == "cnaps2" else LATER
        text = re.sub(rf"({problem['key']}: )FILL-IN.*", rf"\g<1>{answers[problem['key']]}", path.read_text("utf-8"))
        path.write_text(text, encoding="utf-8")
    found = bank_json("check", "new-bank")
    assert found["errors"] == []
    assert {warning["key"] for warning in found["warnings"]} == {"serves"}
    assert bank("preview", "new-bank", "--on", "2026-03-02").exit_code == 0


@pytest.mark.parametrize("family", FAMILIES)
def test_unfilled_it_is_refused_at_every_mark_and_nowhere_else(
    bank: Callable[..., Result], bank_json: Callable[..., Any], family: str
) -> None:
    made = bank_json("new", "new-bank", "--family", family)
    assert made["unfilled"]
    assert bank_json("check", "new-bank")["errors"] == made["unfilled"]
    shown = bank("check", "new-bank")
    assert shown.exit_code == 1
    assert "is not filled in yet · 尚未填写" in shown.stdout and "write: 银行名称 · the bank's name" in shown.stdout


def test_next_steps_are_told(bank: Callable[..., Result]) -> None:
    shown = bank("new", "new-bank", "--family", "delimited")
    assert shown.exit_code == 0
    for command in ("check", "preview", "certify"):
        assert f"gateway bank {command} new-bank" in shown.stdout


def test_nothing_is_overwritten_and_then_nothing_is_written(config: Path, bank: Callable[..., Result]) -> None:
    (config / "codes" / "new-bank.csv").write_text("mine", encoding="utf-8")
    shown = bank("new", "new-bank", "--family", "delimited")
    assert shown.exit_code == 2
    assert "already there" in shown.stderr and "new-bank.csv" in shown.stderr
    assert (config / "codes" / "new-bank.csv").read_text(encoding="utf-8") == "mine"
    assert not (config / "banks" / "new-bank.yaml").exists()


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("../up", "--family", "delimited"), "is no name for a bank"),
        (("Bank", "--family", "delimited"), "is no name for a bank"),
        (("new-bank@2027-01-01", "--family", "delimited"), "is no name for a bank"),
        (("new-bank", "--family", "../banks"), "there is no family ../banks; there are: "),
        (("new-bank", "--family", "delimited", "--bank-code", "320739012345"), "is no 行号"),
        (("new-bank", "--family", "delimited", "--bank-code", "32073901234２"), "is no 行号"),
        (("new-bank", "--family", "delimited", "--host", "a b"), "is no host"),
        (("new-bank", "--family", "delimited", "--ssh-key", "AAAA"), "is not an OpenSSH public key"),
    ],
)
def test_what_cannot_be_is_refused(
    config: Path, bank: Callable[..., Result], words: tuple[str, ...], answer: str
) -> None:
    shown = bank("new", *words)
    assert shown.exit_code == 2
    assert answer in shown.stderr
    assert not list((config / "banks").glob("new*"))
