"""Errors that quote a person are told without the person; ours are told with their words."""

from __future__ import annotations

import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from hypothesis import given, settings

from crypto.contract import KeyUnusable
from messages.redaction.faults import account, places, story, told


def test_no_librarys_error_tells_of_a_person(invented_people: Any, quoting_faults: Any, error_of: Any) -> None:
    """Neither in its line, nor in its story, nor in what led to it."""

    @settings(max_examples=15, deadline=None)
    @given(invented_people)
    def check(person: Any) -> None:
        for fault in quoting_faults:
            error = error_of(fault, person)
            text = told(error) + json.dumps(story(error), ensure_ascii=False) + account(error)
            assert not person.traces_in(text), f"{fault.__name__}: {text}"
            assert type(error).__name__ in text

    check()


def test_our_own_words_are_told() -> None:
    """They name what, where and what to do."""
    assert told(KeyUnusable("no key alias 'bank-verify' in the keystore")) == (
        "KeyUnusable: no key alias 'bank-verify' in the keystore"
    )


def test_the_system_is_told_by_number() -> None:
    """What the machine says of a file or a connection stays; what somebody wrote into an OSError does not."""
    expected = "FileNotFoundError: [2] No such file or directory: /etc/none"
    assert told(FileNotFoundError(2, "张三", "/etc/none")) == expected
    assert told(OSError("张三")) == "OSError"


def test_places_are_told() -> None:
    """The file, line and function, outermost first."""
    try:
        int("x")
    except ValueError as error:
        (place,) = places(error)
    assert place.startswith("messages/redaction/test_faults.py:")
    assert place.endswith(" test_places_are_told")


def _in_a_worker(text: str) -> None:
    raise ValueError(f'row {text}\n  File "x 张三.py", line 1, in 张三 lives here')


def test_an_error_of_a_worker_process_is_told_by_place() -> None:
    """Its traceback comes as text, of which only the places are taken."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
        error = pool.submit(_in_a_worker, "张三丰").exception()
    assert error is not None
    text = json.dumps(story(error), ensure_ascii=False)
    assert "张三" not in text
    assert "_in_a_worker" in text


def test_a_circle_of_causes_ends() -> None:
    """An error may be its own grandmother."""
    one, other = ValueError(), KeyError()
    one.__cause__, other.__cause__ = other, one
    assert [entry["error"] for entry in story(one)] == ["ValueError", "KeyError"]
