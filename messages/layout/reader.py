"""Reading a layout file (读取报文格式): typed, and checked against what each message may and must carry."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from messages.layout.checking import checked
from messages.layout.form_checks import misfits
from messages.layout.model import SOURCELESS, FieldLine, Kind, Layout, Message, Record
from messages.layout.positions import ConfigurationRefused, Document, Key, Problem, read_document
from messages.layout.totals import COUNTED
from messages.layout.vocabulary import VOCABULARIES, MessageName, Shape, Source, Vocabulary

_SHAPES: Final = {
    Kind.AMOUNT_FEN: Shape.FEN,
    Kind.AMOUNT_YUAN: Shape.FEN,
    Kind.DATE: Shape.DATE,
    Kind.TIME: Shape.MOMENT,
    Kind.MOMENT: Shape.MOMENT,
}


def read_layout(path: Path) -> Layout:
    """The layout at ``path``; raises ConfigurationRefused with all problems at once."""
    document = read_document(path)
    layout, problems = checked(document, Layout)
    if layout is None:
        raise ConfigurationRefused(problems)
    problems = list(_problems(document, layout, path.stem))
    if problems:
        raise ConfigurationRefused(problems)
    return layout


def _problems(document: Document, layout: Layout, stem: str) -> Iterator[Problem]:
    if layout.layout != stem:
        yield document.problem(("layout",), "is not the file's own name", f"write {stem} or rename the file")
    for misfit in misfits(layout):
        yield document.problem(*misfit)
    for name, message in layout.messages.items():
        at: Key = ("messages", name.value)
        vocabulary = VOCABULARIES[name]
        yield from _missing(document, at, message, vocabulary)
        if name is MessageName.ACKNOWLEDGEMENT and message.detail:
            yield document.problem((*at, "detail"), "an acknowledgement speaks of the whole file", "remove it")
        for part, record, sources in (
            ("header", message.header, vocabulary.header),
            ("detail", message.detail, vocabulary.detail),
            ("trailer", message.trailer, {}),
        ):
            yield from _record_problems(document, (*at, part), record, sources)


def _missing(document: Document, at: Key, message: Message, vocabulary: Vocabulary) -> Iterator[Problem]:
    for part, record, must in (
        ("header", message.header, vocabulary.header_must),
        ("detail", message.detail, vocabulary.detail_must),
    ):
        for source in sorted(must - {line.source for line in record if line.source}):
            yield document.problem((*at, part), f"no field has the source {source}", "add the document's field for it")


def _record_problems(document: Document, at: Key, record: Record, sources: dict[str, Source]) -> Iterator[Problem]:
    names: set[str] = set()
    used: set[str] = set()
    for index, line in enumerate(record):
        here = (*at, index)
        if line.name in names:
            yield document.problem((*here, "name"), f"two fields are called {line.name}", "rename one")
        held = line.source or COUNTED.get(line.kind)
        if held in used:
            key = "source" if line.source else "kind"
            yield document.problem((*here, key), f"{held} is given twice", "make one of them a filler")
        names.add(line.name)
        used |= {held} if held else set()
        yield from _place_problems(document, here, line, at[-1])
        if line.kind not in SOURCELESS:
            yield from _source_problems(document, here, line, sources)


def _place_problems(document: Document, here: Key, line: FieldLine, part: str | int) -> Iterator[Problem]:
    wrong = {
        Kind.SEQUENCE: part != "detail",
        Kind.REFERENCE: part != "detail",
        Kind.COUNT: part == "detail",
        Kind.TOTAL: part == "detail",
        Kind.CHECKSUM: part != "trailer",
    }
    if wrong.get(line.kind, False):
        yield document.problem((*here, "kind"), f"kind {line.kind} has no place in the {part}", "correct it")


def _source_problems(document: Document, here: Key, line: FieldLine, sources: dict[str, Source]) -> Iterator[Problem]:
    source = sources.get(line.source or "")
    known = ", ".join(sources) or "none"
    if source is None:
        yield document.problem((*here, "source"), f"{line.source} is not a source here", f"known are: {known}")
        return
    if _SHAPES.get(line.kind, Shape.TEXT) is not source.shape:
        yield document.problem((*here, "kind"), f"{line.source} carries {source.shape}", "choose a kind that holds it")
    if (line.kind is Kind.REFERENCE) != (line.source == "reference"):
        yield document.problem(
            (*here, "kind"), "the source reference has the kind reference, no other has", "correct it"
        )
    strangers = {ours for _, ours in line.values} - source.choices
    if line.kind is Kind.CODE and strangers:
        remedy = f"choose from: {', '.join(sorted(source.choices)) or 'nothing, this source has no closed list'}"
        yield document.problem((*here, "values"), f"{', '.join(sorted(strangers))} is not known", remedy)
