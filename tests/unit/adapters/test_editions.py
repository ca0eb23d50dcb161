"""A bank's new format starts on its day; what was built before is read by the edition that built it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from adapters.editions import EditionName, UnknownEdition, edition_of
from adapters.profile_reader import profile_path, read_all, read_editions
from messages.layout.positions import ConfigurationRefused

RURAL = "rural-fixed"
NEW_YEAR = "2027-01-01"


@pytest.fixture
def add(config: Path) -> Callable[..., Path]:
    """Writes an edition of a bank: its first profile with some text replaced."""

    def write(day: str, *changes: tuple[str, str], bank: str = RURAL, says: str | None = None) -> Path:
        text = (config / "banks" / f"{bank}.yaml").read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = config / "banks" / f"{bank}@{day}.yaml"
        path.write_text(f"effective_from: {says or day}\n{text}" if says != "" else text, encoding="utf-8")
        return path

    return write


def test_an_edition_holds_from_its_day_on(config: Path, add: Callable[..., Path]) -> None:
    add(NEW_YEAR, ("rows_per_file: 100000", "rows_per_file: 500"))
    add("2027-07-01", ("rows_per_file: 100000", "rows_per_file: 700"))
    editions = read_editions(config / "banks")[RURAL]
    rows = [
        editions.on(day).limits.rows_per_file
        for day in (date.min, date(2026, 12, 31), date(2027, 1, 1), date(2027, 6, 30), date(2027, 7, 1), date.max)
    ]
    assert rows == [100_000, 100_000, 500, 500, 700, 700]
    assert [edition_of(profile) for profile in editions.all] == ["", NEW_YEAR, "2027-07-01"]
    following = editions.following(date(2027, 1, 1))
    assert following is not None and edition_of(following) == "2027-07-01"
    assert editions.following(date(2027, 7, 1)) is None


def test_files_in_flight_keep_the_edition_that_built_them(config: Path, add: Callable[..., Path]) -> None:
    add(NEW_YEAR)
    editions = read_editions(config / "banks")[RURAL]
    assert editions.named("") is editions.all[0]
    assert editions.named(NEW_YEAR) is editions.all[1]
    with pytest.raises(UnknownEdition, match="has no edition 2028-01-01; it has: the first, 2027-01-01"):
        editions.named("2028-01-01")


def test_an_edition_may_name_another_layout(config: Path, add: Callable[..., Path]) -> None:
    layout = (config / "layouts" / "rural-fixed.yaml").read_text(encoding="utf-8")
    wider = layout.replace("layout: rural-fixed", "layout: rural-next").replace("octets: 120,", "octets: 140,")
    (config / "layouts" / "rural-next.yaml").write_text(wider, encoding="utf-8")
    add(NEW_YEAR, ("layout: rural-fixed ", "layout: rural-next "))
    first, following = read_editions(config / "banks")[RURAL].all
    assert first.record_layout is not None and following.record_layout is not None
    assert (first.record_layout.layout, following.record_layout.layout) == ("rural-fixed", "rural-next")


def test_who_wants_one_profile_a_bank_gets_the_first_or_the_one_of_a_day(
    config: Path, add: Callable[..., Path]
) -> None:
    add(NEW_YEAR, ("rows_per_file: 100000", "rows_per_file: 500"))
    banks = config / "banks"
    assert read_all(banks)[RURAL].limits.rows_per_file == 100_000
    assert read_all(banks, on=date(2027, 3, 1))[RURAL].limits.rows_per_file == 500
    assert read_all(banks, None, date(2026, 3, 1))[RURAL].limits.rows_per_file == 100_000


def test_overrides_hold_for_every_edition_unless_one_has_its_own(config: Path, add: Callable[..., Path]) -> None:
    add(NEW_YEAR)
    add("2027-07-01")
    given = {RURAL: {"port": 4000}, f"{RURAL}@2027-07-01": {"port": 5000}}
    ports = [profile.transport.port for profile in read_editions(config / "banks", given)[RURAL].all]  # type: ignore[union-attr]
    assert ports == [4000, 4000, 5000]


def test_where_an_edition_stands(config: Path, add: Callable[..., Path]) -> None:
    path = add(NEW_YEAR)
    first, following = read_editions(config / "banks")[RURAL].all
    assert profile_path(config / "banks", first) == config / "banks" / "rural-fixed.yaml"
    assert profile_path(config / "banks", following) == path


def complaint(config: Path) -> str:
    with pytest.raises(ConfigurationRefused) as refused:
        read_editions(config / "banks")
    return str(refused.value)


@pytest.mark.parametrize("says", ["2027-01-02", ""])
def test_the_date_inside_agrees_with_the_name_outside(config: Path, add: Callable[..., Path], says: str) -> None:
    add(NEW_YEAR, says=says)
    assert "effective_from: does not agree with the file's name rural-fixed@2027-01-01.yaml" in complaint(config)
    assert "write 2027-01-01" in complaint(config)


def test_the_first_edition_has_no_date(config: Path) -> None:
    path = config / "banks" / "rural-fixed.yaml"
    path.write_text("effective_from: 2027-01-01\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert f"{path}:1:1: effective_from: does not agree" in complaint(config)


@pytest.mark.parametrize("name", ["rural-fixed@2027-13-01", "rural-fixed@2027", "rural-fixed@", "@2027-01-01", "a@b@c"])
def test_a_file_that_is_called_otherwise_is_refused(config: Path, name: str) -> None:
    (config / "banks" / f"{name}.yaml").write_text("bank: x\n", encoding="utf-8")
    assert "the file's name is not <bank>.yaml or <bank>@YYYY-MM-DD.yaml; rename it" in complaint(config)


def test_an_edition_needs_one_before_it(config: Path, add: Callable[..., Path]) -> None:
    add(NEW_YEAR)
    (config / "banks" / "rural-fixed.yaml").unlink()
    assert "there is no rural-fixed.yaml that holds before it; add the bank's first edition" in complaint(config)


def test_faults_of_an_edition_stand_at_its_own_file(config: Path, add: Callable[..., Path]) -> None:
    add(NEW_YEAR, ("port: 2222", "port: x"))
    assert "rural-fixed@2027-01-01.yaml:25:3: transport.port" in complaint(config)


def test_two_banks_may_not_claim_one_prefix_on_any_day(config: Path, add: Callable[..., Path]) -> None:
    add(NEW_YEAR, ('bank_codes: [""] ', 'bank_codes: ["", 403] '), bank="city-iso")
    text = complaint(config)
    assert (
        "rural-fixed.yaml:8:3: serves.bank_codes: '403' is claimed by city-iso@2027-01-01 too from 2027-01-01 on"
        in text
    )


def test_a_prefix_may_change_hands_on_a_day(config: Path, add: Callable[..., Path]) -> None:
    add(NEW_YEAR, ('bank_codes: [""] ', 'bank_codes: ["", 403] '), bank="city-iso")
    add(NEW_YEAR, ("[402, 314, 403]", "[402, 314]"))
    banks = read_editions(config / "banks")
    assert "403" in banks[RURAL].on(date(2026, 12, 31)).serves.bank_codes
    assert "403" in banks["city-iso"].on(date(2027, 1, 1)).serves.bank_codes


def test_faults_of_layout_and_codes_are_told_beside_those_of_the_profile(config: Path) -> None:
    for file, old, new in (
        ("banks/rural-fixed.yaml", "port: 2222", "port: x"),
        ("layouts/rural-fixed.yaml", "kind: count,", "kind: cont,"),
        ("codes/rural-fixed.csv", "0,,PAID", "0,,PIAD"),
    ):
        path = config / file
        path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    text = complaint(config)
    assert all(file in text for file in ("banks/rural-fixed.yaml", "layouts/rural-fixed.yaml", "codes/rural-fixed.csv"))


def test_one_broken_layout_of_two_editions_is_told_once(config: Path, add: Callable[..., Path]) -> None:
    add(NEW_YEAR)
    path = config / "layouts" / "rural-fixed.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("kind: count,", "kind: cont,", 1), encoding="utf-8")
    assert len(complaint(config).splitlines()) == 1


def test_names_of_files() -> None:
    assert EditionName.of(Path("a/x-y@2027-01-01.yaml")) == EditionName("x-y", date(2027, 1, 1))
    assert EditionName.of(Path("x-y.yaml")) == EditionName("x-y")
    assert EditionName.of(Path("x-y.yml")) is None
    assert EditionName("x", date(2027, 1, 1)).stem == "x@2027-01-01"
