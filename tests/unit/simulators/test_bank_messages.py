"""Bank city-iso over real mutual TLS, with the standard library's client and the gateway's own pain.001."""

from __future__ import annotations

import hashlib
import http.client
import json
import ssl
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from lxml import etree

from crypto.contract import SchemeParameters
from crypto.keystore import Keystore
from messages.batch.columns import STORED_SCHEMA
from messages.iso20022.pain001 import Pain001Head, build
from messages.iso20022.schema import PAIN_002, schema
from simulators.bank_contract import MessageInvalid
from simulators.iso_records import read_pain001

RSA = SchemeParameters("rsa-pkcs1-sha256")


def order(message_id: str, rows: int = 3) -> bytes:
    given = {
        "reference": [f"{message_id[:12]}{n:08d}" for n in range(rows)],
        "name": ["买买提·艾力", "张 & 李", "𠮷田"] * (rows // 3),
        "account": [f"62170{n:08d}" for n in range(rows)],
        "amount_fen": [10_000 + n for n in range(rows)],
        "item_no": list(range(rows)),
    }
    constant = {
        "payee_kind": "PERSON",
        "id_type": "RESIDENT_ID",
        "id_number": "11010519491231002X",
        "account_kind": "BANK_CARD",
        "bank_code": "313731000011",
    }
    block = pl.DataFrame(given).with_columns(
        pl.lit(constant.get(name), dtype=kind).alias(name) for name, kind in STORED_SCHEMA.items() if name not in given
    )
    head = Pain001Head(
        *(message_id, rows, sum(given["amount_fen"]), datetime(2026, 3, 2, tzinfo=UTC), date(2026, 3, 3)),
        *("楚雄市民政局", "5300990000000001", "313731000011", "城乡居民最低生活保障金"),
    )
    return b"".join(build(head, [block]))


class Gateway:
    """What the gateway does on this wire, in a few lines."""

    def __init__(self, keystore: Keystore, port: int, folder: Path):
        self._keystore, self._port = keystore, port
        certificate, key = keystore.tls_identity("city-iso-tls-client")
        (folder / "client.pem").write_bytes(certificate + key)
        self._context = ssl.create_default_context(
            cadata=b"".join(keystore.trusted_certificates("city-iso-ca")).decode("ascii")
        )
        self._context.load_cert_chain(folder / "client.pem")

    def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPSConnection("127.0.0.1", self._port, timeout=10, context=self._context)
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        return connection.getresponse()

    def post(self, message_id: str, body: bytes, signed: bytes | None = None) -> http.client.HTTPResponse:
        signer = self._keystore.signer("gateway-rsa-sign", RSA)
        signer.update(body if signed is None else signed)
        signature = b64encode(signer.signature()).decode()
        headers = {"Content_Type": "application/xml", "X_Message_Id": message_id, "X_Signature": signature}
        return self.call("POST", "/payments", body, **headers)

    def verified(self, answer: http.client.HTTPResponse) -> bytes:
        content = answer.read()
        verifier = self._keystore.verifier("city-iso-rsa-verify", RSA)
        verifier.update(content)
        verifier.verify(b64decode(answer.headers["X-Signature"]))
        return content

    def statuses(self, answer: http.client.HTTPResponse) -> list[str | None]:
        tree = etree.fromstring(self.verified(answer))
        assert schema(PAIN_002).validate(tree), schema(PAIN_002).error_log
        return [element.text for element in tree.iterfind(".//{*}TxSts")]


@pytest.fixture(scope="module")
def bank(start: Callable[..., Any]) -> Any:
    return start("bank-messages")


@pytest.fixture(scope="module")
def gateway(bank: Any, keystore: Keystore, tmp_path_factory: pytest.TempPathFactory) -> Gateway:
    return Gateway(keystore, bank.ready["port"], tmp_path_factory.mktemp("tls"))


def test_books_answers_and_returns(bank: Any, gateway: Gateway) -> None:
    bank.play(
        """
        rules:
          - {match: {name: 张 & 李}, action: {do: failed, code: AC03}}
          - {match: {name: 𠮷田}, action: {do: returned-late, seconds: 1, code: RJ09}}
        """
    )
    bank.call("POST", "/control/hold")
    first = gateway.post("BOOKED123456F0001", order("BOOKED123456F0001"))
    assert (first.status, gateway.statuses(first)) == (200, ["ACTC"] * 3)
    bank.until(lambda: bank.told("/control/pending")["prepared"] == 2, 15)
    path = "/payments/BOOKED123456F0001"
    assert gateway.statuses(gateway.call("GET", path)) == ["ACTC"] * 3
    bank.call("POST", "/control/release")
    bank.until(lambda: bank.told("/control/pending")["pending"] == 0)
    last = gateway.call("GET", path)
    tag = last.headers["ETag"]
    assert gateway.statuses(last) == ["ACSC", "RJCT", "RJCT"]
    assert gateway.call("GET", path, If_None_Match=tag).status == 304
    told = bank.told("/control/ledger")
    assert (told["credited"], told["credited_fen"], told["returned_fen"]) == (2, 20_002, 10_002)


def test_the_same_order_again_pays_nothing_and_other_content_is_refused(bank: Any, gateway: Gateway) -> None:
    bank.play("seed: 1")
    message = "SAMEAGAIN234F0001"
    assert gateway.post(message, order(message)).status == 200
    before = bank.told("/control/ledger")
    assert gateway.post(message, order(message)).status == 200
    other = gateway.post(message, order(message, 6))
    assert (other.status, json.loads(gateway.verified(other))["message_id"]) == (409, message)
    unknown = gateway.call("GET", "/payments/NEVERSEEN234F0001")
    assert (unknown.status, json.loads(gateway.verified(unknown))["status"]) == (404, "NOT_FOUND")
    assert gateway.post("BADSIGNED234F0001", order("BADSIGNED234F0001"), b"other").status == 401
    assert bank.told("/control/ledger") == before


def test_a_lost_reply_is_a_taken_order(bank: Any, gateway: Gateway) -> None:
    message = "LOSTREPLY234F0001"
    bank.play("files: [{match: {message_id: LOSTREPLY234F0001}, effects: [{do: lose-reply}]}]")
    with pytest.raises((http.client.HTTPException, OSError)):
        gateway.post(message, order(message))
    credited = bank.told("/control/ledger")["credited"]
    assert gateway.post(message, order(message)).status == 200
    assert gateway.call("GET", f"/payments/{message}").status == 200
    assert bank.told("/control/ledger")["credited"] == credited


def test_a_truncated_report_breaks_off_and_a_refusal_is_a_report(bank: Any, gateway: Gateway) -> None:
    message = "TRUNCATED234F0001"
    bank.play(
        "files:\n"
        "  - {match: {message_id: TRUNCATED234F0001}, effects: [{do: spoil-result, how: truncated}]}\n"
        "  - {match: {message_id: REFUSED12345F0001}, effects: [{do: refuse-file, code: AM04, text: 额度不足}]}\n"
    )
    assert gateway.post(message, order(message)).status == 200
    bank.until(lambda: bank.told("/control/pending")["pending"] + bank.told("/control/pending")["receiving"] == 0)
    with pytest.raises((http.client.IncompleteRead, OSError)):
        gateway.call("GET", f"/payments/{message}").read()
    refused = gateway.verified(gateway.post("REFUSED12345F0001", order("REFUSED12345F0001")))
    assert b"<GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>AM04</Cd></Rsn>" in refused


def test_nobody_without_a_certificate(bank: Any, keystore: Keystore) -> None:
    context = ssl.create_default_context(cadata=b"".join(keystore.trusted_certificates("city-iso-ca")).decode("ascii"))
    connection = http.client.HTTPSConnection("127.0.0.1", bank.ready["port"], timeout=10, context=context)
    with pytest.raises(OSError):
        connection.request("GET", "/payments/X")
        connection.getresponse()


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"<NbOfTxs>3</NbOfTxs>", b"<NbOfTxs>4</NbOfTxs>", "AM18"),
        (b"<CtrlSum>300.03</CtrlSum>", b"<CtrlSum>300.04</CtrlSum>", "AM10"),
        (b"</CdtTrfTxInf>", b"</CdtTrfTxIn>", "FF01"),
        (b"00000002</EndToEndId>", b"00000001</EndToEndId>", "AM05"),
        (b'<?xml version="1.0" encoding="UTF-8"?>', b"<!DOCTYPE Document>", "FF01"),
        (b"<PmtMtd>TRF</PmtMtd>", b"<PmtMtd>XXX</PmtMtd>", "FF01"),
    ],
)
def test_orders_that_are_refused(old: bytes, new: bytes, code: str) -> None:
    body = order("ABCDEFGH2345F0001")
    assert old in body
    with pytest.raises(MessageInvalid) as refused:
        read_pain001(body.replace(old, new))
    assert refused.value.code == code


def test_a_large_order_is_read_by_pattern_as_by_the_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    body = order("ABCDEFGH2345F0001", 600)
    plain = body.replace("张 &amp; 李".encode(), "张李".encode())
    by_parser = [read_pain001(content).items for content in (body, plain)]
    monkeypatch.setattr("simulators.iso_records.SCHEMA_CHECK_BYTES", 0)
    monkeypatch.setattr("simulators.iso_records._PIECE_BYTES", 20_000)
    for content, items in zip((body, plain), by_parser, strict=True):
        assert read_pain001(content).items.equals(items)
    assert hashlib.sha256(body).digest() != hashlib.sha256(plain).digest()
