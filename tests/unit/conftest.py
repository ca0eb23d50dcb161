"""Invented people, and libraries' errors that quote them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import Any

import polars as pl
import pytest
import sqlalchemy
from hypothesis import strategies as st
from pydantic import BaseModel

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True)
class Person:
    """Somebody who does not exist."""

    name: str
    id_number: str
    account: str
    mobile: str
    address: str

    def traces_in(self, text: str) -> list[str]:
        """Which of their data stand in ``text``, as written, escaped, or without what is between digits."""
        variants = (text, text.encode().decode("unicode_escape", "replace"), text.replace(" ", "").replace("-", ""))
        return [one for one in astuple(self) for variant in variants if one in variant]


def _id_number(region: str, day: int, sequence: int) -> str:
    body = f"{region}{1940 + day % 70}{1 + day % 12:02d}{1 + day % 28:02d}{sequence:03d}"
    return body + "10X98765432"[sum(int(a) * b for a, b in zip(body, WEIGHTS, strict=True)) % 11]


HAN = "王李张刘陈杨黄赵欧阳上官伟芳娜秀英买提艾力古丽𠮷龘"
NAMES = st.text(alphabet=HAN, min_size=2, max_size=6) | st.tuples(
    st.text(alphabet=HAN, min_size=2, max_size=4), st.text(alphabet=HAN, min_size=2, max_size=4)
).map("·".join)
PEOPLE = st.builds(
    Person,
    name=NAMES,
    id_number=st.builds(_id_number, st.sampled_from(["530099", "500099"]), st.integers(0, 20_000), st.integers(0, 999)),
    account=st.from_regex(r"\A(?:629999[0-9]{10,13}|[1-9][0-9]{11,20})\Z").filter(str.isascii),
    mobile=st.from_regex(r"\A1[3-9]990[0-9]{6}\Z").filter(str.isascii),
    address=st.text(alphabet=HAN, min_size=4, max_size=10).map(lambda text: f"云南省{text}村3组"),
)


def _of_polars(person: Person) -> None:
    pl.DataFrame({"a": [person.name]}).select(pl.col("a").cast(pl.Int64))


def _of_replacing(person: Person) -> None:
    pl.Series([person.id_number, person.name]).replace_strict({"x": 1})


def _of_a_database(person: Person) -> None:
    engine = sqlalchemy.create_engine("sqlite://")
    with engine.begin() as tx:
        tx.execute(sqlalchemy.text("INSERT INTO nowhere VALUES (:name, :account)"), vars(person))


def _of_pydantic(person: Person) -> None:
    class Shape(BaseModel):
        amount: int

    Shape.model_validate({"amount": person.name, person.account: person.address})


def _of_json(person: Person) -> None:
    json.load(io.StringIO(f'{{"name": "{person.name}", {person.account}'))


def _of_a_key(person: Person) -> None:
    {}[person.name]


def _of_an_integer(person: Person) -> None:
    int(f"{person.name}{person.id_number}")


def _of_a_path(person: Person) -> None:
    open(f"/nowhere/{person.mobile}")  # noqa: SIM115, PTH123 - it fails


def _of_encoding(person: Person) -> None:
    person.name.encode("ascii")


def _in_a_chain(person: Person) -> None:
    try:
        _of_polars(person)
    except Exception as error:
        raise RuntimeError(f"row {astuple(person)}") from error


def _with_a_note(person: Person) -> None:
    fault = ValueError(person.account)
    fault.add_note(f"{person.name} lives at {person.address}")
    raise fault


def _in_a_group(person: Person) -> None:
    raise ExceptionGroup(person.name, [ValueError(person.account), KeyError(person.mobile)])


FAULTS = (
    *(_of_polars, _of_replacing, _of_a_database, _of_pydantic, _of_json, _of_a_key, _of_an_integer),
    *(_of_encoding, _in_a_chain, _with_a_note, _in_a_group, _of_a_path),
)


@pytest.fixture(scope="session")
def invented_people() -> st.SearchStrategy[Person]:
    """People with all that an item may hold of them."""
    return PEOPLE


@pytest.fixture(scope="session")
def quoting_faults() -> tuple[Callable[[Person], None], ...]:
    """Functions that raise an error which quotes a person."""
    return FAULTS


@pytest.fixture(scope="session")
def error_of() -> Callable[..., BaseException]:
    """The error that a function raises."""

    def catch(fault: Callable[[Any], None], person: Any) -> BaseException:
        try:
            fault(person)
        except Exception as error:
            return error
        raise AssertionError(f"{fault} raised nothing")

    return catch
