"""What a bank's codes mean, and that nothing unknown is ever taken for success or failure."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from adapters.code_rows import CodeRow, read_code_rows
from adapters.code_table import DECODED_SCHEMA, CodeTable
from messages.layout.positions import ConfigurationRefused
from messages.outcome import Outcome, Reason, Remedy

CODES = Path(__file__).parents[3] / "config" / "codes"
HEADER = ",".join(CodeRow.model_fields)


@pytest.fixture(scope="module")
def rural() -> CodeTable:
    return CodeTable.read(CODES / "rural-fixed.csv")


@pytest.fixture(scope="module")
def city() -> CodeTable:
    return CodeTable.read(CODES / "city-iso.csv")


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        ("0", None, ("PAID", None, None, True)),
        ("0", "0000", ("PAID", None, None, True)),
        ("1", "0004", ("FAILED", "ACCT_NOT_FOUND", "CORRECT_AND_REISSUE", True)),
        (" 1 ", " 0005 ", ("FAILED", "FUNDS", "BANK_RETRIES", True)),
        ("1", "9999", ("FAILED", "OTHER", "CORRECT_AND_REISSUE", False)),
        ("1", None, ("FAILED", "OTHER", "CORRECT_AND_REISSUE", True)),
        ("2", None, ("ACCEPTED", None, None, True)),
        ("3", None, ("RETURNED", "RETURNED", "CORRECT_AND_REISSUE", True)),
        ("3", "0009", ("RETURNED", "ACCT_CLOSED", "CORRECT_AND_REISSUE", True)),
        ("4", None, ("UNKNOWN", None, None, False)),
        ("4", "0004", ("UNKNOWN", None, None, False)),
        ("", None, ("UNKNOWN", None, None, False)),
        (None, None, ("UNKNOWN", None, None, False)),
        ("*", None, ("UNKNOWN", None, None, False)),
        ("file:0000", None, ("UNKNOWN", None, None, False)),
    ],
)
def test_items(rural: CodeTable, status: str | None, reason: str | None, expected: tuple[object, ...]) -> None:
    rows = pl.DataFrame(
        {"status_raw": [status], "reason_raw": [reason], "n": [7]},
        schema_overrides={"status_raw": pl.String, "reason_raw": pl.String},
    )
    decoded = rural.apply(rows)
    assert decoded.row(0)[3:] == expected
    assert dict(decoded.select(list(DECODED_SCHEMA)).schema) == DECODED_SCHEMA


def test_order_and_number_of_rows_are_kept(city: CodeTable) -> None:
    rows = pl.DataFrame(
        {
            "status_raw": ["RJCT", "ACSC", "RJCT", None, "RJCT", "ACSC"],
            "reason_raw": ["RTRN", None, "AC03", None, "ZZ99", None],
            "row": range(6),
        }
    )
    decoded = city.apply(rows)
    assert decoded["row"].to_list() == list(range(6))
    assert decoded["outcome"].to_list() == ["RETURNED", "PAID", "FAILED", "UNKNOWN", "FAILED", "PAID"]
    assert decoded["mapped"].to_list() == [True, True, True, False, False, True]
    assert city.apply(rows.clear()).height == 0


def test_files_of_the_rural_bank(rural: CodeTable) -> None:
    assert rural.file_status("0000") is Outcome.ACCEPTED
    assert rural.file_status("9002") is Outcome.FAILED
    assert rural.reason("9002", None) is Reason.SIGNATURE
    assert rural.reason("9005", None) is Reason.DUPLICATE
    assert rural.file_status("7777") is Outcome.FAILED  # the document: anything but 0000 is a refusal
    assert (rural.reason("7777", None), rural.remedy("7777", None)) == (Reason.OTHER, Remedy.CORRECT_AND_REISSUE)
    assert rural.reason("0000", None) is None


def test_files_of_the_city_bank(city: CodeTable) -> None:
    assert city.file_status("ACSC") is Outcome.ACCEPTED  # a whole file is never paid at once: the details say
    assert city.file_status("NOT_FOUND") is Outcome.ABSENT
    assert city.file_status("WHAT") is Outcome.UNKNOWN
    assert city.reason("WHAT", None) is None
    assert city.reason("RJCT", "DUPL") is Reason.DUPLICATE
    assert city.reason("RJCT", None) is Reason.OTHER


@pytest.mark.parametrize("name", ["rural-fixed", "city-iso"])
def test_no_file_status_pays_and_every_failure_says_what_to_do(name: str) -> None:
    for row in read_code_rows(CODES / f"{name}.csv"):
        if row.status_raw.startswith("file:"):
            assert row.outcome in {Outcome.ACCEPTED, Outcome.FAILED, Outcome.ABSENT, Outcome.UNKNOWN}
        if row.outcome in {Outcome.FAILED, Outcome.RETURNED}:
            assert row.reason is not None
            assert row.remedy is not None


def test_without_a_general_row_the_status_is_known_from_its_reasons(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{HEADER}\nN,1,FAILED,FUNDS,BANK_RETRIES,a,b,c\nM,1,FAILED,FUNDS,FINAL,a,b,c\nM,2,PAID,,,a,b,c\n")
    table = CodeTable.read(path)
    assert table.decode("N", "2").outcome is Outcome.FAILED
    assert table.decode("N", "2").reason is Reason.OTHER
    assert not table.decode("N", "2").mapped
    assert table.decode("M", "3").outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("1,,FAIL,OTHER,FINAL,a,b,c", "a.csv:2:4: outcome: Input should be"),
        ("1,,FAILED,WHY,FINAL,a,b,c", "a.csv:2:11: reason: Input should be"),
        ("1,,FAILED,,FINAL,a,b,c", "outcome FAILED needs a reason and a remedy"),
        ("1,,PAID,FUNDS,,a,b,c", "outcome PAID has neither reason nor remedy"),
        (",,PAID,,,a,b,c", "a.csv:2:1: status_raw: String should have at least 1 character"),
        ("1,,PAID,,,a,b,", "source: String should have at least 1 character"),
        ("1,,PAID,,,a,b", "a.csv:2:1: (line): has 7 columns, not 8; quote a text that holds a comma"),
        ("1,,PAID,,,a,b,c\n1,,FAILED,OTHER,FINAL,a,b,c", "a.csv:3:1: 1/: stands in line 2 already"),
        ("*,,FAILED,OTHER,FINAL,a,b,c", "it stays UNKNOWN"),
        ("file:*,,ACCEPTED,,,a,b,c", "can only mean that the file was refused"),
        ('"1,,PAID,,,a,b,c', "is not CSV"),
        ("", "has no codes"),
    ],
)
def test_a_faulty_table_is_refused(tmp_path: Path, line: str, complaint: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{HEADER}\n{line}\n" if line else f"{HEADER}\n", encoding="utf-8")
    with pytest.raises(ConfigurationRefused) as refused:
        CodeTable.read(path)
    assert complaint in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"status,reason\n", b"\xff\xfe\x00", b"x" * 1_000_001])
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(ConfigurationRefused):
        CodeTable.read(path)
    with pytest.raises(ConfigurationRefused):
        CodeTable.read(tmp_path / "none.csv")
