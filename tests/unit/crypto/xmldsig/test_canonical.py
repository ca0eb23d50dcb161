"""Canonical octets of parts of documents, against what the recommendation says and against whole documents."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from crypto.contract import SignatureInvalid
from crypto.xmldsig.algorithms import EXCLUSIVE, INCLUSIVE, INCLUSIVE_11
from crypto.xmldsig.canonical import canonical, digest_of

CASES = [
    # (document, the part by its path, inclusive, exclusive)
    (
        '<p:R xmlns:p="urn:p" xmlns="urn:d"><S xmlns="urn:s"><I><D><E/></D></I></S></p:R>',
        "{urn:s}S/{urn:s}I",
        '<I xmlns="urn:s" xmlns:p="urn:p"><D><E></E></D></I>',
        '<I xmlns="urn:s"><D><E></E></D></I>',
    ),
    (
        '<R xmlns="urn:d"><m xmlns=""><s a="1"><t><u/></t></s></m></R>',
        "m/s",
        '<s a="1"><t><u></u></t></s>',
        '<s a="1"><t><u></u></t></s>',
    ),
    (
        '<R xmlns="urn:d" xmlns:a="urn:a"><b xmlns:a="urn:other"><c a:x="1"><d xmlns=""><e/></d></c></b></R>',
        "{urn:d}b/{urn:d}c",
        '<c xmlns="urn:d" xmlns:a="urn:other" a:x="1"><d xmlns=""><e></e></d></c>',
        '<c xmlns="urn:d" xmlns:a="urn:other" a:x="1"><d xmlns=""><e></e></d></c>',
    ),
    (
        '<R z="1">t<s b="&#9;&#10;&#13;&quot;&lt;" a=\'2\'>&#13;\n<![CDATA[<&]]>&gt;</s>tail</R>',
        "s",
        '<s a="2" b="&#x9;&#xA;&#xD;&quot;&lt;">&#xD;\n&lt;&amp;&gt;</s>',
        '<s a="2" b="&#x9;&#xA;&#xD;&quot;&lt;">&#xD;\n&lt;&amp;&gt;</s>',
    ),
]


@pytest.mark.parametrize(("document", "path", "inclusive", "exclusive"), CASES)
def test_a_part_has_the_namespaces_of_its_surroundings(
    document: str, path: str, inclusive: str, exclusive: str
) -> None:
    part = etree.fromstring(document).find(path)
    assert part is not None
    assert canonical(part, INCLUSIVE).decode() == inclusive
    assert canonical(part, INCLUSIVE_11).decode() == inclusive
    assert canonical(part, EXCLUSIVE).decode() == exclusive


names = st.sampled_from(["a", "b", "p:a", "p:b"])
texts = st.text("ab <&>\r\n\t'\"惠\U00020000", max_size=6)


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> str:
    name = draw(names)
    spaces = draw(
        st.sampled_from(["", ' xmlns="urn:1"', ' xmlns=""', ' xmlns:p="urn:2"', ' xmlns="urn:3" xmlns:q="urn:q"'])
    )
    value = "".join(f"&#{ord(one)};" for one in draw(texts))
    inner = "".join(draw(st.lists(elements(depth - 1), max_size=2))) if depth else ""
    return f"<{name}{spaces} k='{value}'>{value}{inner}</{name}>"


@given(element=elements())
@settings(max_examples=120, deadline=None)
def test_a_part_reads_as_a_document_of_its_own_does(element: str) -> None:
    """Within a root whose namespaces are the part's own, both canonicalisations of the part are those of a document."""
    whole = etree.fromstring(f'<a xmlns="urn:0" xmlns:p="urn:p">{element}</a>')
    first = whole[0]
    declared = "" if "xmlns=" in element.partition(">")[0] else ' xmlns="urn:0"'
    declared += "" if "xmlns:p=" in element.partition(">")[0] else ' xmlns:p="urn:p"'
    name, space, rest = element.partition(" ")
    alone = etree.fromstring(f"{name}{declared}{space}{rest}")
    for method in (INCLUSIVE, EXCLUSIVE):
        assert canonical(first, method) == canonical(alone, method)


def test_what_cannot_be_canonicalised() -> None:
    with pytest.raises(SignatureInvalid, match="absolute URI"):
        canonical(etree.fromstring('<a xmlns="relative"><b/></a>'), EXCLUSIVE)
    part = etree.fromstring('<a xml:space="preserve"><b/></a>')[0]
    with pytest.raises(SignatureInvalid, match="xml: attribute"):
        canonical(part, INCLUSIVE)
    assert canonical(part, EXCLUSIVE) == b"<b></b>"


def test_digests() -> None:
    assert digest_of(b"abc", "sm3").hex().startswith("66c7f0f462eeedd9")
    assert digest_of(b"abc", "sha256").hex().startswith("ba7816bf8f01cfea")
    assert [len(digest_of(b"", name)) for name in ("sha1", "sha384", "sha512")] == [20, 48, 64]
