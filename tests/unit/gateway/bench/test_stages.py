"""Every stage once, over few items: that it measures the real work, and says so where it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.profile_reader import read_all
from gateway.bench import c_loop, pydantic_lines, sample, stages, stages_pain001, timing
from gateway.setup import config_directory


@pytest.fixture(autouse=True)
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "ROUNDS", 1)
    monkeypatch.setattr(stages.stages_crypto, "STREAM_MEGABYTES", 1)
    monkeypatch.setattr(stages.stages_crypto, "SIGNATURES", 2)


def test_all_stages_are_measured() -> None:
    told: list[str] = []
    rows = stages.measure_stages(2_000, told.append)
    assert len(told) == len(rows)
    assert all(row.ours_per_second > 0 for row in rows)
    asked = {row.stage for row in rows if row.asked}
    assert asked == {
        "intake and validation, NDJSON",
        "intake and validation, CSV UTF-8",
        "intake and validation, CSV GB18030",
        "pain.001 build and SHA-256",
        "fixed-width build",
        "fixed-width parse",
        "pain.002 parse",
    }
    measured = [row for row in rows if row.asked and "pain.001" not in row.stage]
    assert all(row.reached is not None for row in measured)


def test_without_a_compiler_the_row_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(c_loop.shutil, "which", lambda _: None)
    profile = read_all(config_directory() / "banks")["city-iso"]
    row, _ = stages_pain001.measure(500, tmp_path, profile)
    assert row.note == "no compiler here"
    assert row.limit_per_second is None
    assert row.reached is not True


def test_a_loop_that_builds_something_else_is_no_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if c_loop.shutil.which("cc") is None:
        pytest.skip("no C compiler")
    monkeypatch.setattr(c_loop, "LITERALS", ("<Other>", *c_loop.LITERALS[1:]))
    profile = read_all(config_directory() / "banks")["city-iso"]
    with pytest.raises(RuntimeError, match="differ"):
        list(stages_pain001.measure(500, tmp_path, profile))


def test_the_pydantic_peer_takes_the_sample_and_refuses_what_is_wrong() -> None:
    lines = sample.items(200).write_ndjson().encode().splitlines()
    assert pydantic_lines.check_lines(pydantic_lines.CheckedLine, lines) == 200
    for field, value in (
        ("id_number", "520099194001010010"),
        ("account", "6299980000000000015"),
        ("bank_code", "1" * 12),
    ):
        row = sample.items(1, first=1).with_columns(**{field: sample.pl.lit(value)})
        with pytest.raises(ValueError, match=field):
            pydantic_lines.check_lines(pydantic_lines.CheckedLine, [row.write_ndjson().encode()])
