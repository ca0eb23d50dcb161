"""The lines of the table for every shipped bank: its dialect, its envelope, and the other side of its wire."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final
from unittest.mock import patch
from urllib.parse import quote_from_bytes

import polars as pl

from adapters.contract import RESULT_SCHEMA, Compound, MessageRefused, ParsedResult
from adapters.envelopes.json_sm4 import JsonSm4Envelope
from crypto.contract import MessageCipher, SealBroken, SignatureInvalid, StreamSigner, StreamVerifier
from crypto.schemes.sm4_cbc import Sm4CbcCipher
from fuzzing.pieces import agreed, cut
from fuzzing.samples import from_bank, from_gateway, golden_of, sealed_by_bank, sealed_by_us
from fuzzing.target import Target
from fuzzing.world import Family, family, profiles
from messages.layout import xml_reading
from simulators.bank_contract import MessageInvalid, NotGenuine

_OPENING: Final = (SignatureInvalid, SealBroken, MessageRefused)
_LONGEST_ID: Final = 64
_SHARED: Final = Sm4CbcCipher({"fuzz": bytes(range(16))}, "fuzz")


def bank_targets() -> Iterator[Target]:
    """Every line that depends on a profile."""
    for bank, profile in sorted(profiles().items()):
        slow = profile.record_layout is not None
        messages = ("acknowledgement", "result", "returned") if profile.by_files else ("message",)
        for message in messages:
            if profile.file_names is not None and getattr(profile.file_names, message) is None:
                continue
            name = f"dialect.{bank}" + (f".{message}" if profile.by_files else "")
            yield Target(name, partial(_read, bank, message), (MessageRefused,), partial(_seeds, bank), slow)
        yield Target(f"codec.{bank}", partial(_codec, bank), (MessageInvalid,), partial(_asked, bank), slow)
        if profile.security.envelope != "detached":
            yield Target(f"envelope.{bank}", partial(_open, bank), _OPENING, partial(_sealed, bank))
            trusting = partial(_open_trusting, bank)
            yield Target(f"envelope.{bank}.trusting", trusting, _OPENING, partial(_trusted, bank), slow)
            yield Target(f"seal.{bank}", partial(_unseal, bank), (NotGenuine,), partial(sealed_by_us, bank))


def _seeds(bank: str) -> list[bytes]:
    return [*from_bank(bank), *golden_of(bank)]


def _asked(bank: str) -> list[bytes]:
    return [*from_gateway(bank), *golden_of(bank)]


def _sealed(bank: str) -> list[bytes]:
    return [*sealed_by_bank(bank), *golden_of(bank)]


def _codec(bank: str, content: bytes) -> object:
    return family(bank).codec.read(content)


def _unseal(bank: str, content: bytes) -> bytes:
    return family(bank).seal.open(content, None)


def _read(bank: str, message: str, content: bytes) -> tuple[ParsedResult, ...]:
    one = family(bank)
    read = _reader(one, one.name(message) if one.profile.by_files else "message")
    ways = [partial(read, [content]), partial(read, cut(content))]
    if one.profile.dialect == "record-xml":
        ways.append(partial(_quickly, read, content))
    results = agreed(ways, (MessageRefused,), _shown)
    _check(one, results)
    return results


def _reader(one: Family, name: str) -> Callable[[Iterable[bytes]], tuple[ParsedResult, ...]]:
    dialect = one.dialect
    if isinstance(dialect, Compound):
        return partial(dialect.parse_all, one.profile, name)
    return lambda chunks: (dialect.parse(one.profile, name, chunks),)


def _quickly(read: Callable[[Iterable[bytes]], tuple[ParsedResult, ...]], content: bytes) -> tuple[ParsedResult, ...]:
    """With the quick reader of records, which otherwise takes long runs only."""
    with patch.object(xml_reading, "BULK_FROM_OCTETS", 1):
        return read([content])


def _shown(results: tuple[ParsedResult, ...]) -> object:
    return [
        (
            *(one.kind, one.original_message_id, one.group_status_raw, one.group_reason_raw, one.group_text_raw),
            *(one.group_outcome, [row for block in one.blocks for row in block.iter_rows()]),
        )
        for one in results
    ]


def _check(one: Family, results: tuple[ParsedResult, ...]) -> None:
    """What the services rely on: the columns, and codes that can be looked up whatever they are."""
    for result in results:
        assert 0 < len(result.original_message_id) <= _LONGEST_ID, "an instruction's id is empty or unbounded"
        one.codes.file(result.group_status_raw, result.group_reason_raw)
        for block in result.blocks:
            assert block.schema == pl.Schema(RESULT_SCHEMA), f"columns are {block.schema}"
            assert not block["reference"].null_count(), "a row without a reference"
            assert block.select((pl.col("amount_fen") < 0).any()).item() is not True, "an amount below zero"
            one.codes.apply(block)


def _open(bank: str, content: bytes) -> bytes:
    one = family(bank)
    assert one.envelope is not None
    return one.envelope.open(one.profile, content, one.keys).body


def _open_trusting(bank: str, content: bytes) -> tuple[ParsedResult, ...]:
    """With every signature taken as right, so that all behind it is reached, and read."""
    one = family(bank)
    assert one.envelope is not None
    encrypted = isinstance(one.envelope, JsonSm4Envelope)
    framed = _encrypted(one, content) if encrypted else content
    body = one.envelope.open(one.profile, framed, _Trusting()).body
    return _read(bank, "message", body)


def _encrypted(one: Family, plain: bytes) -> bytes:
    """Fuzzed is what the form holds, not its encryption."""
    user = (one.profile.security.user_code or "").encode()
    code = plain[len(b'{"response":{"head":{"funcode":"') :][:8]
    data = quote_from_bytes(b64encode(_SHARED.encrypt(plain, user.ljust(16, b"0"))), safe="").encode()
    return b"UID=%b&ALG=SM&FUNCODE=%b&DATA=%b" % (user, code, data)


def _trusted(bank: str) -> list[bytes]:
    one = family(bank)
    if not isinstance(one.envelope, JsonSm4Envelope):
        return sealed_by_bank(bank)
    signature = b',"signature":{"sigtim":"20260101000000","sigdat":"%b=="}}' % (b"A" * 86)
    return [body[:-1] + signature for body in from_bank(bank)]


@dataclass(frozen=True)
class _Trusting:
    """``adapters.envelopes.contract.EnvelopeKeys`` for which every signature is right."""

    def signer(self) -> StreamSigner:
        raise AssertionError("nothing is signed here")

    def verifier(self) -> StreamVerifier:
        return _Yes()

    def cipher(self) -> MessageCipher:
        return _SHARED


class _Yes:
    def update(self, data: bytes) -> None:
        """Whatever it is."""

    def verify(self, signature: bytes) -> str:  # noqa: ARG002
        return "fuzz"
