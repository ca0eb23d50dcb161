"""What holds for every signature scheme of the registry, whatever it is made of."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from datetime import date
from itertools import islice
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import Any, get_args

import pytest

from crypto.contract import (
    LONGEST_ED25519_BYTES,
    OUTDATED_SCHEMES,
    CryptoError,
    KeyUnusable,
    SchemeName,
    SchemeParameters,
    SignatureInvalid,
)
from crypto.keystore import Keystore
from crypto.schemes.registry import SCHEMES

MESSAGE = "惠民惠农资金发放指令 20260501".encode() * 40
MEGABYTE = bytes(range(256)) * 4096


def test_the_registry_has_every_name_and_no_other() -> None:
    assert set(SCHEMES) == set(get_args(SchemeName))
    assert all(scheme.name == name for name, scheme in SCHEMES.items())
    assert set(SCHEMES) >= OUTDATED_SCHEMES


def test_who_signed_is_found_among_several_keys(way: Any) -> None:
    signer = way.signer(1)
    signer.update(MESSAGE)
    assert signer.key_id == "k1"
    assert way.verified(signer.signature(), MESSAGE, numbers=(0, 1)) == "k1"


def test_pieces_are_the_whole(way: Any) -> None:
    signature = way.signed(MESSAGE)
    pieces = [MESSAGE[start : start + 7] for start in range(0, len(MESSAGE), 7)]
    assert way.verified(signature, *pieces) == "k0"
    assert way.verified(way.signed(*pieces, b""), MESSAGE) == "k0"
    assert way.verified(way.signed(), b"") == "k0"


def test_another_message_or_key_is_refused(way: Any) -> None:
    signature = way.signed(MESSAGE)
    for other in (b"", MESSAGE[:-1], MESSAGE + b"\x00", MESSAGE.replace(b"1", b"9", 1)):
        with pytest.raises(SignatureInvalid):
            way.verified(signature, other)
    with pytest.raises(SignatureInvalid):
        way.verified(signature, MESSAGE, numbers=(1,))
    with pytest.raises(SignatureInvalid):
        way.verified(signature, MESSAGE, numbers=())


def test_what_is_cut_extended_or_changed_is_refused(way: Any) -> None:
    signature = way.signed(MESSAGE)
    bad = [b"", b"\x00", signature[:-1], signature[1:], signature + b"\x00", b"\x00" + signature, signature * 2]
    bad += [bytes(len(signature)), b"\xff" * len(signature)]
    for place in range(0, len(signature), 5):
        changed = bytearray(signature)
        changed[place] ^= 0x40
        bad.append(bytes(changed))
    for octets in bad:
        with pytest.raises(SignatureInvalid):
            way.verified(octets, MESSAGE)


def test_a_signature_of_another_scheme_or_form_is_refused(way: Any, other_ways: list[Any]) -> None:
    for other in other_ways:
        with pytest.raises(SignatureInvalid):
            way.verified(other.signed(MESSAGE), MESSAGE)


def test_a_key_of_another_algorithm_or_curve_is_refused(way: Any, kinds: dict[str, Any], new_key: Any) -> None:
    scheme = SCHEMES[way.parameters.scheme]
    for kind in sorted(set(kinds.values()) - {way.kind}):
        other = new_key(kind, 0)
        with pytest.raises(KeyUnusable):
            scheme.verifier({"k": other.public or other.secret}, way.parameters)
        if scheme.symmetric:
            continue  # any octets are a key of an HMAC; that its alias is one, the key ring sees to
        with pytest.raises(KeyUnusable):
            scheme.signer(other.secret, way.parameters, key_id="k", public=other.public)


def test_parameters_of_another_scheme_are_refused(way: Any) -> None:
    other = next(name for name in SCHEMES if name != way.parameters.scheme)
    with pytest.raises(KeyUnusable, match="were given to"):
        SCHEMES[other].verifier({}, way.parameters)


def test_a_stream_takes_constant_memory(streaming_way: Any) -> None:
    signer, verifier = streaming_way.signer(), streaming_way.verifier(0, 1)
    resident = getrusage(RUSAGE_SELF).ru_maxrss  # of the whole process, in KiB: also what libraries hold
    tracemalloc.start()
    for _ in range(64):
        signer.update(MEGABYTE)
        verifier.update(MEGABYTE)
    signature = signer.signature()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert verifier.verify(signature) == "k0"
    assert peak < 256 * 1024
    assert getrusage(RUSAGE_SELF).ru_maxrss - resident < 16 * 1024


def test_ed25519_refuses_what_is_too_long_before_it_fills_the_memory(ed25519_way: Any) -> None:
    signer, verifier = ed25519_way.signer(), ed25519_way.verifier(0)
    for chunk in islice(iter(lambda: MEGABYTE, None), LONGEST_ED25519_BYTES // len(MEGABYTE)):
        signer.update(chunk)
        verifier.update(chunk)
    assert verifier.verify(signer.signature()) == "k0"
    with pytest.raises(CryptoError, match="16 MiB"):
        signer.update(b"x")
    with pytest.raises(SignatureInvalid, match="16 MiB"):
        verifier.update(b"x")


def test_every_scheme_out_of_a_keystore(way: Any, new_key: Any, tmp_path: Path) -> None:
    store = Keystore.create(tmp_path / "keys.json", "correct horse battery", today=lambda: date(2026, 5, 1))
    own = new_key(way.kind, 0)
    store.add("ours", "sign", own, key_id="k0", state="ACTIVE")
    theirs = own if SCHEMES[way.parameters.scheme].symmetric else own.public_only()
    store.add("theirs", "verify", theirs, owner="counterparty", key_id="k0", state="ACTIVE")
    signer = store.signer("ours", way.parameters)
    signer.update(MESSAGE)
    verifier = store.verifier("theirs", way.parameters)
    verifier.update(MESSAGE)
    assert verifier.verify(signer.signature()) == "k0"
    other = next(scheme for scheme in SCHEMES.values() if scheme.algorithm is not own.algorithm)
    with pytest.raises(KeyUnusable, match="is needed"):
        store.signer("ours", replace(way.parameters, scheme=other.name, sha1_until=date(2026, 12, 31)))


@pytest.mark.parametrize("name", sorted(OUTDATED_SCHEMES))
def test_an_outdated_scheme_needs_an_exception_that_still_holds(name: SchemeName, new_key: Any, tmp_path: Path) -> None:
    today = [date(2026, 6, 30)]
    store = Keystore.create(tmp_path / "keys.json", "correct horse battery", today=lambda: today[0])
    own = new_key("rsa-2048", 0)
    store.add("ours", "sign", own, state="ACTIVE")
    store.add("theirs", "verify", own.public_only(), owner="counterparty", state="ACTIVE")
    for use, alias in ((store.signer, "ours"), (store.verifier, "theirs")):
        today[0] = date(2026, 6, 30)
        with pytest.raises(KeyUnusable, match="SHA-1"):
            use(alias, SchemeParameters(name))
        assert use(alias, SchemeParameters(name, sha1_until=date(2026, 6, 30)))
        today[0] = date(2026, 7, 1)
        with pytest.raises(KeyUnusable, match="was allowed until 2026-06-30"):
            use(alias, SchemeParameters(name, sha1_until=date(2026, 6, 30)))
    with pytest.raises(KeyUnusable, match="dated exception"):
        SCHEMES[name].verifier({}, SchemeParameters(name))
