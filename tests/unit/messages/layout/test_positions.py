"""YAML as text with places: nothing is resolved, nothing is overlooked."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from messages.layout.positions import ConfigurationRefused, Document, read_document


def read(tmp_path: Path, content: bytes) -> Document:
    path = tmp_path / "a.yaml"
    path.write_bytes(content)
    return read_document(path)


def test_every_scalar_is_text_and_every_key_has_its_place(tmp_path: Path) -> None:
    document = read(tmp_path, b"code: 0102\nyes: no\nlist:\n  - {when: 2026-01-01, empty: }\n  - 1e3\n")
    assert document.data == {"code": "0102", "yes": "no", "list": [{"when": "2026-01-01", "empty": ""}, "1e3"]}
    assert document.place(("code",)) == (1, 1)
    assert document.place(("list", 0, "empty")) == (4, 24)
    assert document.place(("list", 1)) == (5, 5)
    assert document.place(("list", 0, "absent", "deeper")) == (4, 5)
    assert document.place(("absent",)) == (1, 1)


def test_duplicate_keys_are_problems_with_both_lines(tmp_path: Path) -> None:
    document = read(tmp_path, b"a: 1\nb:\n  c: 1\n  c: 2\na: 3\n")
    assert [str(problem).split("/")[-1] for problem in document.problems] == [
        "a.yaml:4:3: b.c: was given in line 3 already; keep one of the two",
        "a.yaml:5:1: a: was given in line 1 already; keep one of the two",
    ]


@pytest.mark.parametrize(
    ("content", "place", "what"),
    [
        (b"a: [1\nb: 2\n", ":2:", "expected"),
        (b"a: &x 1\n", ":1:4:", "anchors and aliases are not allowed"),
        (b"a: 1\nb: *x\n", ":2:4:", "anchors and aliases are not allowed"),
        (b"a: 1\n---\nb: 1\n", ":2:1:", "found another document"),
        (b"a: 1\nb: \xb1\xb1\n", ":2:1:", "is not UTF-8"),
        (b"a: \x07\n", ":1:1:", "cannot be read as YAML"),
        (b"a: " + b"[" * 5000, ":1:1:", "cannot be read as YAML"),
        (b"#" * 1_000_001, ":1:1:", "has 1000001 octets"),
    ],
)
def test_what_cannot_be_read_says_where(tmp_path: Path, content: bytes, place: str, what: str) -> None:
    with pytest.raises(ConfigurationRefused) as refused:
        read(tmp_path, content)
    assert place in str(refused.value)
    assert what in str(refused.value)


def test_an_absent_file_is_a_problem_too(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationRefused, match=r"cannot be read \(No such file"):
        read_document(tmp_path / "none.yaml")


def test_a_key_that_is_not_text_is_a_problem(tmp_path: Path) -> None:
    assert "has a key that is not text" in str(read(tmp_path, b"[1, 2]: x\n").problems[0])


def test_a_refusal_travels_between_processes(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationRefused) as refused:
        read(tmp_path, b"a: *x\n")
    assert str(pickle.loads(pickle.dumps(refused.value))) == str(refused.value)  # noqa: S301
