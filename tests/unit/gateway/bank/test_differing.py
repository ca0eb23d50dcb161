"""`gateway bank diff`: what a new edition changes, field by field."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result


def test_a_new_edition_field_by_field(bank_json: Callable[..., Any], edition: Callable[..., Path]) -> None:
    edition()
    (found,) = bank_json("diff", "rural-fixed", "rural-fixed@2027-01-01")["differences"]
    changed = {one["key"]: (one["before"], one["after"]) for one in found["profile"]}
    assert changed == {"layout": ("rural-fixed", "rural-next"), "effective_from": (None, "2027-01-01")}
    fields = {(one["part"], one["field"], one["what"]): (one["before"], one["after"]) for one in found["layout"]}
    assert fields["header", "voucher_no", "removed"] == ("117-146 text", None)
    assert fields["header", "debtor_account", "moved"] == ("147-178", "117-148")
    assert fields["detail", "name", "widened"] == ("31-150 (120)", "31-170 (140)")
    assert fields["detail", "id_type", "moved"] == ("151-152", "171-172")
    assert fields["detail", "mobile", "added"] == (None, "313-323 digits")
    assert ("detail", "sequence", "moved") not in fields
    assert {one["message"] for one in found["layout"]} == {"instruction"}
    assert next(one for one in found["layout"] if one["field"] == "mobile")["clause"] == "2.2.13"
    assert found["codes"] == []


def test_codes_and_kinds_that_change(
    config: Path, bank_json: Callable[..., Any], edition: Callable[..., Path], change: Callable[[str, str, str], Path]
) -> None:
    path = edition()
    shutil.copy(config / "codes" / "rural-fixed.csv", config / "codes" / "rural-next.csv")
    path.write_text(
        path.read_text(encoding="utf-8").replace("code_table: rural-fixed", "code_table: rural-next"), encoding="utf-8"
    )
    change("codes/rural-next.csv", "1,0017,FAILED,ACCT_DORMANT", "1,0017,FAILED,OTHER")
    change("codes/rural-next.csv", "2,,ACCEPTED,,,处理中,being processed,接口文件 4.2.6\n", "")
    change("layouts/rural-next.yaml", "{1: PERSON, 2: ORGANISATION}", "{A: PERSON, 2: ORGANISATION}")
    (found,) = bank_json("diff", "rural-fixed", str(path))["differences"]
    codes = {(one["status_raw"], one["reason_raw"]): (one["before"], one["after"]) for one in found["codes"]}
    assert codes["1", "0017"][1] == "FAILED OTHER CORRECT_AND_REISSUE · 不动户"
    assert codes["2", ""] == ("ACCEPTED · 处理中", None)
    kinds = [one for one in found["layout"] if one["field"] == "payee_kind" and one["what"] == "changed"]
    assert (kinds[0]["before"], kinds[0]["after"]) == (
        "values: 1=PERSON, 2=ORGANISATION",
        "values: A=PERSON, 2=ORGANISATION",
    )


def test_on_the_screen(bank: Callable[..., Result], edition: Callable[..., Path]) -> None:
    edition()
    text = bank("diff", "rural-fixed", "rural-fixed@2027-01-01").stdout
    assert all(word in text for word in ("widened", "moved", "added", "removed", "收款人户名", "2.2.13"))
    assert "没有差异 no difference" in bank("diff", "rural-fixed", "rural-fixed").stdout


def test_a_default_that_is_written_out_is_no_change(
    config: Path, bank_json: Callable[..., Any], change: Callable[[str, str, str], Path]
) -> None:
    before = config.parent / "before"
    shutil.copytree(config, before, ignore=shutil.ignore_patterns("before"))
    change("banks/rural-fixed.yaml", "scheme: sm2-sm3", "scheme: sm2-sm3\n  envelope: detached")
    found = bank_json("diff", str(before), str(config))
    assert (found["same"], len(found["differences"])) == (True, 2)


def test_two_configurations_bank_by_bank(
    config: Path, bank_json: Callable[..., Any], bank: Callable[..., Result], tmp_path: Path
) -> None:
    after = tmp_path.parent / f"{tmp_path.name}-after"
    shutil.copytree(config, after)
    (after / "banks" / "city-iso.yaml").unlink()
    path = after / "banks" / "rural-fixed.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("port: 2222", "port: 22"), encoding="utf-8")
    found = bank_json("diff", str(config), str(after))
    assert (found["same"], found["removed"], found["added"]) == (False, ["city-iso.yaml"], [])
    (one,) = found["differences"]
    assert one["profile"] == [{"key": "transport.port", "before": "2222", "after": "22"}]
    assert "删除 removed: city-iso.yaml" in bank("diff", str(config), str(after)).stdout


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("rural-fixed", "rural-fixed@2030-01-01"), "has no edition 2030-01-01"),
        (("rural-fixed", "none.yaml"), "there is no file none.yaml"),
        (("rural-fixed", "/tmp"), "two directories are compared"),
    ],
)
def test_what_cannot_be_compared(bank: Callable[..., Result], words: tuple[str, str], answer: str) -> None:
    shown = bank("diff", *words)
    assert shown.exit_code == 2 and answer in shown.stderr


def test_a_side_with_faults(bank: Callable[..., Result], change: Callable[[str, str, str], Path]) -> None:
    change("banks/rural-fixed.yaml", "port: 2222", "port: x")
    assert bank("diff", "rural-fixed", "city-iso").exit_code == 1
