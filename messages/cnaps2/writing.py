"""Writing the messages of ``forms`` (报文生成): our inquiry and return answer; the centre's, for those who play it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from messages.cnaps2.forms import DETAIL, FORMS, INFORMATION
from messages.cnaps2.kinds import ROOT, MessageType, namespace
from messages.iso20022.amounts import yuan_column, yuan_text
from messages.xml_columns import element, one_element


@dataclass(frozen=True, slots=True)
class Heading:
    """Who speaks, when, and of which message."""

    message_id: str
    created_at: datetime  # China time, without a zone
    original_id: str
    original_type: MessageType = MessageType.BATCH_CREDIT


def write_message(
    kind: MessageType, heading: Heading, information: Mapping[str, str | None], details: pl.DataFrame | None = None
) -> bytes:
    """The body's octets; ``details`` have DETAIL_SCHEMA, of an inquiry only ``reference``.

    Number and amount are counted here, unless ``information`` states them. Raises ValueError for a text that is
    longer than ``forms`` has it.
    """
    form, root = FORMS[kind], ROOT[kind]
    known = {**_sums(form.required, details), **information}
    texts = {name: text for name in INFORMATION if (text := known.get(name))}
    _require_fitting(texts, details)
    inf = "".join(
        f'<TtlAmt Ccy="CNY">{text}</TtlAmt>' if name == "TtlAmt" else one_element(name, text)
        for name, text in texts.items()
    )
    opening = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="{namespace(kind)}"><{root}>\n'
        f"<GrpHdr>{one_element('MsgId', heading.message_id)}"
        f"<CreDtTm>{heading.created_at.isoformat(timespec='seconds')}</CreDtTm></GrpHdr>\n"
        f"<OrgnlGrpHdr>{one_element('OrgnlMsgId', heading.original_id)}"
        f"<OrgnlMT>{heading.original_type}</OrgnlMT></OrgnlGrpHdr>\n"
        f"<Inf>{inf}</Inf>\n"
    ).encode()
    closing = f"</{root}></Document>\n".encode()
    return opening + _details(form.details, details) + closing


def return_answer(heading: Heading, *, agreed: bool, reason: str | None = None, text: str | None = None) -> bytes:
    """ccms.319 to one ccms.318: ``heading.original_id`` is the request's id; a refusal needs its RJ code.

    Raises ValueError where agreement and reason contradict each other.
    """
    if agreed == (reason is not None):
        raise ValueError("a return is agreed to without a reason, or refused with one")
    information = {"PrcSts": "PR10" if agreed else "PR09", "RjctCd": reason, "RjctInf": text}
    return write_message(MessageType.RETURN_ANSWER, heading, information)


def _require_fitting(texts: Mapping[str, str], details: pl.DataFrame | None) -> None:
    for name, text in texts.items():
        if len(text) > INFORMATION[name]:
            raise ValueError(f"{name} holds at most {INFORMATION[name]} characters")
    columns = pl.DataFrame() if details is None else details.select(pl.col(pl.String).str.len_chars().max())
    for name, field in DETAIL.items():
        if field.column in columns.columns and (columns[field.column][0] or 0) > field.longest:
            raise ValueError(f"{name} holds at most {field.longest} characters")


def _sums(required: frozenset[str], details: pl.DataFrame | None) -> dict[str, str]:
    sums = {}
    if "NbOfTxs" in required:
        sums["NbOfTxs"] = str(0 if details is None else details.height)
    if "TtlAmt" in required:
        sums["TtlAmt"] = yuan_text(0 if details is None else int(details["amount_fen"].sum()))
    return sums


def _details(form: str, details: pl.DataFrame | None) -> bytes:
    if details is None or details.is_empty():
        return b""
    reference = element("TxId", "reference")
    row = pl.format("<Dtl>{}</Dtl>\n", reference) if form == "asked" else _state(reference)
    octets: bytes = details.select(row).to_series().str.join("").cast(pl.Binary).item()
    return octets


def _state(reference: pl.Expr) -> pl.Expr:
    day = pl.col("settled_on").dt.strftime("%Y-%m-%d")
    return pl.format(
        '<Dtl>{}{}<Amt Ccy="CNY">{}</Amt>{}{}{}{}{}</Dtl>\n',
        *(reference, element("CdtrAcctId", "account"), yuan_column("amount_fen")),
        element("PrcSts", "status_raw"),
        *(element("RjctCd", "reason_raw", optional=True), element("RjctInf", "text_raw", optional=True)),
        element("TxRef", "bank_reference", optional=True),
        pl.format("<SttlmDt>{}</SttlmDt>", day).fill_null(""),
    )
