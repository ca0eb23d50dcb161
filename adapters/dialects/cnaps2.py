"""The CNAPS2 dialect (第二代支付系统报文方言): beps.382, ccms.314 and 319 out; 383, 315, 318, 900 and 911 in.

Bytes here are the XML body; block header and signature are the envelope's (``adapters.envelopes.cnaps2_block``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Final

import polars as pl

from adapters.contract import (
    RESULT_SCHEMA,
    CannotTranslate,
    Consent,
    InstructionHead,
    MessageRefused,
    ParsedResult,
    Question,
    ResultKind,
)
from adapters.profile import BankProfile
from messages.bounded_xml import Malformed
from messages.cnaps2 import batch_credit
from messages.cnaps2.batch_credit import MOST_ROWS, BatchCreditHead, BatchCreditUnwritable
from messages.cnaps2.block import FRAME_BYTES
from messages.cnaps2.kinds import MessageType
from messages.cnaps2.reading import MOST_BYTES, SmallMessage, read_message
from messages.cnaps2.writing import Heading, return_answer, write_message

CHINA: Final = timezone(timedelta(hours=8))  # no daylight saving: an offset is enough

KINDS: Final[dict[MessageType, ResultKind]] = {
    MessageType.CONFIRMATION: ResultKind.ACKNOWLEDGEMENT,
    MessageType.DISCARD: ResultKind.ACKNOWLEDGEMENT,
    MessageType.BATCH_CREDIT_RESULT: ResultKind.RESULT,
    MessageType.INQUIRY_ANSWER: ResultKind.RESULT,
    MessageType.RETURN_REQUEST: ResultKind.RETURN,
}
"""What the centre may send us about a batch credit."""
FOUND: Final = "QR00"
NOT_FOUND: Final = "QR01"
RETURNED: Final = "PR23"
NOT_AS_ASKED: Final = "RJ90"
"""Other (其他): details that we do not know, or that were not paid."""


class Cnaps2Dialect:
    """``adapters.contract.Dialect``, ``Inquirer`` and ``Consenting`` for clearing centres that speak CNAPS2."""

    def rows_per_file(self, profile: BankProfile) -> int:
        """Rows that fit whatever is in them, the block header and signature counted; ValueError where not one does."""
        limits = profile.limits
        least = batch_credit.frame_bytes() + FRAME_BYTES
        rows = min(limits.rows_per_file, MOST_ROWS, (limits.bytes_per_file - least) // batch_credit.longest_detail())
        if rows < 1:
            least += batch_credit.longest_detail()
            raise ValueError(f"bank {profile.bank}: limits.bytes_per_file must be at least {least} for beps.382")
        return rows

    def carries(self, profile: BankProfile, block: pl.DataFrame) -> list[tuple[int, str, str]]:
        """(row index, field, why) of items that beps.382, or this bank's limit per item, does not allow."""
        most = profile.limits.amount_fen_per_item
        over = block.select((pl.col("amount_fen") > most).fill_null(False).arg_true()).to_series()
        findings = [(row, "amount_fen", f"is over this bank's {most} fen per item") for row in over]
        return sorted(batch_credit.unwritable(block) + findings)

    def carries_head(self, profile: BankProfile, head: InstructionHead) -> list[tuple[str, str]]:  # noqa: ARG002
        """What of a head the message does not hold, as (field, why)."""
        return batch_credit.unwritable_head({name: getattr(head, name) for name in batch_credit.HEAD_TEXTS})

    def build(self, profile: BankProfile, head: InstructionHead, blocks: Iterable[pl.DataFrame]) -> Iterator[bytes]:
        """The beps.382, a chunk a block; raises CannotTranslate, and ValueError where rows and head differ."""
        _require_utf8(profile)
        try:
            yield from batch_credit.build(_head(head), blocks)
        except BatchCreditUnwritable as refusal:
            raise CannotTranslate(refusal.findings) from None

    def inquiry(self, profile: BankProfile, question: Question) -> bytes:
        """The ccms.314 about one batch credit, or about some of its details."""
        _require_utf8(profile)
        heading = Heading(question.inquiry_id, china_time(question.created_at), question.original_message_id)
        asked = pl.DataFrame({"reference": list(question.references)}, schema={"reference": pl.String()})
        return write_message(MessageType.INQUIRY, heading, {}, asked)

    def consent(self, profile: BankProfile, consent: Consent) -> bytes:
        """The ccms.319 to one ccms.318."""
        _require_utf8(profile)
        heading = Heading(
            consent.message_id,
            china_time(consent.created_at),
            consent.original_message_id,
            MessageType.RETURN_REQUEST,
        )
        return return_answer(heading, agreed=consent.agreed, reason=None if consent.agreed else NOT_AS_ASKED)

    def parse(self, profile: BankProfile, name: str, chunks: Iterable[bytes]) -> ParsedResult:  # noqa: ARG002
        """What the centre says about a batch credit; ``name`` tells nothing on a queue. Raises MessageRefused."""
        most = min(profile.limits.result_bytes, MOST_BYTES)
        try:
            return _result(read_message(bounded(chunks, most), max_bytes=most))
        except Malformed as fault:
            raise MessageRefused(fault.what, line=fault.line, field_name=fault.field, clause=fault.clause) from None


def china_time(moment: datetime) -> datetime:
    """The moment on China's clock, without a zone; a moment without a zone is taken as it is."""
    return (moment.astimezone(CHINA) if moment.tzinfo else moment).replace(tzinfo=None, microsecond=0)


def bounded(chunks: Iterable[bytes], most: int) -> bytes:
    """The chunks as one, cut soon after ``most`` octets: enough for a reader to see that it is too long."""
    whole = bytearray()
    for chunk in chunks:
        whole += chunk
        if len(whole) > most:
            break
    return bytes(whole)


def _require_utf8(profile: BankProfile) -> None:
    if profile.encoding != "utf-8":
        raise ValueError(
            f"bank {profile.bank}: CNAPS2 bodies are written in utf-8, the profile says {profile.encoding}"
        )


def _head(head: InstructionHead) -> BatchCreditHead:
    return BatchCreditHead(
        message_id=head.message_id,
        created_at=china_time(head.created_at),
        requested_on=head.requested_on,
        rows=head.rows,
        total_fen=head.total_fen,
        voucher_no=head.voucher_no,
        project_code=head.project_code,
        policy_name=head.policy_name,
        debtor_name=head.debtor_name,
        debtor_account=head.debtor_account,
        debtor_bank_code=head.debtor_bank_code,
    )


def _result(said: SmallMessage) -> ParsedResult:
    if said.kind not in KINDS:
        raise MessageRefused("is a message that we send and never take", line=1, field_name="xmlns", clause="1.3")
    if said.original_type != MessageType.BATCH_CREDIT:
        # A refused or discarded question says nothing about the instruction that it asked for.
        raise MessageRefused("answers another message than a batch credit", field_name="OrgnlMT", clause="1.4")
    _check_sense(said)
    information = dict(said.information)
    if information.get("QryRslt") == FOUND and "PrcSts" in information:
        del information["QryRslt"]  # found, and the state of the whole is said: that tells more
    return ParsedResult(
        kind=KINDS[said.kind],
        original_message_id=said.original_id,
        group_status_raw=information.get("QryRslt") or information.get("PrcSts"),
        group_reason_raw=information.get("RjctCd"),
        group_text_raw=information.get("RjctInf"),
        blocks=(said.details.select(*RESULT_SCHEMA),) if said.details.height else (),
        consent_to=said.message_id if said.kind is MessageType.RETURN_REQUEST else None,
    )


def _check_sense(said: SmallMessage) -> None:
    if said.information.get("QryRslt") == NOT_FOUND and said.details.height:
        raise MessageRefused(
            "says that it knows nothing, and then tells of details", field_name="QryRslt", clause="9.3"
        )
    if said.kind is MessageType.RETURN_REQUEST and not (said.details["status_raw"] == RETURNED).all():
        raise MessageRefused("asks to return what it does not call returned", field_name="PrcSts", clause="10.3")
