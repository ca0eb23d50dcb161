"""What is documented is what is served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gateway
from gateway.api.batch_intake import BatchIntake
from gateway.api.batch_reading import BatchReading
from gateway.api.catalogue import intake_operations, reading_operations
from gateway.api.clear_operations import ClearOperations
from gateway.api.docs_page import page
from gateway.api.key_operations import KeyOperations
from gateway.api.openapi import PATH_PARAMETERS, document, problem_codes
from gateway.api.operation import Operation
from gateway.api.problems import KINDS
from gateway.api.submission import ITEM_JSON_SCHEMA
from messages.batch.columns import ITEM_SCHEMA

ANY: Any = None


def operations() -> list[Operation]:
    """All operations with nothing behind them."""
    return [
        *intake_operations(BatchIntake(ANY, ANY, ANY, ANY, ANY)),
        *reading_operations(BatchReading(ANY, ANY)),
        *ClearOperations(ANY, ANY).operations(),
        *KeyOperations(ANY, ANY).operations(),
    ]


def test_every_address_is_in_the_document() -> None:
    """docs/api.md names each operation that is served."""
    text = (Path(gateway.__file__).parents[1] / "docs" / "api.md").read_text(encoding="utf-8")
    for operation in operations():
        assert f"| `{operation.method}` | `{operation.path}` |" in text


def test_every_problem_is_known_and_every_kind_used() -> None:
    """Operations name only problems of the catalogue; the catalogue has none that nothing answers with."""
    named = {code for operation in operations() for code in problem_codes(operation)}
    assert named <= KINDS.keys()
    assert KINDS.keys() - named == {"NOT_FOUND", "METHOD_NOT_ALLOWED"}  # of addresses that are none


def test_every_problem_speaks_both_languages() -> None:
    """Chinese and English, what it is and what to do."""
    for kind in KINDS.values():
        assert all((kind.zh, kind.en, kind.remedy_zh, kind.remedy_en))
        assert kind.en.isascii()


def test_the_item_of_the_specification_is_the_item() -> None:
    """The documented fields are those of the item columns, and those that may be absent are nullable."""
    assert list(ITEM_JSON_SCHEMA["properties"]) == list(ITEM_SCHEMA)
    nullable = {name for name, part in ITEM_JSON_SCHEMA["properties"].items() if "null" in str(part["type"])}
    assert nullable == ITEM_SCHEMA.keys() - set(ITEM_JSON_SCHEMA["required"])


def test_every_reference_leads_somewhere() -> None:
    """Path parameters are described, and each shape that is referred to is there and on the page."""
    described = document(operations(), "1")
    html = page(operations(), described).decode()
    for name in described["components"]["schemas"]:
        assert f'id="shape-{name}"' in html
    assert set(PATH_PARAMETERS) == {"batch_no", "item_id", "alias", "key_id", "change_id"}
    for link in {part.split('"')[0] for part in html.split('href="#')[1:]}:
        assert f'id="{link}"' in html, link
