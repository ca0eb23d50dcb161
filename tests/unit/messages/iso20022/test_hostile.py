"""Messages made to hurt: each is refused, in bounded time and memory, with a line."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from messages.iso20022.pain001_read import read_instruction
from messages.iso20022.pain002 import parse_status_report
from messages.iso20022.schema import PAIN_002, namespace
from messages.iso20022.unreadable import Unreadable

NS = namespace(PAIN_002)
OPEN = (
    f'<Document xmlns="{NS}"><CstmrPmtStsRpt><GrpHdr><MsgId>R1</MsgId></GrpHdr><OrgnlGrpInfAndSts>'
    "<OrgnlMsgId>M1</OrgnlMsgId>"
    "<OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId></OrgnlGrpInfAndSts><OrgnlPmtInfAndSts>\n<OrgnlPmtInfId>M1</OrgnlPmtInfId>\n"
)
RECORD = "<TxInfAndSts><OrgnlEndToEndId>REF{}</OrgnlEndToEndId><TxSts>ACSC</TxSts></TxInfAndSts>\n"
CLOSE = "</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>\n"
SOUND = (OPEN + "".join(RECORD.format(number) for number in range(50)) + CLOSE).encode()
BOMB = '<!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>'
EXTERNAL = '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


def parse(data: bytes | Iterable[bytes], bulk_from: int = 0, most: int = 10**8):
    return parse_status_report([data] if isinstance(data, bytes) else data, max_bytes=most, bulk_from_bytes=bulk_from)


def refused(data: bytes | Iterable[bytes], bulk_from: int = 0, most: int = 10**8) -> Unreadable:
    with pytest.raises(Unreadable) as refusal:
        parse(data, bulk_from, most)
    return refusal.value


def test_the_sound_one_is_read():
    for bulk_from in (0, 10**9):
        assert sum(block.height for block in parse(SOUND, bulk_from).blocks) == 50


@pytest.mark.parametrize("doctype", [BOMB, EXTERNAL, "<!DOCTYPE x>", "<!doctype x>", "<!DocType x>", "<!ENTITY x 'y'>"])
@pytest.mark.parametrize("size", [1, 7, 10**6])
def test_document_types_are_refused_unread(doctype, size):
    data = doctype.encode() + b"\n" + SOUND
    refusal = refused(data[at : at + size] for at in range(0, len(data), size))
    assert "document type" in refusal.what and refusal.line == 1


def test_a_document_type_far_inside_is_refused_with_its_line():
    data = SOUND.replace(b"<TxInfAndSts><OrgnlEndToEndId>REF7<", b"<!DOCTYPE x><TxInfAndSts><OrgnlEndToEndId>REF7<")
    assert refused(data).line == 10
    assert refused(SOUND.replace(b"REF7", b"<![CDATA[<!DOCTYPE x>]]>")).line == 10


def test_the_other_reader_refuses_them_too():
    for doctype in (BOMB, EXTERNAL):
        with pytest.raises(Unreadable, match="document type"):
            read_instruction([doctype.encode() + SOUND], max_bytes=10**6)
    with pytest.raises(Unreadable):
        read_instruction([SOUND], max_bytes=10**6, validate=False)


@pytest.mark.parametrize(
    "codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "utf-7", "cp037", "gb18030"]
)
def test_other_encodings_are_refused(codec):
    text = f'<?xml version="1.0"?><!DOCTYPE x><!-- 汉 -->{SOUND.decode()}'
    data = text.replace("汉", "x").encode(codec) if codec == "cp037" else text.encode(codec)
    assert refused(data)


@pytest.mark.parametrize("name", ["UTF-16", "GB18030", "utf-7", "ISO-8859-1"])
def test_a_declared_other_encoding_is_refused(name):
    refusal = refused(f"<?xml version='1.0' encoding='{name}'?>".encode() + SOUND)
    assert "encoding" in refusal.what and refusal.line == 1


def test_utf8_may_be_declared_and_marked():
    for start in (b"\xef\xbb\xbf", b"\xef\xbb\xbf<?xml version='1.0' encoding='Utf-8'?>", b'<?xml version="1.0"?>\n'):
        assert sum(block.height for block in parse(start + SOUND).blocks) == 50


@pytest.mark.parametrize("bulk_from", [0, 10**9])
@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (b"\x00", "XML 1.0"),
        (b"\x1b", "XML 1.0"),
        ("\uffff".encode(), "XML 1.0"),
        (b"\xff", "UTF-8"),
        (b"\xc0\xaf", "UTF-8"),
        (b"\xed\xa0\x80", "UTF-8"),
        (b"\xc9\xf3", "UTF-8"),
        (b"&#0;", "well-formed"),
        (b"&nbsp;", "well-formed"),
        (b"&", "well-formed"),
        (b"]]>", "well-formed"),
        (b"<", "well-formed"),
        (b"<p:x/>", "well-formed"),
    ],
)
def test_a_bad_character_is_refused_with_its_line(bulk_from, bad, words):
    refusal = refused(SOUND.replace(b"REF30<", b"REF" + bad + b"<"), bulk_from)
    assert words in refusal.what and refusal.line == 33


@pytest.mark.parametrize("bulk_from", [0, 10**9])
def test_cut_short_anywhere(bulk_from):
    for end in [*range(0, len(SOUND) - 2, 97), len(SOUND) - 2]:
        assert refused(SOUND[:end], bulk_from).line is not None


@pytest.mark.parametrize("bulk_from", [0, 10**9])
@pytest.mark.parametrize("junk", [b"x", b"<a/>", b"</Document>", SOUND, b"\x00", b"<?xml version='1.0'?>"])
def test_anything_after_the_end(bulk_from, junk):
    assert refused(SOUND + junk, bulk_from).line is not None


@pytest.mark.parametrize("bulk_from", [0, 10**9])
@pytest.mark.parametrize("depth", [65, 300, 200_000])
def test_deep_nesting(bulk_from, depth):
    deep = b"<SplmtryData>" + b"<a>" * depth + b"</a>" * depth + b"</SplmtryData></TxInfAndSts>"
    assert refused(SOUND.replace(b"</TxInfAndSts>", deep, 1), bulk_from).line
    assert refused(b"<a>" * depth).line == 1


@pytest.mark.parametrize("bulk_from", [0, 10**9])
def test_a_flood_of_elements(bulk_from):
    flood = b"<SplmtryData>" + b"<a/>" * 20_000 + b"</SplmtryData></TxInfAndSts>"
    assert "elements" in refused(SOUND.replace(b"</TxInfAndSts>", flood, 1), bulk_from).what
    everywhere = SOUND.replace(b"</TxInfAndSts>", flood.replace(b"<a/>" * 19_000, b""))
    assert sum(block.height for block in parse(everywhere, bulk_from).blocks) == 50


def test_a_record_inside_a_record_is_no_record():
    inner = RECORD.format("X")
    extra = f"<SplmtryData><Envlp>{inner}</Envlp></SplmtryData>"
    outer = f"<TxInfAndSts><OrgnlEndToEndId>Y</OrgnlEndToEndId>{extra}</TxInfAndSts>"
    data = SOUND.replace(b"<TxInfAndSts>", outer.encode() + b"<TxInfAndSts>", 1)
    for bulk_from in (0, 10**9):
        references = [row for block in parse(data, bulk_from).blocks for row in block["reference"]]
        assert references == ["Y", *(f"REF{number}" for number in range(50))]


def test_records_hidden_inside_a_record_that_looks_like_two():
    lines = [RECORD.format(number) for number in range(20)]
    lines[5] = "<TxInfAndSts><OrgnlEndToEndId>Y</OrgnlEndToEndId><SplmtryData>" + lines[5].replace("ACSC", "A&#67;SC")
    lines[9] = "</SplmtryData></TxInfAndSts >" + lines[9].replace("ACSC", "A&#67;SC")
    wanted = [*(f"REF{number}" for number in range(5)), "Y", *(f"REF{number}" for number in range(9, 20))]
    for bulk_from in (0, 10**9):
        report = parse((OPEN + "".join(lines) + CLOSE).encode(), bulk_from)
        assert [row for block in report.blocks for row in block["reference"]] == wanted


@pytest.mark.parametrize("bulk_from", [0, 10**9])
@pytest.mark.parametrize("filler", [b"x", b"x>", b"<b/>", b"<!-- c -->", b"&#65;"])
def test_a_text_of_ten_megabytes(bulk_from, filler):
    long = filler * (10_000_000 // len(filler))
    data = SOUND.replace(b"REF7<", long + b"<")
    assert refused((data[at : at + 65_536] for at in range(0, len(data), 65_536)), bulk_from)


def test_an_endless_message_is_stopped_at_its_limit():
    def endless():
        yield OPEN.encode()
        while True:
            yield RECORD.format(1).encode() * 100

    assert "larger than" in refused(endless(), most=200_000).what
    assert "larger than" in refused(SOUND, most=len(SOUND) - 1).what
    assert parse(SOUND, most=len(SOUND))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"pain.002.001.11", b"pain.002.001.10"),
        (b'xmlns="', b'xmlns:q="'),
        (b"<Document", b"<q:Document xmlns:q='urn:x'"),
        (b"CstmrPmtStsRpt", b"CstmrPmtStsRptX"),
        (b"<GrpHdr>", b"<Extra/><GrpHdr>"),
        (b"<OrgnlPmtInfAndSts>", b'<OrgnlPmtInfAndSts xmlns="urn:other">'),
        (b"<GrpHdr>", b"<GrpHdr><MsgId>R2</MsgId>"),
    ],
)
def test_another_document_is_not_a_report(old, new):
    assert refused(SOUND.replace(old, new))


def test_a_foreign_namespace_on_records_is_refused():
    data = SOUND.replace(b"<TxInfAndSts>", b'<TxInfAndSts xmlns="urn:other">')
    for bulk_from in (0, 10**9):
        assert refused(data, bulk_from)


def test_nothing_at_all():
    for data in (b"", b"   \n ", b"\xef\xbb\xbf"):
        assert refused(data).line is not None


def test_many_shapes_are_slower_not_wrong():
    rows = [
        RECORD.format(number).replace("</TxSts>", "</TxSts>" + "<SplmtryData><a/></SplmtryData>" * (number % 40))
        for number in range(400)
    ]
    data = (OPEN + "".join(rows) + CLOSE).encode()
    assert [row for block in parse(data).blocks for row in block["reference"]] == [
        f"REF{number}" for number in range(400)
    ]
