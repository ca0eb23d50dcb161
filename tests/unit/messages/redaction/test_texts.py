"""Texts for logs and operators hold no person's number, no secret, and cost little whoever wrote them."""

from __future__ import annotations

import time
from dataclasses import astuple
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messages.redaction.numbers import holds_personal_number, looks_personal
from messages.redaction.texts import LONGEST, redacted, redacted_identifier, without_fields

SECRET = "correct horse"
PEM = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIE\n-----END PRIVATE KEY-----"


def test_no_number_of_a_person_survives(invented_people: Any) -> None:
    """Wherever it stands in a text, also written in groups, in full width, or glued to words."""

    @settings(max_examples=80, deadline=None)
    @given(invented_people, st.text(max_size=30), st.text(max_size=30), st.sampled_from(["", " ", "-"]))
    def check(person: Any, before: str, after: str, gap: str) -> None:
        for number in (person.id_number, person.account, person.mobile):
            parts = (number[:6], number[6:14], number[14:]) if number == person.id_number else (number,)
            written = gap.join(parts)
            assert number not in redacted(f"{before}行{written}，{after}")
            assert number not in redacted(f"{before}_{written}/{after}").replace(gap or "\0", "")

    check()


@pytest.mark.parametrize(
    "text",
    [
        "row 7: 6229990000000012345 is unknown",
        "account6229990000000012345",
        "6229 9900 0000 0012 345",
        "530099 19620314 002X",
        "53009919620314002x",
        "139 9000 1234",
        "+8613990001234",
        "６２２９９９００００００００１２３４５",
        "passport E12345678",
        "H1234567890 permit",
    ],
)
def test_forms_in_which_people_write_numbers(text: str) -> None:
    """Each leaves no run of digits that could be one."""
    assert not any(character.isdigit() for character in redacted(text).replace("row 7", ""))


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24T08:30:00.123456+08:00",
        "file RURAL_20261124_0001.txt, line 12, field amount",
        "instruction 0F3K9A7BQ2WXF0001 to bank rural-fixed",
        "key 3f786850e387550fdab836ed7e6dc881de23001b is RETIRED",
        "cannot connect to 10.20.30.40:8443: connection refused (attempt 12345678)",
        "the signature does not match",
    ],
)
def test_what_operators_need_stays(text: str) -> None:
    """Dates, names of ours, addresses and digests are no persons."""
    assert redacted(text) == text


def test_identifiers_keep_their_digits() -> None:
    """Save those that look like a person's."""
    assert redacted_identifier("PAY_20261124103000.txt") == "PAY_20261124103000.txt"
    assert redacted_identifier("/v1/batches/B-1/items/53009919620314002X") == "/v1/batches/B-1/items/<number>"
    kept = redacted("file R_20261124103000.txt has row 6229990000000012345", ("R_20261124103000.txt",))
    assert kept == "file R_20261124103000.txt has row <number>"


@pytest.mark.parametrize(
    "text",
    [
        f"could not open: passphrase={SECRET!r}",
        f'{{"password": "{SECRET}"}}',
        "Authorization: Bearer horse.battery.staple",
        "Signature: sig1=:horsehorsehorse==:",
        "Cookie: session=horse; other=horse",
        "postgresql+psycopg://gateway:horse@db/store",
        f"key is {PEM.replace('MC4C', 'horse')} there",
        "-----BEGIN RSA PRIVATE KEY-----\nhorse that was cut off",
        "token=horse-battery",
        "口令：horse",
    ],
)
def test_secrets_are_hidden(text: str) -> None:
    """In headers, addresses, key blocks (also cut ones) and named fields."""
    assert "horse" not in redacted(text)
    assert "horse" not in redacted_identifier(text)


def test_named_fields_are_hidden(invented_people: Any) -> None:
    """A name or address is hidden where its field says what it is."""

    @settings(max_examples=60, deadline=None)
    @given(invented_people, st.sampled_from(["{k}={v}", "'{k}': '{v}'", '"{k}":"{v}"', "{k}：{v}"]))
    def check(person: Any, form: str) -> None:
        for key, value in (("name", person.name), ("户名", person.name), ("address", person.address)):
            assert value not in without_fields("row 3 " + form.format(k=key, v=value) + ", refused")

    check()


def test_a_long_text_is_cut_between_words() -> None:
    """Half a number would be a harmless-looking one."""
    text = "x " * (LONGEST // 2 - 4) + "6229990000000012345 and more"
    assert "6229990" not in redacted(text)
    assert len(redacted("x" * 10**6)) < LONGEST + 100


@pytest.mark.parametrize(
    "piece",
    ["1", "a1", "1234 ", "-----BEGIN ", "-----END ", 'name="', "name:", "passphrase=' ", "://a:", "1234 5678-", "A1"],
)
def test_hostile_lines_cost_little(piece: str) -> None:
    """A megabyte of what the patterns begin with takes well under a second of processor time."""
    line = piece * (1_000_000 // len(piece))
    begun = time.process_time()
    redacted(line)
    redacted_identifier(line)
    assert time.process_time() - begun < 1


def test_cost_grows_with_length_only() -> None:
    """The patterns themselves are linear: ten times the text takes about ten times as long, not a hundred."""

    def cost(length: int) -> float:
        lines = [piece * (length // len(piece)) for piece in ("a1", "1234 ", 'name="', "-----BEGIN ", "://a:")]
        begun = time.process_time()
        for line in lines:
            without_fields(line)
            holds_personal_number(line)
        return time.process_time() - begun

    cost(1000)
    assert cost(80_000) < 40 * max(cost(8_000), 0.005)


def test_any_text_is_taken() -> None:
    """Redaction never fails, and doing it twice hides nothing more that is a number."""

    @settings(max_examples=100, deadline=None)
    @given(st.text(max_size=200))
    def check(text: str) -> None:
        assert not holds_personal_number(redacted(text))

    check()


def test_what_looks_like_a_person(invented_people: Any) -> None:
    """ID numbers, cards that satisfy Luhn, and mobile numbers do; dates and counts do not."""

    @settings(max_examples=40, deadline=None)
    @given(invented_people)
    def check(person: Any) -> None:
        assert looks_personal(person.id_number)
        assert looks_personal(person.mobile)
        assert astuple(person)

    check()
    assert sum(looks_personal(f"622999000000000000{last}") for last in range(10)) == 1
    assert not looks_personal("20261124103000")
