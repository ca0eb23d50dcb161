"""Layouts whose paths describe no document are refused, with the field that is at fault."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from messages.layout.model import Layout
from messages.layout.positions import ConfigurationRefused
from messages.layout.record_xml import RecordXmlFile
from messages.layout.vocabulary import MessageName


@pytest.mark.parametrize(
    ("old", "new", "part", "number", "why"),
    [
        ("path: Head/Hold,  ", "path: Body/Hold,  ", "header", 5, "Head a second time"),
        ("path: Head/Hold,  ", "path: Head/Id,    ", "header", 4, "Id a second time"),
        ("path: Head/Hold,  ", "path: Head/Made/A,", "header", 4, "holds a text already"),
        ("path: Head/Id,    ", "path: Head,       ", "header", 2, "holds a text already"),
        ("path: Body/Sum,       ", "path: Body,           ", "header", 7, "holds a text or other elements"),
        ("path: Body/Sum/@count", "path: Head/@count    ", "header", 6, "before everything inside"),
        ("path: Body/Sum,       ", "path: Body/Sum/@count,", "header", 7, "stands once"),
        ("path: Head/x:Day", "path: Head/y:Day", "header", 2, "prefix y is not"),
        ("path: Head/Hold,  ", "path: 'Head//H',  ", "header", 4, "not element names"),
        ("path: Head/Hold,  ", "path: Head/@a/b,  ", "header", 4, "not element names"),
        ("path: Head/Hold,  ", "path: 'Head/a b', ", "header", 4, "not element names"),
        ("path: Ref,", "path: Amt,", "detail", 8, "Amt a second time"),
        ("path: Body/Total", "path: Head/Total", "trailer", 0, "Head a second time"),
        ("path: Body/Total", "path: Body/List/Item/Total", "trailer", 0, "Item a second time"),
        ("root: Doc", "root: Doc/Inner", "root", None, "one element"),
        ("root: Doc", "root: '@Doc'", "root", None, "one element"),
        ("rows: Body/List/Item", "rows: Body/List/@item", "rows", None, "path of an element"),
        ("rows: Body/List/Item", "rows: Body/Sum", "rows", None, "stands in the row element"),
        ("rows: Body/List/Item", "rows: Head/List", "rows", None, "Head a second time"),
    ],
)
def test_paths_that_make_no_document(
    layout: Callable[..., Layout], old: str, new: str, part: str, number: int | None, why: str
) -> None:
    with pytest.raises(ConfigurationRefused) as fault:
        layout((old, new))
    place = part if number is None else f"{part}[{number}].path"
    found = [problem for problem in fault.value.problems if problem.key == f"messages.instruction.{place}"]
    assert found and why in found[0].what


def test_a_reserved_line_without_a_path_stands_nowhere(layout: Callable[..., Layout]) -> None:
    file = RecordXmlFile(layout(("path: Head/Hold,", "")), MessageName.INSTRUCTION, "gbk", once=True)
    assert file.most_rows(10_000) > 0


def test_rows_may_stand_right_in_the_root(layout: Callable[..., Layout]) -> None:
    changes = ("rows: Body/List/Item", "rows: Item"), ("path: Body/Total", "path: Total")
    file = RecordXmlFile(layout(*changes), MessageName.INSTRUCTION, "utf-8", once=True)
    assert file.most_rows(10_000) > 0
