"""The bank's files, laid out by hand from document.md: one line a field, its most octets beside it."""

from __future__ import annotations

import pytest

REFERENCE = b"7K3M9QXWZ4T2"
BATCH = b"7K3M9QXWZ4T2F0001"


def line(*fields: tuple[int, bytes]) -> bytes:
    """The fields with a bar between them; none has more octets than the document gives it."""
    for number, (octets, content) in enumerate(fields):
        assert len(content) <= octets, (number, octets, content)
    return b"|".join(content for _, content in fields) + b"\r\n"


@pytest.fixture(scope="session")
def instruction() -> bytes:
    """DF7K3M9QXWZ4T2F0001.txt: a middle dot; a rare character and one whose second octet is a bar; an organisation."""
    head = line(
        (2, b"DF"),
        (17, BATCH),
        (8, b"20261125"),
        (7, b"5323001"),
        (32, b"24039001040012345"),
        (60, b"\xb8\xfb\xb5\xd8\xb5\xd8\xc1\xa6\xb1\xa3\xbb\xa4\xb2\xb9\xcc\xf9"),  # 耕地地力保护补贴
        (8, b"3"),
        (18, b"10001734.56"),
    )
    first = line(
        (8, b"00000001"),
        (60, b"\xb0\xa2\xd2\xc0\xb9\xc5\xc0\xf6\xa1\xa4\xc2\xf2\xc2\xf2\xcc\xe1"),  # 阿依古丽·买买提
        (16, b"1234.56"),
        (32, b"6217000000000000012"),
        (7, b"5323001"),
        (1, b"1"),
        (20, b"653121198803214027"),
        (1, b"1"),
        (20, REFERENCE + b"00000000"),
    )
    second = line(
        (8, b"00000002"),
        (60, b"\xd5\xc5\x95\x34\xb2\x35\x9c\x7c"),  # 张𠮷渱: 2 + 4 + 2 octets, the last of them that of a bar
        (16, b"500.00"),
        (32, b"6217990000000000022"),
        (7, b"5323001"),
        (1, b"1"),
        (20, b"532301199001013014"),
        (1, b"1"),
        (20, REFERENCE + b"00000001"),
    )
    third = line(
        (8, b"00000003"),
        (
            60,
            b"\xd2\xcd\xc9\xbd\xd6\xd6\xd6\xb2\xc5\xa9\xc3\xf1\xd7\xa8\xd2\xb5\xba\xcf\xd7\xf7\xc9\xe7",
        ),  # 彝山种植农民专业合作社
        (16, b"10000000.00"),
        (32, b"24010100040098765"),
        (7, b"5323001"),
        (1, b"8"),
        (20, b"91350100M000100Y43"),
        (1, b"1"),
        (20, REFERENCE + b"00010000"),
    )
    return head + first + second + third


@pytest.fixture(scope="session")
def acknowledgement() -> bytes:
    """DA7K3M9QXWZ4T2F0001.txt: accepted."""
    return line(
        (2, b"DA"),
        (17, BATCH),
        (8, b"20261125"),
        (6, b"090307"),
        (4, b"0000"),
        (60, b"\xce\xc4\xbc\xfe\xd2\xd1\xca\xdc\xc0\xed"),  # 文件已受理
    )


@pytest.fixture(scope="session")
def succeeded() -> bytes:
    """DR7K3M9QXWZ4T2F0001_S.txt: one paid, one in process."""
    head = line((2, b"DR"), (17, BATCH), (8, b"20261125"), (7, b"5323001"), (8, b"2"), (18, b"10001234.56"))
    paid = line(
        (20, REFERENCE + b"00000000"),
        (32, b"6217000000000000012"),
        (16, b"1234.56"),
        (1, b"0"),
        (40, b""),
        (24, b"V20261125000000000017"),
        (8, b"20261125"),
    )
    processing = line(
        (20, REFERENCE + b"00010000"),
        (32, b"24010100040098765"),
        (16, b"10000000.00"),
        (1, b"2"),
        (40, b""),
        (24, b""),
        (8, b""),
    )
    return head + paid + processing


@pytest.fixture(scope="session")
def failed() -> bytes:
    """DR7K3M9QXWZ4T2F0001_F.txt: one failed, with the bank's words."""
    head = line((2, b"DR"), (17, BATCH), (8, b"20261125"), (7, b"5323001"), (8, b"1"), (18, b"500.00"))
    item = line(
        (20, REFERENCE + b"00000001"),
        (32, b"6217990000000000022"),
        (16, b"500.00"),
        (1, b"1"),
        (40, b"\xbb\xa7\xc3\xfb\xb2\xbb\xb7\xfb"),  # 户名不符
        (24, b""),
        (8, b""),
    )
    return head + item


@pytest.fixture(scope="session")
def returned() -> bytes:
    """DT7K3M9QXWZ4T2F0001_1.txt: the paid one came back, the account was closed."""
    head = line((2, b"DT"), (17, BATCH), (8, b"20261127"), (7, b"5323001"), (8, b"1"), (18, b"1234.56"))
    back = line(
        (20, REFERENCE + b"00000000"),
        (32, b"6217000000000000012"),
        (16, b"1234.56"),
        (1, b"3"),
        (40, b"\xd2\xd1\xcf\xfa\xbb\xa7"),  # 已销户
        (24, b"V20261127000000000003"),
        (8, b"20261127"),
    )
    return head + back
