"""Scripts: what is refused, and that outcomes depend on payee account and amount alone."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.matching import decide, effects_on, seeded_hash
from simulators.script import Failed, Script
from simulators.script_file import ScriptRefused, load_script, read_script

SHARES = """
seed: 42
rules:
  - {match: {share: 0.02}, action: {do: failed, code: "0004"}}
  - {match: {share: 0.03}, action: {do: silent}}
  - {match: {name: 张三}, action: {do: processing-then-paid, seconds: 1}}
"""


def items(accounts: list[str], amounts: list[int], name: str = "李四") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "reference": [f"R{n}" for n in range(len(accounts))],
            "account": accounts,
            "name": [name] * len(accounts),
            "amount_fen": amounts,
        },
        schema_overrides={"account": pl.String, "amount_fen": pl.Int64, "reference": pl.String, "name": pl.String},
    )


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("seeds: 1", "seeds"),
        ("seed: 1\nseed: 2", "line 2: key 'seed' stands twice"),
        ("rules: [{match: {}, action: {do: paid}}]", "empty match"),
        (
            "rules: [{match: {share: 0.6}, action: {do: paid}}, {match: {share: 0.5}, action: {do: paid}}]",
            "add up to 1.1",
        ),
        ("rules: [{match: {share: 0.1}, action: {do: explode}}]", "rules"),
        ("rules: [{match: {share: 0.1}, action: {do: failed, code: 'a b'}}]", "code"),
        ("files: [{effects: []}]", "files"),
        ("a: [", "not YAML"),
    ],
)
def test_a_script_that_cannot_be_played_is_refused_by_name(text: str, word: str) -> None:
    with pytest.raises(ScriptRefused, match=word):
        read_script(text)


def test_codes_keep_their_zeros_and_an_empty_script_pays_everything() -> None:
    action = read_script(SHARES).rules[0].action
    assert isinstance(action, Failed)
    assert action.code == "0004"
    assert read_script("") == Script() == load_script(None)
    assert load_script(None, seed=9).seed == 9


@pytest.mark.parametrize("path", sorted(Path("config/simulators").glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_scripts_can_be_played(path: Path) -> None:
    assert load_script(path)


@settings(max_examples=25, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.text("0123456789", min_size=1, max_size=32), st.integers(0, 10**12)), min_size=1, max_size=40
    ),
    cut=st.integers(0, 40),
    seed=st.integers(0, 2**64 - 1),
)
def test_outcomes_do_not_depend_on_order_or_file_split(rows: list[tuple[str, int]], cut: int, seed: int) -> None:
    script = read_script(SHARES.replace("0.02", "0.4").replace("0.03", "0.3")).model_copy(update={"seed": seed})
    whole = items([a for a, _ in rows], [n for _, n in rows])
    chosen = decide(script, whole)
    assert np.array_equal(decide(script, whole.reverse()), chosen[::-1])
    parts = [decide(script, whole[:cut]), decide(script, whole[cut:])]
    assert np.array_equal(np.concatenate(parts), chosen)


def test_shares_are_met_disjoint_and_move_with_the_seed() -> None:
    script = read_script(SHARES)
    roster = items([f"6217{n:015d}" for n in range(50_000)], [100 + n % 7 for n in range(50_000)])
    chosen = decide(script, roster)
    counts = np.bincount(chosen, minlength=4) / len(chosen)
    assert counts[0] == pytest.approx(0.02, abs=0.003)
    assert counts[1] == pytest.approx(0.03, abs=0.003)
    moved = decide(script.model_copy(update={"seed": 43}), roster)
    assert (moved[chosen == 0] == 0).mean() < 0.1


def scalar_hash(seed: int, text: str, number: int) -> int:
    """The documented hash, one value at a time in plain integers."""
    words = [int.from_bytes(text.encode().ljust(64, b"\0")[place : place + 8], "little") for place in range(0, 64, 8)]

    def mix(word: int) -> int:
        word = (word + 0x9E3779B97F4A7C15) % 2**64
        word = ((word ^ word >> 30) * 0xBF58476D1CE4E5B9) % 2**64
        word = ((word ^ word >> 27) * 0x94D049BB133111EB) % 2**64
        return word ^ word >> 31

    state = mix(seed)
    for word in (*words, number):
        state = mix(state ^ word)
    return state


def test_the_hash_is_fixed_for_ever() -> None:
    """A change here would change the outcome of every script ever written."""
    accounts, amounts = ["6217000000000000001", "张三的账号", ""], [100, 2**40, 0]
    words = seeded_hash(7, pl.Series("account", accounts), np.array(amounts))
    assert [int(w) for w in words] == [scalar_hash(7, a, n) for a, n in zip(accounts, amounts, strict=True)]


@pytest.mark.parametrize(
    ("match", "hit"),
    [
        ("account: '1'", 0),
        ("name: 李四", 0),
        ("amount_fen: 2", 1),
        ("reference: R1", 1),
        ("account: '1', amount_fen: 2", None),
        ("share: 1", 0),
    ],
)
def test_exact_matches(match: str, hit: int | None) -> None:
    script = read_script(f"rules: [{{match: {{{match}}}, action: {{do: silent}}}}]")
    chosen = decide(script, items(["1", "2"], [1, 2])).tolist()
    assert (chosen.index(0) if 0 in chosen else None) == hit


def test_file_rules_by_place_name_and_share() -> None:
    script = read_script(
        """
        files:
          - {match: {nth: 2}, effects: [{do: reorder-rows}]}
          - {match: {first: 2}, effects: [{do: delay-result, seconds: 1}]}
          - {match: {ends_with: F0001}, effects: [{do: refuse-file, code: "9003"}]}
          - {match: {share: 0.5}, effects: [{do: go-offline, seconds: 1}]}
        """
    )
    struck: Callable[[str, int], list[str]] = lambda name, nth: [e.do for e in effects_on(script, name, nth)]  # noqa: E731
    assert {"reorder-rows", "delay-result"} <= set(struck("XF0000", 2))
    assert "refuse-file" in struck("XF0001", 3)
    assert "delay-result" not in struck("XF0001", 3)
    share = sum("go-offline" in struck(f"M{n}", 9) for n in range(400)) / 400
    assert share == pytest.approx(0.5, abs=0.1)
    assert Decimal("0.5") == script.files[3].match.share
