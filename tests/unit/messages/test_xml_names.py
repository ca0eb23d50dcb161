"""Names in the XML of others: read whatever they are, repeated only where they cannot be somebody's."""

from __future__ import annotations

import pytest
from lxml import etree

from messages.xml_names import local_name, namespace_of, shown_name


def element(text: str) -> etree._Element:
    return etree.fromstring(text, etree.XMLParser(recover=True))


@pytest.mark.parametrize(
    ("text", "name", "space"),
    [
        ("<Row/>", "Row", ""),
        ('<Row xmlns="urn:x"/>', "Row", "urn:x"),
        ('<p:Row xmlns:p="urn:x"/>', "Row", "urn:x"),
        ("<s:Row/>", "s:Row", ""),  # a prefix that nobody declared
        ("<:Row/>", ":Row", ""),
    ],
)
def test_a_tag_is_taken_apart_whatever_it_is(text: str, name: str, space: str) -> None:
    one = element(text)
    assert (local_name(one), namespace_of(one)) == (name, space)


@pytest.mark.parametrize("name", ["Row", "NbOfTxsPerSts", "OrgnlMsgId", "a.b-c_1", "BEPS382"])
def test_a_name_of_a_document_is_shown(name: str) -> None:
    assert shown_name(element(f"<{name}/>")) == name


@pytest.mark.parametrize("name", ["赵铁柱隐私", "A6299980000000000019", "s:Row", "a" * 41])
def test_what_could_be_somebodys_is_not(name: str) -> None:
    assert shown_name(element(f"<{name}/>")) is None
