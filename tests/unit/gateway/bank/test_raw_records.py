"""Cutting a message where its layout says, by another way than the codec: for whoever reads it, whatever it is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.bank.raw_records import raw_records, split
from gateway.bank.sample import sample_items
from messages.layout.model import Delimited


@given(
    st.lists(st.text(alphabet='a|"王·1 ', max_size=8), min_size=1, max_size=8),
    st.sampled_from(["|", "^", "|@|"]),
    st.booleans(),
)
@settings(max_examples=80)
def test_quoted_cells_are_found_again(values: list[str], delimiter: str, ends: bool) -> None:
    rules = Delimited(delimiter=delimiter, quote='"', ends_with_delimiter=ends)
    cells = ['"' + value.replace('"', '""') + '"' for value in values]
    assert split(delimiter.join(cells) + (delimiter if ends else ""), rules) == cells


@given(st.lists(st.text(alphabet="a王·1 ", max_size=8), min_size=1, max_size=8), st.booleans())
@settings(max_examples=50)
def test_plain_cells_are_found_again(values: list[str], ends: bool) -> None:
    rules = Delimited(delimiter="|", ends_with_delimiter=ends)
    assert split("|".join(values) + ("|" if ends else ""), rules) == values


@given(st.binary(max_size=400))
@settings(max_examples=60)
def test_octets_of_any_kind_are_cut_and_never_crash(profiles, content: bytes) -> None:
    for name in ("rural-fixed", "village-delimited"):
        layout = profiles[name].record_layout
        for message in layout.messages.values():
            for record in raw_records(profiles[name], message, content):
                assert len(record.fields) == len(getattr(message, record.part))


@pytest.mark.parametrize(
    "content", [b"", b"<Root", b"<Root>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><Root>&b;</Root>", b"\xff"]
)
def test_what_is_no_xml_is_missing_or_refused(profiles, content: bytes) -> None:
    profile = profiles["coop-tcp"]
    message = profile.record_layout.messages["result"]
    try:
        fields = [field for record in raw_records(profile, message, content) for field in record.fields]
    except etree.XMLSyntaxError:
        return
    assert all(field.text in ("(missing)", "") for field in fields)


def test_a_profile_without_layout_is_our_fault(profiles) -> None:
    profile = profiles["city-iso"]
    with pytest.raises(ValueError, match="has no layout"):
        list(raw_records(profile, profiles["rural-fixed"].record_layout.messages["result"], b""))
    assert sample_items(profile, 1).height == 1


def test_attributes_and_namespaces(profiles) -> None:
    layout = profiles["coop-tcp"].record_layout
    message = layout.messages["result"]
    first, *rest = message.header
    asked = message.model_copy(
        update={
            "header": (first.model_copy(update={"path": "p:Head/@code"}), rest[0].model_copy(update={"path": "@id"})),
            "detail": (),
            "rows": None,
        }
    )
    spaced = layout.model_copy(update={"namespaces": (("p", "urn:p"),)})
    profile = profiles["coop-tcp"].model_copy(update={"record_layout": spaced})
    content = b'<Root id="7" xmlns:q="urn:p"><q:Head code="A"/><Head code="B"/></Root>'
    (record,) = raw_records(profile, asked, content)
    assert [field.text for field in record.fields] == ["A", "7"]
