"""The bank's files, laid out by hand from document.md: one line a field, its octets beside it."""

from __future__ import annotations

import pytest

REFERENCE = b"7K3M9QXWZ4T2"
MESSAGE_ID = b"7K3M9QXWZ4T2F0001"
END = (2, b"\r\n")


def laid(*fields: tuple[int, bytes]) -> bytes:
    """The fields one after the other; each must have exactly the octets that the document gives it."""
    for number, (octets, content) in enumerate(fields):
        assert len(content) == octets, (number, octets, content)
    return b"".join(content for _, content in fields)


@pytest.fixture(scope="session")
def instruction() -> bytes:
    """DF7K3M9QXWZ4T2F0001.txt: a name with a middle dot, a name with two rare characters, an organisation."""
    head = laid(
        (1, b"H"),
        (2, b"01"),
        (17, MESSAGE_ID),
        (8, b"20261123"),
        (8, b"20261125"),
        (20, b"GDLBH-2026" + b" " * 10),
        (60, b"\xb8\xfb\xb5\xd8\xb5\xd8\xc1\xa6\xb1\xa3\xbb\xa4\xb2\xb9\xcc\xf9" + b" " * 44),  # 耕地地力保护补贴
        (30, b"532300-2026-000017" + b" " * 12),
        (32, b"24039001040012345" + b" " * 15),
        (12, b"402738090017"),
        (8, b"00000003"),
        (18, b"000000001000173456"),
        END,
    )
    first = laid(
        (1, b"D"),
        (8, b"00000001"),
        (20, REFERENCE + b"00000000"),
        (1, b"1"),
        (120, b"\xb0\xa2\xd2\xc0\xb9\xc5\xc0\xf6\xa1\xa4\xc2\xf2\xc2\xf2\xcc\xe1" + b" " * 104),  # 阿依古丽·买买提
        (2, b"01"),
        (20, b"653121198803214027" + b" " * 2),
        (32, b"6217000000000000012" + b" " * 13),
        (1, b"1"),
        (12, b"402738090017"),
        (15, b"000000000123456"),
        (60, b"\xb4\xba\xb8\xfb" + b" " * 56),  # 春耕
        END,
    )
    second = laid(
        (1, b"D"),
        (8, b"00000002"),
        (20, REFERENCE + b"00000001"),
        (1, b"1"),
        (120, b"\xd5\xc5\x95\x34\xb2\x35\x81\x39\xef\x31" + b" " * 110),  # 张𠮷㐂: 2 + 4 + 4 octets
        (2, b"01"),
        (20, b"532301199001013014" + b" " * 2),
        (32, b"6217990000000000022" + b" " * 13),
        (1, b"2"),
        (12, b"403100000004"),
        (15, b"000000000050000"),
        (60, b" " * 60),
        END,
    )
    third = laid(
        (1, b"D"),
        (8, b"00000003"),
        (20, REFERENCE + b"00010000"),
        (1, b"2"),
        (
            120,  # 彝山种植农民专业合作社
            b"\xd2\xcd\xc9\xbd\xd6\xd6\xd6\xb2\xc5\xa9\xc3\xf1\xd7\xa8\xd2\xb5\xba\xcf\xd7\xf7\xc9\xe7" + b" " * 98,
        ),
        (2, b"02"),
        (20, b"91350100M000100Y43" + b" " * 2),
        (32, b"24010100040098765" + b" " * 15),
        (1, b"4"),
        (12, b"402738090017"),
        (15, b"000001000000000"),
        (60, b" " * 60),
        END,
    )
    return head + first + second + third + laid((1, b"T"), (8, b"00000003"), (18, b"000000001000173456"), END)


@pytest.fixture(scope="session")
def acknowledgement() -> bytes:
    """DA7K3M9QXWZ4T2F0001.txt: accepted."""
    return laid(
        (1, b"H"),
        (2, b"01"),
        (17, MESSAGE_ID),
        (8, b"20261123"),
        (4, b"0000"),
        (60, b"\xce\xc4\xbc\xfe\xd2\xd1\xca\xdc\xc0\xed" + b" " * 50),  # 文件已受理
        END,
    )


@pytest.fixture(scope="session")
def result() -> bytes:
    """DR7K3M9QXWZ4T2F0001_001.txt: one paid, one failed with a reason, one in process."""
    head = laid(
        (1, b"H"),
        (2, b"01"),
        (17, MESSAGE_ID),
        (1, b"R"),
        (8, b"20261124"),
        (8, b"00000003"),
        (18, b"000000001000173456"),
        END,
    )
    paid = laid(
        (1, b"D"),
        (8, b"00000001"),
        (20, REFERENCE + b"00000000"),
        (32, b"6217000000000000012" + b" " * 13),
        (15, b"000000000123456"),
        (1, b"0"),
        (4, b" " * 4),
        (60, b" " * 60),
        (24, b"B20261124000000000017" + b" " * 3),
        (8, b"20261124"),
        END,
    )
    failed = laid(
        (1, b"D"),
        (8, b"00000002"),
        (20, REFERENCE + b"00000001"),
        (32, b"6217990000000000022" + b" " * 13),
        (15, b"000000000050000"),
        (1, b"1"),
        (4, b"0037"),
        (60, b"\xbb\xa7\xc3\xfb\xb2\xbb\xb7\xfb" + b" " * 52),  # 户名不符
        (24, b" " * 24),
        (8, b" " * 8),
        END,
    )
    processing = laid(
        (1, b"D"),
        (8, b"00000003"),
        (20, REFERENCE + b"00010000"),
        (32, b"24010100040098765" + b" " * 15),
        (15, b"000001000000000"),
        (1, b"2"),
        (4, b" " * 4),
        (60, b" " * 60),
        (24, b" " * 24),
        (8, b" " * 8),
        END,
    )
    return head + paid + failed + processing + laid((1, b"T"), (8, b"00000003"), (18, b"000000001000173456"), END)


@pytest.fixture(scope="session")
def returned() -> bytes:
    """DT7K3M9QXWZ4T2F0001_R1.txt: the paid one came back, the account was closed."""
    head = laid(
        (1, b"H"),
        (2, b"01"),
        (17, MESSAGE_ID),
        (1, b"B"),
        (8, b"20261127"),
        (8, b"00000001"),
        (18, b"000000000000123456"),
        END,
    )
    back = laid(
        (1, b"D"),
        (8, b"00000001"),
        (20, REFERENCE + b"00000000"),
        (32, b"6217000000000000012" + b" " * 13),
        (15, b"000000000123456"),
        (1, b"3"),
        (4, b"0009"),
        (60, b"\xd2\xd1\xcf\xfa\xbb\xa7\xa3\xac\xcd\xcb\xbb\xd8" + b" " * 48),  # 已销户，退回
        (24, b"B20261127000000000003" + b" " * 3),
        (8, b"20261127"),
        END,
    )
    return head + back + laid((1, b"T"), (8, b"00000001"), (18, b"000000000000123456"), END)
