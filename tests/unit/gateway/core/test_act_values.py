"""What may stand in the audit: nothing that could be a secret or a person's data gets past a kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.act_values import Kind, fault_in, fault_in_name, personal_in_text, reference
from gateway.core.acts import ACTIONS, KEYS
from gateway.core.notices import yuan

ROOT = Path(__file__).resolve().parents[4]
PERSONAL = [
    "11010519491231002X",
    "身份证11010519491231002x。",
    "110105491231002",
    "13800138000",
    "138-0013-8000",
    "+86 13800138000",
    "１３８００１３８０００",
    "6222021234567890123",
    "6222 0212 3456 7890 123",
    "6222-0212-3456-7890",
    "-----BEGIN EC PRIVATE KEY-----",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA",
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
]
HARMLESS = [
    "轮换到期密钥，工单 2026-1123",
    "bank announced new key on 2026-11-24",
    "change 42 of 100, see INC0012345",
    "联系电话已登记于值班表",
    "2490000",
]


@pytest.mark.parametrize("text", PERSONAL)
def test_what_looks_personal_or_secret_is_refused(text: str) -> None:
    assert personal_in_text(text)
    assert fault_in(Kind.TEXT, text) and fault_in(Kind.DATE, text) and fault_in(Kind.NUMBER, text)


@pytest.mark.parametrize("text", ["11010519491231002X", "110105491231002", "13800138000", "6222021234567890123"])
@pytest.mark.parametrize("kind", [Kind.NAME, Kind.WORD, Kind.TEXT])
def test_persons_numbers_are_no_names_either(kind: Kind, text: str) -> None:
    """Other long numbers are: serial numbers, batch numbers, fingerprints."""
    assert fault_in(kind, text)
    assert fault_in(Kind.NAMES, ["ok", text])


@pytest.mark.parametrize("text", HARMLESS)
def test_ordinary_reasons_pass(text: str) -> None:
    assert fault_in(Kind.TEXT, text) is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.NAME, "client-a/CX2026-GDDL-0001"),
        (Kind.NAME, "local:root@pts-0"),
        (Kind.NAME, "2001:db8::1"),
        (Kind.NAME, "20261123000000017"),
        (Kind.NAMES, ["a", "b-c"]),
        (Kind.WORD, "not-allowed"),
        (Kind.HEX, "ab" * 32),
        (Kind.HEX, ""),
        (Kind.DATE, "2026-11-23"),
        (Kind.NUMBER, -5),
        (Kind.FLAG, False),
        (Kind.DIGESTS, ["banks/a@2026-01-01.yaml=" + "0" * 64]),
    ],
)
def test_what_is_as_it_should_be_passes(kind: Kind, value: Any) -> None:
    assert fault_in(kind, value) is None
    assert fault_in(kind, None) is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.NAME, "张三"),
        (Kind.NAME, "a b"),
        (Kind.NAME, "a\n"),
        (Kind.NAME, b"a"),
        (Kind.NAME, "a" * 201),
        (Kind.NAMES, "ab"),
        (Kind.NAMES, ["ok", 5]),
        (Kind.NAMES, ["x"] * 2001),
        (Kind.WORD, "two words"),
        (Kind.HEX, "xyz"),
        (Kind.DATE, "2026-02-30"),
        (Kind.DATE, "20260201"),
        (Kind.NUMBER, 1.0),
        (Kind.NUMBER, True),
        (Kind.NUMBER, 2**53),
        (Kind.FLAG, 1),
        (Kind.TEXT, "a\x00"),
        (Kind.TEXT, "a\u202eb"),
        (Kind.TEXT, {"a": 1}),
        (Kind.DIGESTS, ["a=b"]),
    ],
)
def test_what_is_not_is_refused_without_being_quoted(kind: Kind, value: Any) -> None:
    fault = fault_in(kind, value)
    assert fault and (not isinstance(value, str) or len(value) < 4 or value not in fault)


def test_every_key_of_every_action_has_a_kind() -> None:
    assert {key for action in ACTIONS.values() for key in action.keys} == set(KEYS)


def test_every_action_is_one_that_the_gateway_writes() -> None:
    sources = [path.read_text("utf-8") for path in (ROOT / "gateway").rglob("*.py") if path.name != "acts.py"]
    assert [name for name in ACTIONS if not any(f'"{name}"' in text for text in sources)] == []


@settings(max_examples=200)
@given(st.text(max_size=300))
def test_somebody_elses_name_can_always_be_written(text: str) -> None:
    assert fault_in_name(reference(text)) is None


@settings(max_examples=100)
@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.sampled_from(["", "致电 ", "tel:", "（"]))
def test_no_phone_gets_into_a_reason(number: str, before: str) -> None:
    assert fault_in(Kind.TEXT, f"{before}{number}")
    assert reference(f"x/{number}").startswith("hidden:")


def test_amounts_are_numbers() -> None:
    """Written as text they would be formatted, as numbers they are exact."""
    assert fault_in(Kind.NUMBER, 123_456_789_012_345) is None and yuan(100) == "1.00"
