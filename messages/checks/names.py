"""Names of payees (收款人户名): persons (个人) and organisations (单位).

A person's name is of Han characters, rare ones (生僻字) of every extension included, or of Latin letters, with the
dot of minority names (少数民族姓名间隔点) in the three forms in use: U+00B7 ·, U+2022 • and U+30FB ・. The name is
kept as written; who compares names must treat the three alike. GB18030 maps every Unicode character, so no name that
passes here fails to encode; a bank whose character set is smaller is asked by its dialect.
"""

from __future__ import annotations

from typing import Final

import polars as pl

PERSON_CHARACTERS: Final = 50
ORGANISATION_CHARACTERS: Final = 100

# radicals look like characters of names (⾥ for 里) but no bank's name comparison takes them for equal
_HAN: Final = r"[\p{Han}--[\x{2E80}-\x{2FDF}]]"
_LETTER: Final = rf"(?:{_HAN}|[A-Za-z\x{{C0}}-\x{{D6}}\x{{D8}}-\x{{F6}}\x{{F8}}-\x{{24F}}])"
_BETWEEN: Final = r"[\x{B7}\x{2022}\x{30FB} .'’-]"
_PERSON: Final = rf"\A{_LETTER}(?:{_BETWEEN}{{0,2}}{_LETTER})*\.?\z"
_SIGNS: Final = r"\x{B7}\x{2022}\x{30FB}()（）\[\]【】“”\"'’《》、，,.&+/#:：\-—"
_ORGANISATION: Final = rf"\A(?:{_LETTER}|[0-9{_SIGNS}])(?: ?(?:{_LETTER}|[0-9{_SIGNS}]))*\z"


def are_person_names(names: pl.Expr) -> pl.Expr:
    """True where a name is made of a person's characters: no digits, controls, radicals or private-use characters."""
    return names.str.contains(_PERSON)


def are_organisation_names(names: pl.Expr) -> pl.Expr:
    """True where a name is made of an organisation's characters: digits, brackets and punctuation as well."""
    return names.str.contains(_ORGANISATION)


def is_person_name(name: str) -> bool:
    """One person's name, characters and length."""
    return len(name) <= PERSON_CHARACTERS and bool(pl.select(are_person_names(pl.lit(name))).item())


def is_organisation_name(name: str) -> bool:
    """One organisation's name, characters and length."""
    return len(name) <= ORGANISATION_CHARACTERS and bool(pl.select(are_organisation_names(pl.lit(name))).item())
