"""Cases about characters (字符用例): dots of minority names, rare characters, the longest names, what does not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl

from gateway.certify.cases import PAID, Becomes, Case, Expected, Group, Line
from gateway.certify.payees import carried_columns
from gateway.certify.subject import Subject
from messages.checks.names import ORGANISATION_CHARACTERS, PERSON_CHARACTERS

DOTS = (("U+00B7", "阿依古丽·买买提"), ("U+2022", "努尔古丽•阿不都"), ("U+30FB", "买买提・艾力"))
RARE = (("U+4DAE", "赵䶮"), ("U+3402", "陈㐂"), ("U+20BB7", "李𠮷"), ("U+2CB2D", "钱𬬭"))
_REJECTED = Expected(Becomes.REJECTED, "NOT_CARRIED")


def text_cases(subject: Subject) -> Iterator[Case]:
    """What this bank's encoding and field widths carry is paid; what they do not is rejected by name of the field."""
    source = f"接入档案 · profile, encoding {subject.profile.encoding}"
    proves = "可承载的字符逐字送达并发放；不可承载的在校验时拒绝，绝不替换或截断"
    proves_en = "what the encoding carries is paid, what it does not is rejected; nothing is replaced or cut"
    for name, zh, en, given in (
        ("middle-dots", "少数民族姓名间隔点", "dots of minority names", DOTS),
        ("rare-characters", "生僻字", "rare characters", RARE),
    ):
        lines = tuple(_by_encoding(label, text, subject.profile.encoding) for label, text in given)
        yield Case(name, Group.TEXT, zh, en, proves, proves_en, source, (*lines, Line("ordinary")), files=1)
    yield _longest(subject, source)
    yield _not_carried(subject, source)


def _by_encoding(label: str, name: str, encoding: str) -> Line:
    try:
        name.encode(encoding)
    except UnicodeEncodeError:
        return Line(f"{label} not in {encoding}", _REJECTED, name=name)
    return Line(label, PAID, name=name)


def _longest(subject: Subject, source: str) -> Case:
    person = _longest_name(subject, _person, PERSON_CHARACTERS)
    organisation = _longest_name(subject, _organisation, ORGANISATION_CHARACTERS)
    return Case(
        "longest-names",
        Group.TEXT,
        "最长户名",
        "the longest names",
        "报文字段可容纳的最长个人与单位名称完整送达",
        "the longest names that the bank's field holds arrive whole",
        source,
        (
            Line(f"person of {person} characters", PAID, name=_person(person)),
            Line(
                f"organisation of {organisation} characters", PAID, name=_organisation(organisation), organisation=True
            ),
        ),
    )


def _not_carried(subject: Subject, source: str) -> Case:
    """The shortest name that is too long for the bank's field, if intake takes such a name at all."""
    too_long: Line | None = None
    for longest, most, write, organisation in (
        (_longest_name(subject, _person, PERSON_CHARACTERS), PERSON_CHARACTERS, _person, False),
        (_longest_name(subject, _organisation, ORGANISATION_CHARACTERS), ORGANISATION_CHARACTERS, _organisation, True),
    ):
        if longest < most and too_long is None:
            label = f"name of {longest + 1} characters"
            too_long = Line(label, _REJECTED, name=write(longest + 1), organisation=organisation)
    lines = (Line("ordinary"), *([too_long] if too_long is not None else []))
    why = ("凡校验通过的户名，该报文均可承载", "this format carries every name that intake takes")
    return Case(
        "not-carried",
        Group.TEXT,
        "报文无法承载的户名",
        "a name that the format cannot carry",
        "该笔在校验时拒绝并指明字段，其余照常发放",
        "that item is rejected naming the field, the others are paid",
        source,
        lines,
        impossible=None if too_long is not None else why,
    )


def _person(characters: int) -> str:
    return ("欧阳" + "建国明华" * characters)[:characters]


def _organisation(characters: int) -> str:
    return ("示范县" + "青龙乡石桥村农民专业合作社" * characters)[:characters]


def _longest_name(subject: Subject, write: Callable[[int], str], most: int) -> int:
    """The most characters that the dialect says it carries, by asking it about every length at once."""
    names = pl.Series([write(length) for length in range(1, most + 1)])
    block = carried_columns(subject.profile, names)
    refused = {row for row, field, _why in subject.dialect.carries(subject.profile, block) if field == "name"}
    return next((row for row in range(most) if row in refused), most)
