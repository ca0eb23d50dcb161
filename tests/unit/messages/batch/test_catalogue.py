"""The catalogue and the document speak of the same fields and codes as the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import messages.batch
from messages.batch.codes import Code, Severity
from messages.batch.columns import ITEM_SCHEMA, AccountKind, IdType, PayeeKind
from messages.batch.delimited_header import COLUMN_NAMES, OPTIONAL
from messages.batch.delimited_values import LABELS
from messages.batch.header import BatchHeader, FundingAccount, FundingAccountKind, FundingModel, PayingAccount
from messages.batch.header_problems import HEADER_CODES
from messages.batch.item_rules import REQUIRED
from messages.batch.rejections import CATALOGUE
from messages.batch.unreadable import ContentCode

PACKAGE = Path(messages.batch.__file__).parent
DOCUMENT = (PACKAGE.parents[1] / "docs" / "canonical-batch.md").read_text(encoding="utf-8")


def row_of(name: str) -> str:
    """The one table row that begins with ``name``."""
    rows = [line for line in DOCUMENT.splitlines() if line.startswith(f"| `{name}` |")]
    assert rows, f"docs/canonical-batch.md has no row for {name}"
    return "\n".join(rows)


@pytest.mark.parametrize("code", list(Code))
def test_every_code_is_catalogued_used_and_documented(code: Code) -> None:
    entry = CATALOGUE[code]
    assert entry.code is code
    assert entry.field in {"line", "*", *ITEM_SCHEMA}
    assert re.search(r"[\u4e00-\u9fff]", entry.zh)
    assert entry.en.isascii()
    row = row_of(code)
    for text in (entry.field, entry.severity, entry.zh, entry.en):
        assert text in row


def test_the_catalogue_has_no_other_codes() -> None:
    assert list(CATALOGUE) == [str(code) for code in Code]
    assert {entry.severity for entry in CATALOGUE.values()} == set(Severity)


def test_every_code_of_reading_and_checking_is_used_outside_the_catalogue() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in PACKAGE.glob("*.py")}
    code = "".join(text for name, text in texts.items() if not name.endswith("rejections.py") and name != "codes.py")
    dispatch = {Code.NO_ROUTE, Code.NOT_CARRIED, Code.ABOVE_BANK_LIMIT}  # found where banks are known
    assert {c for c in Code if f"Code.{c.name}" not in code} == dispatch


def test_every_header_field_is_documented() -> None:
    for prefix, model in (
        ("", BatchHeader),
        ("funding_account.", FundingAccount),
        ("paying_account.", PayingAccount),
    ):
        for name, field in model.model_fields.items():
            row = row_of(prefix + name)
            assert field.title is not None
            assert field.title in row
            assert (field.description or "").rpartition("Source: ")[2] in row
            assert field.examples is None or str(field.examples[0]).strip("'").lower() in row.lower()


@pytest.mark.parametrize("name", ITEM_SCHEMA)
def test_every_item_field_is_documented(name: str) -> None:
    row = row_of(name)
    assert re.search(r"00[0-2] [一二三四五]", row)
    assert ("| yes |" in row) is (name in REQUIRED)
    assert (name in REQUIRED) is (name not in OPTIONAL)
    assert COLUMN_NAMES[name][0] in DOCUMENT


def test_every_value_label_and_column_name_is_documented() -> None:
    for codes in (PayeeKind, IdType, AccountKind, FundingModel, FundingAccountKind):
        for code in codes:
            assert f"`{code}`" in DOCUMENT
    for text in (*(label for labels in LABELS.values() for label in labels), *sum(COLUMN_NAMES.values(), ())):
        assert text in DOCUMENT


@pytest.mark.parametrize("code", [*ContentCode, *HEADER_CODES])
def test_other_codes_are_documented(code: str) -> None:
    row_of(code)
