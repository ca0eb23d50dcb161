"""`gateway bank list`: what an operator sees of every bank."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from gateway.cli import app


def test_every_bank_with_what_is_in_force(bank_json: Callable[..., Any], edition: Callable[..., Path]) -> None:
    edition()
    city, rural = bank_json("list", "--on", "2026-03-02")["banks"]
    assert (city["bank"], city["dialect"], city["transport"], city["serves"]) == ("city-iso", "iso20022", "https", [""])
    assert (rural["name"], rural["envelope"], rural["scheme"]) == ("示范农村信用合作联社", "detached", "sm2-sm3")
    assert (rural["rows_per_file"], rural["edition"], rural["next_edition"]) == (100_000, "", "2027-01-01")
    assert rural["editions"] == ["", "2027-01-01"]


def test_a_format_that_holds_less_than_its_limit_says_so(
    bank_json: Callable[..., Any], change: Callable[[str, str, str], Path]
) -> None:
    change("banks/city-iso.yaml", "rows_per_file: 50000", "rows_per_file: 100000")
    city, _ = bank_json("list")["banks"]
    assert 50_000 < city["rows_per_file"] < 100_000


def test_after_its_day_the_edition_is_in_force(bank_json: Callable[..., Any], edition: Callable[..., Path]) -> None:
    edition()
    rural = bank_json("list", "--on", "2027-01-01")["banks"][1]
    assert (rural["edition"], rural["next_edition"]) == ("2027-01-01", None)


def test_a_bank_with_faults_is_listed_with_its_faults(
    bank: Callable[..., Result], change: Callable[[str, str, str], Path]
) -> None:
    change("banks/rural-fixed.yaml", "port: 2222", "port: x")
    shown = bank("list")
    assert shown.exit_code == 0
    assert "1 处错误 faults" in shown.stdout and "示范城市商业银行" in shown.stdout


def test_the_table_fits_a_hundred_columns(bank: Callable[..., Result], edition: Callable[..., Path]) -> None:
    edition()
    text = bank("list", "--on", "2026-03-02").stdout
    assert "rsa-pkcs1-sha256" in text and "● 首版" in text and "→ 2027-01-01" in text
    assert all(len(line) <= 100 for line in text.splitlines())


def test_a_directory_that_is_no_configuration(tmp_path: Path) -> None:
    shown = CliRunner().invoke(app, ["bank", "list", "--config", str(tmp_path / "nowhere")], catch_exceptions=False)
    assert shown.exit_code == 2 and "is no directory: give the configuration with --config DIR" in shown.stderr
