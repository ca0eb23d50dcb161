"""`gateway bank check`: every fault with its place, line and remedy, every doubt beside them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

SHIPPED = Path(__file__).parents[4] / "config"
Change = Callable[[str, str, str], Path]


def test_what_is_sound_passes(bank: Callable[..., Result], bank_json: Callable[..., Any]) -> None:
    assert bank("check").exit_code == 0
    found = bank_json("check", "rural-fixed")
    assert (found["ok"], found["errors"], found["warnings"]) == (True, [], [])
    assert [Path(file).name for file in found["files"]] == ["rural-fixed.yaml", "rural-fixed.csv", "rural-fixed.yaml"]


def test_all_faults_of_three_files_at_once(
    bank: Callable[..., Result], bank_json: Callable[..., Any], change: Change
) -> None:
    change("banks/rural-fixed.yaml", "port: 2222", "prot: 2222")
    change("layouts/rural-fixed.yaml", "octets: 17,  name: message_id", "octets: 17,  name: version")
    change("codes/rural-fixed.csv", "0,,PAID", "0,,PIAD")
    found = bank_json("check", "rural-fixed")
    assert not found["ok"]
    places = {(Path(e["file"]).parent.name, e["line"], e["key"].split("[")[0]) for e in found["errors"]}
    assert {("banks", 24, "transport.prot"), ("layouts", 17, "messages.instruction.header")} <= places
    assert ("codes", 10, "outcome") in places
    text = bank("check", "rural-fixed")
    assert text.exit_code == 1
    assert "错误 errors (" in text.stdout and "banks/rural-fixed.yaml:24:3" in text.stdout
    assert "24 │   prot: 2222" in text.stdout and "→ remove it, or correct its spelling" in text.stdout


def test_one_bank_is_not_held_up_by_another(bank: Callable[..., Result], change: Change) -> None:
    change("banks/city-iso.yaml", "kind: https", "kind: http")
    assert bank("check", "rural-fixed").exit_code == 0
    assert bank("check", "city-iso").exit_code == 1
    assert bank("check").exit_code == 1


def test_banks_are_compared_with_each_other(bank_json: Callable[..., Any], change: Change) -> None:
    change("banks/city-iso.yaml", '[""]', '["", 402]')
    (error,) = bank_json("check", "rural-fixed")["errors"]
    assert error["what"] == "'402' is claimed by city-iso too"


@pytest.mark.parametrize(
    ("file", "fine"),
    [("layouts/rural-fixed.yaml", True), ("codes/rural-fixed.csv", True), ("banks/rural-fixed.yaml", True)],
)
def test_a_file_alone(config: Path, bank: Callable[..., Result], file: str, fine: bool) -> None:
    path = config / file
    assert bank("check", str(path)).exit_code == 0
    path.write_text(path.read_text(encoding="utf-8").replace("HK_MACAO", "HK", 1).replace(",PAID", ",P", 1) + "?\n")
    assert bank("check", str(path)).exit_code == 1


def test_a_profile_elsewhere_finds_what_stands_beside_it(
    config: Path, bank: Callable[..., Result], tmp_path: Path
) -> None:
    other = tmp_path / "other"
    for part in ("banks", "layouts", "codes"):
        (config / part).rename(other / part) if other.exists() else (
            other.mkdir(),
            (config / part).rename(other / part),
        )
    (config / "banks").mkdir()
    assert bank("check", str(other / "banks" / "rural-fixed.yaml")).exit_code == 0


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ("rural-fixd", "did you mean rural-fixed?"),
        ("zzz", "there are: city-iso, rural-fixed"),
        ("no/such.yaml", "there is no file no/such.yaml"),
        ("rural-fixed@2030-01-01", "has no edition 2030-01-01; it has: (first)"),
    ],
)
def test_what_is_not_there(bank: Callable[..., Result], word: str, answer: str) -> None:
    shown = bank("check", word)
    assert shown.exit_code == 2
    assert answer in shown.stderr


def warnings(bank_json: Callable[..., Any], name: str) -> list[str]:
    found = bank_json("check", name)
    assert found["ok"]
    return [warning["what"] for warning in found["warnings"]]


def test_more_rows_than_the_format_holds(bank_json: Callable[..., Any], change: Change) -> None:
    change("banks/rural-fixed.yaml", "bytes_per_file: 100000000", "bytes_per_file: 1000000")
    (what,) = warnings(bank_json, "rural-fixed")
    assert what == "100000 rows are more than a file can hold: it holds 3400"


def test_statuses_of_the_standard_that_are_not_mapped(
    config: Path, bank_json: Callable[..., Any], change: Change
) -> None:
    change("banks/city-iso.yaml", "rows_per_file: 50000", "rows_per_file: 1000")
    path = config / "codes" / "city-iso.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    dropped = ("file:PART,", "PDNG,", "file:NOT_FOUND")
    path.write_text("".join(line for line in lines if not line.startswith(dropped)), encoding="utf-8")
    found = warnings(bank_json, "city-iso")
    assert "file status PART of the standard is not mapped: UNKNOWN" in found
    assert "status PDNG of the standard is not mapped: UNKNOWN" in found
    assert any("never received an instruction" in what for what in found)


@pytest.mark.parametrize(
    ("start", "what"),
    [
        ("0,", "no status means that an item was paid: it would be UNKNOWN"),
        ("3,", "no status means that an item came back: it would be UNKNOWN"),
        ("file:0000", "no file status means that a file was taken: every acknowledgement is UNKNOWN"),
        ("1,,", "status 1 is mapped with reasons only: without one it is OTHER and raises an alert"),
    ],
)
def test_a_table_with_a_gap(config: Path, bank_json: Callable[..., Any], start: str, what: str) -> None:
    path = config / "codes" / "rural-fixed.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith(start)), encoding="utf-8")
    assert warnings(bank_json, "rural-fixed") == [what]


def test_a_bank_that_nothing_is_sent_to(bank: Callable[..., Result], change: Change) -> None:
    change("banks/rural-fixed.yaml", "[402, 314, 403]", "[]")
    shown = bank("check", "rural-fixed")
    assert shown.exit_code == 0
    assert "提示 warnings (1)" in shown.stdout and "no prefunded item will be sent to this bank" in shown.stdout


def test_parts_that_do_not_go_together_show_when_a_message_is_made(
    config: Path, bank_json: Callable[..., Any], change: Change
) -> None:
    shutil.copy(SHIPPED / "banks" / "coop-tcp.yaml", config / "banks")
    assert bank_json("check", "coop-tcp")["ok"]
    change("banks/coop-tcp.yaml", "envelope: xml-element", "envelope: form")
    lines = (config / "banks" / "coop-tcp.yaml").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = "".join(line for line in lines if "signature_element" not in line)
    (config / "banks" / "coop-tcp.yaml").write_text(kept, encoding="utf-8")
    (error,) = bank_json("check", "coop-tcp")["errors"]
    assert "is missing: envelope form needs it" in error["what"]


def test_hostile_files_are_faults_and_never_crashes(config: Path, bank: Callable[..., Result]) -> None:
    (config / "banks" / "one.yaml").write_bytes(b"\xff\xfe\x00bank")
    (config / "banks" / "two.yaml").write_bytes(b"bank: [" * 5000)
    (config / "banks" / "three.yaml").write_bytes(b"- 1\n- 2\n")
    (config / "codes" / "rural-fixed.csv").write_bytes(b"\x00\xff\n")
    shown = bank("check")
    assert shown.exit_code == 1
    assert all(f"banks/{name}.yaml" in shown.stdout for name in ("one", "two", "three"))
    assert "codes/rural-fixed.csv" in shown.stdout
