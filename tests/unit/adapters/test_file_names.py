"""What a file is, by its name alone."""

from __future__ import annotations

import pytest

from adapters.file_names import instruction_name, recognise
from adapters.profile import BankProfile, FileNames
from messages.layout.vocabulary import MessageName

ID = "7K3M9QXWZ4T2F0001"


@pytest.fixture(scope="module")
def names(profiles: dict[str, BankProfile]) -> FileNames:
    found = profiles["rural-fixed"].file_names
    assert found is not None
    return found


def test_an_instruction_s_name_is_derived(names: FileNames) -> None:
    assert instruction_name(names, ID) == f"DF{ID}.txt"


@pytest.mark.parametrize(
    ("name", "message", "part"),
    [
        (f"DA{ID}.txt", MessageName.ACKNOWLEDGEMENT, None),
        (f"DR{ID}_001.txt", MessageName.RESULT, "001"),
        (f"DT{ID}_R2.txt", MessageName.RETURNED, "R2"),
    ],
)
def test_inward_names(names: FileNames, name: str, message: MessageName, part: str | None) -> None:
    recognised = recognise(names, name)
    assert recognised is not None
    assert (recognised.message, recognised.message_id, recognised.part) == (message, ID, part)


@pytest.mark.parametrize(
    "name",
    [
        f"DF{ID}.txt",
        f"DA{ID}.txt.sig",
        f"DA{ID}.txt\n",
        f"DA{ID}xtxt",
        f"DA{ID[:-1]}.txt",
        f"DR{ID}.txt",
        f"DR{ID}_.txt",
        f"DR{ID}_123456789.txt",
        f"DR{ID}_../.txt",
        f"dr{ID}_1.txt",
        f"DR{ID}_１.txt",
        "",
    ],
)
def test_other_names_are_nothing(names: FileNames, name: str) -> None:
    assert recognise(names, name) is None


def test_a_bank_without_such_files_has_no_name_for_them(names: FileNames) -> None:
    bare = names.model_copy(update={"acknowledgement": None, "returned": None})
    assert recognise(bare, f"DA{ID}.txt") is None
    assert recognise(bare, f"DT{ID}_1.txt") is None
    known = recognise(bare, f"DR{ID}_1.txt")
    assert known is not None
    assert known.message is MessageName.RESULT
