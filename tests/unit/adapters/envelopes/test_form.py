"""The posted form both ways, against the bank's own reading of it, and what is refused."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from urllib.parse import parse_qsl, quote_plus, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.contract import MessageRefused
from adapters.envelopes.contract import EnvelopeKeys, Outer
from adapters.envelopes.form import percent_encoded
from adapters.envelopes.registry import ENVELOPES
from adapters.profile import BankProfile
from crypto.contract import SignatureInvalid
from simulators.bank_contract import NotGenuine
from simulators.seals_xml import FormSeal
from simulators.signatures import Seal

BODY = (
    '<?xml version="1.0" encoding="GBK"?>\n'
    "<CMS><eb><pub><TransCode>PAYPER</TransCode></pub><in><a>镕 &amp; +%</a></in></eb></CMS>\n"
).encode("gbk")
ENVELOPE = ENVELOPES["form"]


@pytest.fixture
def bank(indust: BankProfile, rsa_bank: Seal) -> FormSeal:
    return FormSeal(rsa_bank, indust.security.user_code or "")


def test_the_form_has_the_documents_fields(
    indust: BankProfile, outer: Outer, rsa_keys: EnvelopeKeys, rsa_bank: Seal, bank: FormSeal
) -> None:
    content, key_id = ENVELOPE.seal(indust, outer, BODY, rsa_keys)
    fields = parse_qsl(content.decode("ascii"), strict_parsing=True, encoding="gbk", errors="strict")
    assert [name for name, _ in fields] == ["Version", "GroupCIS", "TransCode", "PackageID", "reqData", "Sign"]
    values = dict(fields)
    assert values["GroupCIS"] == indust.security.user_code
    assert (values["Version"], values["TransCode"], values["PackageID"]) == ("1.0.0.0", "PAYPER", outer.message_id)
    assert values["reqData"].encode("gbk") == BODY
    assert rsa_bank.is_genuine(BODY, values["Sign"].encode())
    assert (bank.open(content, None), key_id) == (BODY, "ours")


@given(octets=st.binary(max_size=300))
@settings(max_examples=80, deadline=None)
def test_values_are_encoded_as_forms_are(octets: bytes) -> None:
    assert percent_encoded(octets) == quote_plus(octets).replace("~", "%7E").replace("%2A", "*").encode()


def test_the_banks_form_is_opened(indust: BankProfile, rsa_keys: EnvelopeKeys, bank: FormSeal) -> None:
    content, beside = bank.close("m", BODY, None)
    assert content.startswith(b"reqData=")
    opened = ENVELOPE.open(indust, content, rsa_keys)
    assert (opened.body, opened.key_id, beside) == (BODY, "theirs", None)


def test_base64_need_not_be_escaped_in_the_reply(indust: BankProfile, rsa_keys: EnvelopeKeys, rsa_bank: Seal) -> None:
    content = b"reqData=" + b64encode(BODY) + b"&Sign=" + rsa_bank.sign(BODY) + b"\r\n"
    assert ENVELOPE.open(indust, content, rsa_keys).body == BODY
    assert (
        ENVELOPE.open(
            indust,
            content.replace(b"=", b"%3d").replace(b"reqData%3d", b"reqData=").replace(b"&Sign%3d", b"&Sign="),
            rsa_keys,
        ).body
        == BODY
    )


@pytest.mark.parametrize("how", ["bad-signature", "missing-signature"])
def test_the_banks_damage_is_refused(indust: BankProfile, rsa_keys: EnvelopeKeys, bank: FormSeal, how: str) -> None:
    with pytest.raises(SignatureInvalid):
        ENVELOPE.open(indust, bank.close("m", BODY, how)[0], rsa_keys)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda c: c.replace(b"reqData=", b"reqData=*"), "base64"),
        (lambda c: c.replace(b"reqData=", b"reqData=%00"), "base64"),
        (lambda c: c.replace(b"reqData", b"data"), "reqData and Sign"),
        (lambda c: c + b"&Sign=1", "reqData and Sign"),
        (lambda c: c + b"&a=1", "reqData and Sign"),
        (lambda c: b"reqData=&Sign=" + c.partition(b"&Sign=")[2], None),
        (lambda c: c[:-9], None),
        (lambda c: c.replace(b"reqData=P", b"reqData=Q"), None),
        (lambda c: c[:0], None),
        (lambda c: c[:0] + b"\xff&\xff", None),
    ],
)
def test_another_form_is_refused(
    indust: BankProfile,
    rsa_keys: EnvelopeKeys,
    bank: FormSeal,
    change: Callable[[bytes], bytes],
    why: str | None,
) -> None:
    changed = change(bank.close("m", BODY, None)[0])
    with pytest.raises(MessageRefused if why else SignatureInvalid, match=why):
        ENVELOPE.open(indust, changed, rsa_keys)


def test_size_is_bounded_before_and_after_decoding(indust: BankProfile, rsa_keys: EnvelopeKeys, bank: FormSeal) -> None:
    small = indust.model_copy(update={"limits": indust.limits.model_copy(update={"result_bytes": len(BODY) - 1})})
    with pytest.raises(MessageRefused, match="more than"):
        ENVELOPE.open(small, bank.close("m", BODY, None)[0], rsa_keys)
    with pytest.raises(MessageRefused, match="room for more"):
        ENVELOPE.open(small, b"x" * 20_000, rsa_keys)


def test_the_profile_and_the_message_must_say_what_the_form_does(
    indust: BankProfile, outer: Outer, rsa_keys: EnvelopeKeys
) -> None:
    with pytest.raises(ValueError, match="TransCode"):
        ENVELOPE.seal(indust, outer, b"<CMS/>", rsa_keys)


@pytest.mark.parametrize(
    "change",
    [
        lambda form: form | {"GroupCIS": "other"},
        lambda form: form | {"TransCode": "QPAYPER"},
        lambda form: form | {"Sign": "AAAA"},
        lambda form: {name: value for name, value in form.items() if name != "Sign"},
        lambda form: form | {"reqData": form["reqData"] + " "},
    ],
)
def test_the_bank_takes_no_other_form(
    indust: BankProfile,
    outer: Outer,
    rsa_keys: EnvelopeKeys,
    bank: FormSeal,
    change: Callable[[dict[str, str]], dict[str, str]],
) -> None:
    content, _ = ENVELOPE.seal(indust, outer, BODY, rsa_keys)
    form = dict(parse_qsl(content.decode("ascii"), encoding="latin-1"))
    with pytest.raises(NotGenuine):
        bank.open(urlencode(change(form), encoding="latin-1").encode("ascii"), None)
    with pytest.raises(NotGenuine):
        bank.open(b"\xff", None)
