"""The lines of the table for the standards' messages: ISO 20022, CNAPS2, treasury vouchers, frames on a line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC
from functools import partial
from typing import Any, Final
from unittest.mock import patch

import polars as pl

from fuzzing.marker import ACCOUNT, NAME
from fuzzing.pieces import agreed, cut, whole_and_cut
from fuzzing.samples import from_bank, from_gateway, golden, sealed_by_bank, sealed_by_us
from fuzzing.target import Disagreement, Target
from fuzzing.world import AT, MESSAGE_ID, TODAY
from messages import xml_rows
from messages.bounded_xml import Malformed, read_tree
from messages.cnaps2 import block
from messages.cnaps2.batch_credit_read import read_batch_credit
from messages.cnaps2.kinds import type_of
from messages.cnaps2.reading import read_message
from messages.framing.errors import FrameRefused
from messages.framing.frame import Frame
from messages.framing.framing import FRAMINGS, Framing
from messages.iso20022.account_report import parse_account_reports
from messages.iso20022.pain001_read import read_instruction
from messages.iso20022.pain002 import StatusReport, parse_status_report
from messages.iso20022.payment_return import RETURN_SCHEMA, build_payment_return, parse_payment_return
from messages.iso20022.unreadable import Unreadable
from messages.iso20022.verification import (
    REQUEST_COLUMNS,
    build_verification_request,
    parse_verification_report,
    parse_verification_request,
)
from messages.voucher.envelope import read_mof

_MOST: Final = 1_000_000
_FRAME_LIMIT: Final = 4_096


def standard_targets() -> Iterator[Target]:
    """Every line that depends on no profile."""
    yield Target("iso.pain001", _pain001, (Unreadable,), partial(_iso, from_gateway))
    yield Target("iso.pain002", _pain002, (Unreadable,), partial(_iso, from_bank))
    for name, parse in (
        ("iso.camt", parse_account_reports),
        ("iso.pacs004", parse_payment_return),
        ("iso.acmt023", parse_verification_request),
        ("iso.acmt024", parse_verification_report),
    ):
        yield Target(name, partial(_streamed, parse), (Unreadable,), _accounts)
    yield Target("cnaps2.block", _block, (Malformed,), _cnaps2_sealed)
    for name, read, bank in (
        ("cnaps2.message", read_message, "clearing-cnaps"),
        ("cnaps2.batch-credit", read_batch_credit, "clearing-cnaps"),
        ("voucher.mof", read_mof, "treasury-voucher"),
    ):
        yield Target(name, partial(_either, read), (Malformed,), partial(_family, bank))
    for encoding in ("utf-8", "gbk"):
        bounded = partial(read_tree, encoding=encoding, max_bytes=_MOST, max_tags=10_000)
        yield Target(f"xml.bounded.{encoding}", bounded, (Malformed,), partial(_family, "treasury-voucher"))
    for framing in FRAMINGS.values():
        yield Target(f"frames.{framing.name}", partial(_frames, framing), (FrameRefused,), partial(_framed, framing))


def _iso(side: Callable[[str], tuple[bytes, ...]]) -> list[bytes]:
    return [*side("city-iso"), *golden("iso20022")]


def _family(bank: str) -> list[bytes]:
    return [*from_bank(bank), *from_gateway(bank), *golden(bank.replace("-", "_"))]


def _accounts() -> list[bytes]:
    """The hand-written account messages, and two with the planted person in them."""
    person = {"reference": "7K3M9QXWZ4T200000000", "name": NAME, "id_number": "532301199001013014", "account": ACCOUNT}
    rows = pl.DataFrame([person], schema=dict.fromkeys(REQUEST_COLUMNS, pl.String))
    asked = b"".join(build_verification_request("V1", AT.astimezone(UTC), "gateway", "bank", rows))
    back: dict[str, Any] = dict.fromkeys(RETURN_SCHEMA) | {
        "original_message_id": MESSAGE_ID,
        "reference": "7K3M9QXWZ4T200000000",
        "amount_fen": 12_345,
        "reason": "AC04",
        "text": NAME,
        "settled_on": TODAY,
        "account": ACCOUNT,
    }
    returned = build_payment_return("R1", AT, TODAY, pl.DataFrame([back], schema=RETURN_SCHEMA))
    return [asked, returned, *golden("iso20022")]


def _cnaps2_sealed() -> list[bytes]:
    bank = "clearing-cnaps"
    return [*sealed_by_bank(bank), *sealed_by_us(bank), *golden("clearing_cnaps", ".message", ".header")]


def _pain001(content: bytes) -> object:
    def read(chunks: Iterable[bytes]) -> object:
        head, items = read_instruction(chunks, max_bytes=_MOST)
        return head, items.rows()

    return whole_and_cut(read, content, (Unreadable,), lambda answer: answer)


def _pain002(content: bytes) -> StatusReport:
    """Whole, in pieces, and with the quick reader of records, which otherwise takes long runs only."""
    read = partial(parse_status_report, max_bytes=_MOST)
    ways = [partial(read, [content]), partial(read, cut(content)), partial(read, [content], bulk_from_bytes=1)]
    return agreed(ways, (Unreadable,), _report)


def _report(report: StatusReport) -> object:
    rows = [row for one in report.blocks for row in one.iter_rows()]
    return (
        *(report.message_id, report.original_message_id, report.original_message_name),
        *(report.group_status, report.group_reason, report.group_text, report.payments, rows),
    )


def _streamed(parse: Callable[..., object], content: bytes) -> object:
    return whole_and_cut(lambda chunks: parse(chunks, max_bytes=_MOST), content, (Unreadable,), _plain)


def _plain(answer: object) -> object:
    """Columns as rows, wherever they stand, so that answers can be compared."""
    if isinstance(answer, pl.DataFrame):
        return answer.rows()
    if isinstance(answer, tuple):
        return [_plain(one) for one in answer]
    if hasattr(answer, "__dataclass_fields__"):
        return [_plain(getattr(answer, name)) for name in answer.__dataclass_fields__]
    return answer


def _either(read: Callable[[bytes], object], content: bytes) -> object:
    """With the quick reader of records and without it."""

    def thoroughly() -> object:
        with patch.object(xml_rows, "_quickly", return_value=None):
            return read(content)

    return agreed([lambda: read(content), thoroughly], (Malformed,), _plain)


def _block(content: bytes) -> object:
    """Cut, and everything that is done before the signature is known to be right."""
    parts = block.split(content)
    return block.signed_text(parts.header, parts.body), type_of(parts.body)


def _frames(framing: Framing, content: bytes) -> list[Frame]:
    """Fed at once and in pieces; every frame goes back into octets and out again."""
    frames, refused = _fed(framing, [content])
    others, again = _fed(framing, cut(content))
    if frames != others or (refused is None) != (again is None):  # in pieces a wrong head is refused earlier
        raise Disagreement(f"whole: {len(frames)} frames, {refused}; in pieces: {len(others)} frames, {again}")
    for frame in frames:
        if framing.decoder(_FRAME_LIMIT).feed(framing.encode(frame.body)) != [frame]:
            raise Disagreement(f"a frame of {len(frame.body)} octets is another after it was written")
    if refused is not None:
        raise refused
    return frames


def _fed(framing: Framing, pieces: list[bytes]) -> tuple[list[Frame], FrameRefused | None]:
    decoder, frames = framing.decoder(_FRAME_LIMIT), list[Frame]()
    for piece in pieces:
        try:
            frames += decoder.feed(piece)
        except FrameRefused as refused:
            frames += refused.before
            return frames, refused
        if decoder.unfinished > _FRAME_LIMIT + framing.head_bytes:
            raise AssertionError(f"{decoder.unfinished} octets are held: more than one frame")
    return frames, None


def _framed(framing: Framing) -> list[bytes]:
    bodies = [f"{NAME}{ACCOUNT}".encode(), b"", b"<Root/>", bytes(300)]
    return [b"".join(map(framing.encode, bodies)), framing.heartbeat * 3, framing.head(4_097), b"\0" * 12]
