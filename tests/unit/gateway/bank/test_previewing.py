"""`gateway bank preview`: the exact bytes, every field of them explained, and what a bank's answer becomes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner, Result

from adapters.profile_reader import read_all
from gateway.bank.preview_tables import _ruler
from gateway.cli import app
from messages.layout.model import Form

ROOT = Path(__file__).parents[4]
SHIPPED = ROOT / "config"
ON = ("--on", "2026-03-02")
ITEMS = """\
{"item_id":"A1","payee_kind":"PERSON","name":"王建国","id_type":"PASSPORT","id_number":"E12345678",\
"account":"6299980000000000014","account_kind":"PASSBOOK","bank_code":"402738090017","amount_fen":12345}
{"item_id":"A2","payee_kind":"PERSON","name":"%s","id_type":"PASSPORT","id_number":"E12345679",\
"account":"6299980000000000022","account_kind":"PASSBOOK","bank_code":"402738090017","amount_fen":1}
{"item_id":"A3","payee_kind":"PERSON"}
"""


def test_the_bytes_and_every_field_of_them(bank_json: Callable[..., Any]) -> None:
    made = bank_json("preview", "rural-fixed", *ON)
    content = bytes.fromhex(made["content_hex"])
    assert (made["name"], made["rows"], made["total_fen"]) == ("DFCJMD4TNY77HSF0001.txt", 3, 277_035)
    assert content.count(b"\r\n") == 5 and made["octets"] == len(content)
    header, detail, trailer = made["records"]
    assert [record["part"] for record in made["records"]] == ["header", "detail", "trailer"]
    assert header["fields"][2] == {
        "place": "4-20",
        "clause": "2.1.3",
        "name": "message_id",
        "title": "文件编号",
        "kind": "identifier",
        "raw": "CJMD4TNY77HSF0001",
        "source": "message_id",
        "value": "CJMD4TNY77HSF0001",
    }
    name = detail["fields"][4]
    assert (name["place"], name["raw"], name["value"]) == ("31-150", "王建国" + " " * 114, "王建国")
    total = trailer["fields"][2]
    assert (total["raw"], total["source"], total["value"]) == ("000000000000277035", "total_fen", "277035")


def test_the_fields_make_up_the_whole_file(bank_json: Callable[..., Any]) -> None:
    made = bank_json("preview", "rural-fixed", "--sample", "5", "--details", "5", *ON)
    assert len(made["records"]) == 7
    again = "\r\n".join("".join(field["raw"] for field in record["fields"]) for record in made["records"]) + "\r\n"
    assert again.encode("gb18030").hex() == made["content_hex"]


def test_on_the_screen(bank: Callable[..., Result]) -> None:
    shown = bank("preview", "rural-fixed", *ON)
    assert shown.exit_code == 0
    for text in (
        "文件头 header",
        "明细 detail 1",
        "文件尾 trailer",
        "31-150",
        "2.2.5",
        "王建国␠×114",
        "----+---10----+---20",
    ):
        assert text in shown.stdout
    assert all(cell_len(line) <= 100 for line in shown.stdout.splitlines())


def test_a_message_of_a_standard_is_indented(bank: Callable[..., Result], bank_json: Callable[..., Any]) -> None:
    assert "      <MsgId>" in bank("preview", "city-iso", *ON).stdout
    (section,) = bank_json("preview", "city-iso", *ON)["sections"]
    assert section["kind"] == "xml" and "王建国" in section["text"]


def test_every_shipped_bank_can_be_previewed() -> None:
    for name, profile in read_all(SHIPPED / "banks").items():
        words = ["bank", "preview", name, "--sample", "5", "--details", "2", *ON, "--config", str(SHIPPED), "--json"]
        made = json.loads(CliRunner().invoke(app, words, catch_exceptions=False).stdout)
        assert made["octets"] > 0 and made["rows"] >= 4, name
        assert made["records"] or made["sections"], name
        if profile.record_layout is None:
            continue
        fields = [field for record in made["records"] for field in record["fields"]]
        assert not [f["name"] for f in fields if f["raw"] == "(missing)" and f["value"]], name
        if profile.record_layout.form is not Form.FIXED_WIDTH:
            assert all(f["raw"] == f["value"] for f in fields if f["kind"] in ("identifier", "reference")), name


def shipped(*words: str) -> Any:
    line = ["bank", "preview", *words, *ON, "--config", str(SHIPPED), "--json"]
    return json.loads(CliRunner().invoke(app, line, catch_exceptions=False).stdout)


def test_the_envelope_is_shown_with_a_signature_of_nobody() -> None:
    made = shipped("coop-tcp")
    sealed, content = bytes.fromhex(made["sealed_hex"]), bytes.fromhex(made["content_hex"])
    start = sealed.index(b"<Sign>")
    assert sealed[:start] + sealed[sealed.index(b"</Sign>") + 7 :] == content
    assert set(sealed[start + 6 : sealed.index(b"</Sign>")]) == {ord("0")}
    assert "<Sign>0000" in made["sections"][0]["text"]
    assert shipped("clearing-cnaps")["sections"][0]["text"].startswith("{H:02")
    assert shipped("merchant-json")["sealed_hex"] is None and shipped("rural-fixed")["sealed_hex"] is None


def test_the_question_is_shown_where_asking_is_a_message() -> None:
    assert "BB6DTLQY" in shipped("merchant-json")["inquiry"][0]["text"]
    assert shipped("rural-fixed")["inquiry"] == []


@pytest.mark.parametrize(
    ("bank_name", "file", "kind", "group"),
    [
        ("coop-tcp", "coop_tcp/result.xml", "RESULT", "ACCEPTED"),
        ("coop-tcp", "coop_tcp/absent.xml", "RESULT", "ABSENT"),
        ("coop-tcp", "coop_tcp/acknowledgement.xml", "ACKNOWLEDGEMENT", "ACCEPTED"),
        ("indust-form", "indust_form/result.xml", "RESULT", "ACCEPTED"),
        ("merchant-json", "merchant_json/detail-mixed.json", "RESULT", "ACCEPTED"),
        ("merchant-json", "merchant_json/never-seen.json", "ACKNOWLEDGEMENT", "ABSENT"),
        ("treasury-voucher", "treasury_voucher/8207_receipt.mof.xml", "RESULT", None),
        ("clearing-cnaps", "clearing_cnaps/beps383.message", "RESULT", "ACCEPTED"),  # in its envelope
        ("city-iso", "iso20022/pain002_mixed.xml", "RESULT", "ACCEPTED"),
    ],
)
def test_answers_of_every_family(bank_name: str, file: str, kind: str, group: str | None) -> None:
    result = shipped(bank_name, "--result", str(ROOT / "tests" / "golden" / file))["result"]
    assert (result["kind"], result["group_outcome"], result["unmapped"]) == (kind, group, [])
    assert len(result["rows"]) == sum(result["outcomes"].values())


def test_a_signed_answer_is_opened_without_keys(tmp_path: Path) -> None:
    plain = (ROOT / "tests" / "golden" / "coop_tcp" / "result.xml").read_bytes()
    signed = tmp_path / "signed.xml"
    signed.write_bytes(plain.replace(b"</Root>", b"<Sign>" + b"AB" * 64 + b"</Sign></Root>"))
    assert shipped("coop-tcp", "--result", str(signed))["result"]["kind"] == "RESULT"


def test_an_encrypted_answer_is_not_guessed_at() -> None:
    path = ROOT / "tests" / "golden" / "merchant_json" / "detail-mixed.form"
    line = ["bank", "preview", "merchant-json", *ON, "--config", str(SHIPPED), "--result", str(path)]
    shown = CliRunner().invoke(app, line, catch_exceptions=False)
    assert shown.exit_code == 2 and "give the decrypted message" in shown.stderr


def test_only_the_engineer_s_tools_have_keys_of_nobody() -> None:
    users = {
        str(path.relative_to(ROOT))
        for package in ("adapters", "crypto", "gateway", "messages", "simulators")
        for path in (ROOT / package).rglob("*.py")
        if "NobodysKeys" in path.read_text(encoding="utf-8")
    }
    assert users == {f"gateway/bank/{name}.py" for name in ("unverified", "previewing", "result_view")}


def test_an_edition_is_previewed_by_day_or_by_name(bank_json: Callable[..., Any], edition: Callable[..., Path]) -> None:
    edition()
    widths = [
        bank_json("preview", *words)["records"][1]["fields"][4]["place"]
        for words in (("rural-fixed", *ON), ("rural-fixed", "--on", "2027-01-01"), ("rural-fixed@2027-01-01", *ON))
    ]
    assert widths == ["31-150", "31-170", "31-170"]


def test_the_bytes_can_be_kept(bank_json: Callable[..., Any], bank: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    made = bank_json("preview", "rural-fixed", "--output", str(path), *ON)
    assert path.read_bytes().hex() == made["content_hex"]
    again = bank("preview", "rural-fixed", "--output", str(path), *ON)
    assert again.exit_code == 2 and "cannot be written: File exists" in again.stderr


@pytest.fixture
def items(tmp_path: Path) -> Path:
    path = tmp_path / "items.ndjson"
    path.write_text(ITEMS % "李四", encoding="utf-8")
    return path


def test_items_of_one_s_own(bank_json: Callable[..., Any], items: Path) -> None:
    made = bank_json("preview", "rural-fixed", "--items", str(items), *ON)
    assert (made["rows"], made["total_fen"]) == (2, 12_346)
    assert {finding["code"] for finding in made["findings"] if finding["line_no"] == 3} >= {"MISSING"}
    assert made["records"][1]["fields"][6]["value"] == "E12345678"


def test_items_that_the_format_cannot_carry(
    bank_json: Callable[..., Any], bank: Callable[..., Result], items: Path, change: Callable[[str, str, str], Path]
) -> None:
    change("banks/rural-fixed.yaml", "encoding: gb18030", "encoding: gbk")
    items.write_text(ITEMS % "赵䶮", encoding="utf-8")
    made = bank_json("preview", "rural-fixed", "--items", str(items), *ON)
    (refused,) = made["refused"]
    assert (refused["line"], refused["item_id"], refused["field"]) == (2, "A2", "name")
    assert made["rows"] == 1 and made["misfit"] == "reject-item"
    text = bank("preview", "rural-fixed", "--items", str(items), *ON).stdout
    assert "这些明细将被退回" in text and "䶮" not in text


@pytest.mark.parametrize(
    ("name", "content", "answer"),
    [
        ("items.xlsx", b"PK", "give items as .ndjson, .csv or .tsv"),
        ("items.ndjson", b"", "there are no items in it"),
        ("items.csv", b"", "no readable header row"),
        ("items.csv", b"\xff\xff\xff\n", ""),
    ],
)
def test_items_that_are_none(
    bank: Callable[..., Result], tmp_path: Path, name: str, content: bytes, answer: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    shown = bank("preview", "rural-fixed", "--items", str(path), *ON)
    assert shown.exit_code == 2 and answer in shown.stderr


def answer_file(made: Any, directory: Path, *rows: tuple[str, str]) -> Path:
    """A result of the rural bank about the previewed items, written from its document."""
    batch = made["name"][2:19]
    lines = [f"H01{batch}R20260302{len(rows):08d}{0:018d}"]
    for number, (status, reason) in enumerate(rows):
        reference = f"{batch[:12]}{number:08d}"
        detail = f"D{number + 1:08d}{reference:<20}{'6299980000000000014':<32}{0:015d}{status}{reason:<4}{'':<60}"
        lines.append(detail + f"{'SN1':<24}{'':<8}")
    lines.append(f"T{len(rows):08d}{0:018d}")
    path = directory / f"DR{batch}_001.txt"
    path.write_bytes("".join(f"{line}\r\n" for line in lines).encode("gb18030"))
    return path


def test_what_a_bank_s_answer_becomes(
    bank_json: Callable[..., Any], bank: Callable[..., Result], tmp_path: Path
) -> None:
    made = bank_json("preview", "rural-fixed", *ON)
    path = answer_file(made, tmp_path, ("0", ""), ("1", "0037"), ("1", "0999"), ("7", ""), ("3", "0009"))
    result = bank_json("preview", "rural-fixed", "--result", str(path), *ON)["result"]
    assert result["original_message_id"] == made["name"][2:19]
    assert [row["outcome"] for row in result["rows"]] == ["PAID", "FAILED", "FAILED", "UNKNOWN", "RETURNED"]
    assert [row["reason"] for row in result["rows"]] == [None, "NAME_MISMATCH", "OTHER", None, "ACCT_CLOSED"]
    assert result["outcomes"] == {"FAILED": 2, "PAID": 1, "RETURNED": 1, "UNKNOWN": 1}
    assert [(one["status_raw"], one["reason_raw"]) for one in result["unmapped"]] == [("1", "0999"), ("7", "")]
    shown = bank("preview", "rural-fixed", "--result", str(path), *ON)
    assert shown.exit_code == 0
    assert "未对照 unmapped" in shown.stdout and "  1,0999,<outcome>,<reason>" in shown.stdout
    assert "629998000000" not in shown.stdout.partition("明细结果")[2]


def test_an_answer_that_would_be_quarantined(
    bank_json: Callable[..., Any], bank: Callable[..., Result], tmp_path: Path
) -> None:
    path = answer_file(bank_json("preview", "rural-fixed", *ON), tmp_path, ("0", ""), ("1", "00x7"))
    shown = bank("preview", "rural-fixed", "--result", str(path), *ON)
    assert shown.exit_code == 1
    assert "报文将被隔离" in shown.stdout and "field reason, clause 4.2.7" in " ".join(shown.stdout.split())
    assert "明细 detail 2" in shown.stdout
    result = bank_json("preview", "rural-fixed", "--result", str(path), *ON)["result"]
    assert (result["line"], result["field"], result["clause"]) == (3, "reason", "4.2.7")
    assert result["record"]["fields"][6]["raw"] == "00x7"


def test_an_answer_under_a_name_that_is_no_name(bank: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "whatever.txt"
    path.write_bytes(b"x")
    shown = bank("preview", "rural-fixed", "--result", str(path), *ON)
    assert shown.exit_code == 1 and "none of the bank's patterns" in " ".join(shown.stdout.split())
    assert bank("preview", "rural-fixed", "--result", str(tmp_path / "none"), *ON).exit_code == 2


def test_a_bank_with_faults_is_not_previewed(
    bank: Callable[..., Result], change: Callable[[str, str, str], Path]
) -> None:
    change("banks/city-iso.yaml", "kind: https", "kind: http")
    assert bank("preview", "rural-fixed", *ON).exit_code == 0
    shown = bank("preview", "city-iso", *ON)
    assert shown.exit_code == 1 and "错误 errors (1)" in shown.stdout
    assert bank("preview", "nobody", *ON).exit_code == 2


def test_the_ruler_counts_octets() -> None:
    assert _ruler(0, 25) == "----+---10----+---20----+"
    assert _ruler(95, 10) == "--100----+"
    assert len(_ruler(320, 80)) == 80
