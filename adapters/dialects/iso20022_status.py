"""What a pain.002 says of the file as a whole (组状态与付款信息状态), and the statement that a message is not known.

Source: ISO 20022 external code set ExternalPaymentGroupStatus1Code. A status of the file never says that a payee has
his money: ACSC is the settlement on the *debtor's* account. Only items are PAID.
"""

from __future__ import annotations

import json
from typing import Final

import polars as pl

from adapters.contract import MessageRefused, ParsedResult, ResultKind
from messages.iso20022.pain002 import StatusReport
from messages.outcome import Outcome

REJECTED: Final = "RJCT"
NOT_FOUND: Final = "NOT_FOUND"

GROUP_OUTCOMES: Final[dict[str, Outcome]] = {
    "ACTC": Outcome.ACCEPTED,  # technical validation passed
    "ACCP": Outcome.ACCEPTED,  # customer profile check passed as well
    "ACSP": Outcome.ACCEPTED,  # settlement in process
    "ACSC": Outcome.ACCEPTED,  # settled on the debtor's account
    "PDNG": Outcome.ACCEPTED,  # taken, further checks to come
    "PART": Outcome.ACCEPTED,  # taken in part: the items say which
    REJECTED: Outcome.FAILED,  # rejected as a whole
}
"""Any other status is left to the bank's code table."""

_LONGEST_ANSWER: Final = 4_096
_LONGEST_ID: Final = 35


def from_report(report: StatusReport) -> ParsedResult:
    """The report as the gateway's result; raises MessageRefused where it does not answer a message of ours."""
    _check_answers_ours(report)
    status, reason, text = _group_words(report)
    listed = any(block.height for block in report.blocks)
    return ParsedResult(
        kind=ResultKind.RESULT if listed else ResultKind.ACKNOWLEDGEMENT,
        original_message_id=report.original_message_id,
        group_status_raw=status,
        group_reason_raw=reason,
        group_text_raw=text,
        group_outcome=_group_outcome(report, status),
        blocks=report.blocks,
    )


def _check_answers_ours(report: StatusReport) -> None:
    if not report.original_message_name.startswith("pain.001"):
        raise MessageRefused("it answers another kind of message than pain.001", field_name="OrgnlMsgNmId")
    if any(payment.payment_id != report.original_message_id for payment in report.payments):
        raise MessageRefused(
            "it speaks of a payment information that the original message does not have", field_name="OrgnlPmtInfId"
        )


def _group_words(report: StatusReport) -> tuple[str | None, str | None, str | None]:
    """(status, reason, text): of the payment information where it stands for the file, else of the group."""
    for payment in report.payments:
        if payment.status is not None and (payment.records == 0 or report.group_status is None):
            return payment.status, payment.reason or report.group_reason, payment.text or report.group_text
    return report.group_status, report.group_reason, report.group_text


def _group_outcome(report: StatusReport, status: str | None) -> Outcome | None:
    if status is None:
        return None
    statuses = {report.group_status, *(payment.status for payment in report.payments)} - {None, "PART"}
    if REJECTED in statuses and (len(statuses) > 1 or not _all_rejected(report.blocks)):
        return Outcome.UNKNOWN  # rejected and not rejected: a contradiction decides nothing
    return GROUP_OUTCOMES.get(status)


def _all_rejected(blocks: tuple[pl.DataFrame, ...]) -> bool:
    return all(bool((block["status_raw"] == REJECTED).all()) for block in blocks)


def not_found(body: bytes) -> ParsedResult:
    """The bank's statement that it never received a message; raises MessageRefused for anything else."""
    try:
        if len(body) > _LONGEST_ANSWER:
            raise ValueError
        answer = json.loads(body.decode("utf-8"), object_pairs_hook=_once)
        status, message_id = answer["status"], answer["message_id"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise MessageRefused("not a JSON object with message_id and status, each once", line=1) from None
    if status != NOT_FOUND:
        raise MessageRefused(f"a JSON answer other than {NOT_FOUND}", line=1, field_name="status")
    if not isinstance(message_id, str) or not 0 < len(message_id) <= _LONGEST_ID:
        raise MessageRefused(f"not a message id of 1 to {_LONGEST_ID} characters", line=1, field_name="message_id")
    return ParsedResult(
        kind=ResultKind.ACKNOWLEDGEMENT,
        original_message_id=message_id,
        group_status_raw=NOT_FOUND,
        group_outcome=Outcome.ABSENT,
    )


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError
    return dict(pairs)
