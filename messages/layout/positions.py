"""Configuration text with positions (带行列号的配置): YAML whose every scalar is text and whose every key has a place.

Plain YAML turns ``0102`` into 66 and ``no`` into False; here nothing is resolved, types come from the
model that the document is checked against. Duplicate keys, anchors and aliases are refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

Key: TypeAlias = tuple[str | int, ...]
MAX_OCTETS: Final = 1_000_000
_START: Final = (1, 1)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a configuration file: where, what, and what to do about it."""

    file: str
    line: int
    column: int
    key: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.key}: {self.what}; {self.remedy}"


class ConfigurationRefused(Exception):
    """Configuration that cannot be used; ``problems`` holds every one that was found, not only the first."""

    def __init__(self, problems: Iterable[Problem]):
        self.problems = tuple(sorted(problems, key=lambda p: (p.file, p.line, p.column)))
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[ConfigurationRefused], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)


@dataclass(slots=True)
class Document:
    """A file as nested dicts, lists and text, with the (line, column) of each key and entry, both 1-based."""

    file: str
    data: Any = None
    places: dict[Key, tuple[int, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, key: Key, what: str, remedy: str) -> Problem:
        """A problem at ``key``, or at the nearest key above it that the file has."""
        line, column = self.place(key)
        return Problem(self.file, line, column, dotted(key), what, remedy)

    def place(self, key: Key) -> tuple[int, int]:
        """Where ``key`` stands, or the nearest key above it."""
        for length in range(len(key), 0, -1):
            if key[:length] in self.places:
                return self.places[key[:length]]
        return _START


def dotted(key: Key) -> str:
    """``("messages", "result", "detail", 3)`` as ``messages.result.detail[3]``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in key)
    return text.removeprefix(".") or "(document)"


class _TextLoader(yaml.BaseLoader):
    """Composes nodes only: no tag is ever resolved, no alias ever followed."""

    def compose_node(self, parent: Any, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise yaml.MarkedYAMLError(None, None, "anchors and aliases are not allowed", event.start_mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        return node


def read_document(path: Path) -> Document:
    """The file at ``path``; raises ConfigurationRefused if it is not readable YAML, else lists problems inside."""
    document = Document(str(path))
    text = _text(path, document)
    try:
        loader = _TextLoader(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
        document.data = {} if node is None else _plain(node, (), document)
    except (yaml.YAMLError, RecursionError) as fault:
        raise ConfigurationRefused([_syntax_problem(document, fault)]) from None
    return document


def _text(path: Path, document: Document) -> str:
    remedy = "give a UTF-8 text file of at most 1 MB"
    try:
        content = path.read_bytes()
    except OSError as fault:
        raise ConfigurationRefused([document.problem((), f"cannot be read ({fault.strerror})", remedy)]) from None
    if len(content) > MAX_OCTETS:
        raise ConfigurationRefused([document.problem((), f"has {len(content)} octets", remedy)])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = content.count(b"\n", 0, fault.start) + 1
        problem = Problem(document.file, line, 1, "(document)", "is not UTF-8", remedy)
        raise ConfigurationRefused([problem]) from None


def _syntax_problem(document: Document, fault: Exception) -> Problem:
    mark = getattr(fault, "problem_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else _START
    what = getattr(fault, "problem", None) or "cannot be read as YAML"
    return Problem(document.file, line, column, "(document)", str(what), "correct the YAML at this place")


def _plain(node: yaml.Node, key: Key, document: Document) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, key, document)
    if isinstance(node, yaml.SequenceNode):
        entries = []
        for index, entry in enumerate(node.value):
            document.places[(*key, index)] = (entry.start_mark.line + 1, entry.start_mark.column + 1)
            entries.append(_plain(entry, (*key, index), document))
        return entries
    return node.value


def _mapping(node: yaml.MappingNode, key: Key, document: Document) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        place = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
        if not isinstance(key_node, yaml.ScalarNode):
            document.problems.append(
                Problem(document.file, *place, dotted(key), "has a key that is not text", "write one word before ':'")
            )
            continue
        here = (*key, key_node.value)
        if key_node.value in result:
            first = document.places[here][0]
            document.problems.append(
                Problem(
                    document.file, *place, dotted(here), f"was given in line {first} already", "keep one of the two"
                )
            )
            continue
        document.places[here] = place
        result[key_node.value] = _plain(value_node, here, document)
    return result
