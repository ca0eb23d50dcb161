"""Names, mobiles, texts, amounts and other documents."""

from __future__ import annotations

import polars as pl
import pytest

from messages.checks.amount import is_payable, is_payable_fen
from messages.checks.documents import FOREIGN_RESIDENT, HK_MACAO_PERMIT, PASSPORT, TAIWAN_PERMIT, has_form
from messages.checks.mobile import are_mobiles, is_mobile
from messages.checks.names import is_organisation_name, is_person_name
from messages.checks.text import is_clean, is_free_of_controls, is_trimmed, is_within


@pytest.mark.parametrize(
    "name",
    [
        "张三",
        "䶮",
        "𠀀",
        "𰻝",
        "王〇",
        "买买提·艾力",
        "阿依古丽•吐尔逊",
        "扎西・多吉",
        "John Smith",
        "O'Neil-Brown Jr.",
        "José",
    ],
)
def test_names_of_persons(name: str) -> None:
    assert is_person_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        " 张三",
        "张三 ",
        "张三\u3000",
        "张3",
        "张三\n",
        "张\u200b三",
        "·张三",
        "张三·",
        "张\x00三",
        "⾥",
        "\ue815",
        "张�",
        "张（三）",
        "张" * 51,
    ],
)
def test_what_no_person_is_called(name: str) -> None:
    assert not is_person_name(name)


@pytest.mark.parametrize(
    "name", ["楚雄市东瓜镇（第1）专业合作社", "XX Farm & Co., Ltd.", "“绿源”种植场", "3号农机合作社"]
)
def test_names_of_organisations(name: str) -> None:
    assert is_organisation_name(name)


@pytest.mark.parametrize(
    "name", ["", " 合作社", "合作社 ", "合作\t社", "合作\x00社", "合作  社", "<合作社>", "社" * 101]
)
def test_what_no_organisation_is_called(name: str) -> None:
    assert not is_organisation_name(name)


def test_gb18030_carries_every_character_of_a_name() -> None:
    for character in "䶮𠀀𰻝·•・〇\U00031350\U000323af":
        assert character.encode("gb18030").decode("gb18030") == character


@pytest.mark.parametrize(
    ("number", "right"),
    [
        ("13800138000", True),
        ("19912345678", True),
        ("12800138000", False),
        ("1380013800", False),
        ("138001380001", False),
        ("13800138000\n", False),
        ("１3800138000", False),
        ("+8613800138000", False),
    ],
)
def test_mobiles(number: str, right: bool) -> None:
    assert is_mobile(number) is right
    assert pl.select(are_mobiles(pl.lit(number))).item() is right


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("耕地地力保护补贴", True),
        ("a b", True),
        ("a\nb", False),
        ("a\u200bb", False),
        ("a\ufeffb", False),
        ("a\u2028b", False),
        ("a�b", False),
        (" a", False),
        ("a\u3000", False),
        ("a\x7f", False),
        ("a\x85b", False),
        ("a\u202eb", False),
    ],
)
def test_texts(text: str, clean: bool) -> None:
    value = pl.lit(text)
    assert pl.select(is_free_of_controls(value) & is_trimmed(value)).item() is clean
    assert is_clean(text) is clean


def test_length_is_counted_in_characters() -> None:
    assert pl.select(is_within(pl.lit("䶮𠀀"), 2)).item()
    assert not pl.select(is_within(pl.lit("䶮𠀀a"), 2)).item()


def test_amounts() -> None:
    column = pl.Series("fen", [0, 1, 100, 101, -1, None])
    assert pl.select(is_payable(pl.lit(column), 100)).to_series().to_list() == [False, True, True, False, False, None]
    assert is_payable_fen(1, 100)
    assert not is_payable_fen(True, 100)
    assert not is_payable_fen(101, 100)


@pytest.mark.parametrize(
    ("pattern", "number", "right"),
    [
        (HK_MACAO_PERMIT, "H12345678", True),
        (HK_MACAO_PERMIT, "M1234567890", True),
        (HK_MACAO_PERMIT, "A12345678", False),
        (TAIWAN_PERMIT, "12345678", True),
        (TAIWAN_PERMIT, "1234567", False),
        (FOREIGN_RESIDENT, "CHN110101199001", True),
        (FOREIGN_RESIDENT, "911124198108030024", True),
        (FOREIGN_RESIDENT, "811124198108030024", False),
        (PASSPORT, "E12345678", True),
        (PASSPORT, "e12345678", False),
        (PASSPORT, "E1234567\n", False),
    ],
)
def test_forms_of_other_documents(pattern: str, number: str, right: bool) -> None:
    assert pl.select(has_form(pl.lit(number), pattern)).item() is right
