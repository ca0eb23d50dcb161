"""acmt.023.001.02 and acmt.024.001.02: asking whether name and account belong together (账户信息核验), and the answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import polars as pl

from messages.iso20022.characters import escaped, escaped_text
from messages.iso20022.finished import finished
from messages.iso20022.schema import ACMT_023, ACMT_024, namespace
from messages.iso20022.unreadable import Unreadable

REQUEST_COLUMNS: Final = ("reference", "name", "id_number", "account")
"""Strings; ``reference`` of at most 35 characters is answered back; ``id_number`` may be null."""

ANSWER_SCHEMA: Final[dict[str, pl.DataType]] = {
    "reference": pl.String(),
    "matches": pl.Boolean(),  # Vrfctn
    "reason": pl.String(),  # Rsn/Cd or Rsn/Prtry; null when none
}
LONGEST_NAME: Final = 140
_CHUNK_ROWS: Final = 1_000


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """One acmt.024."""

    message_id: str
    original_message_id: str
    answers: pl.DataFrame  # ANSWER_SCHEMA


def build_verification_request(
    message_id: str, created_at: datetime, asker: str, bank: str, rows: pl.DataFrame
) -> Iterator[bytes]:
    """The acmt.023 in chunks; ``rows`` has REQUEST_COLUMNS; raises ValueError for a name above 140 characters."""
    if rows.select((pl.col("name").str.len_chars() > LONGEST_NAME).any()).item():
        raise ValueError(f"a name is longer than the {LONGEST_NAME} characters of Max140Text")
    yield (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{namespace(ACMT_023)}"><IdVrfctnReq>'
        f"{_assignment(message_id, created_at, asker, bank)}\n"
    ).encode()
    number = pl.format("<Id><PrvtId><Othr><Id>{}</Id></Othr></PrvtId></Id>", escaped("id_number"))
    record = pl.format(
        "<Vrfctn><Id>{}</Id><PtyAndAcctId><Pty><Nm>{}</Nm>{}</Pty>"
        "<Acct><Othr><Id>{}</Id></Othr></Acct></PtyAndAcctId></Vrfctn>\n",
        escaped("reference"),
        escaped("name"),
        pl.when(pl.col("id_number").is_not_null()).then(number).otherwise(pl.lit("")),
        escaped("account"),
    )
    for part in rows.iter_slices(_CHUNK_ROWS):
        chunk: bytes = part.select(record.str.join("").cast(pl.Binary)).item()
        yield chunk
    yield b"</IdVrfctnReq></Document>\n"


def build_verification_report(
    message_id: str, original_message_id: str, created_at: datetime, asker: str, bank: str, answers: pl.DataFrame
) -> bytes:
    """The acmt.024 that a bank answers; ``answers`` has ANSWER_SCHEMA."""
    created = created_at.replace(microsecond=0).isoformat()
    reason = pl.format("<Rsn><Prtry>{}</Prtry></Rsn>", escaped("reason"))
    record = pl.format(
        "<Rpt><OrgnlId>{}</OrgnlId><Vrfctn>{}</Vrfctn>{}</Rpt>\n",
        escaped("reference"),
        pl.when("matches").then(pl.lit("true")).otherwise(pl.lit("false")),
        pl.when(pl.col("reason").is_not_null()).then(reason).otherwise(pl.lit("")),
    )
    rows = answers.select(record.str.join("")).item()
    original = f"<MsgId>{escaped_text(original_message_id)}</MsgId><CreDtTm>{created}</CreDtTm>"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{namespace(ACMT_024)}"><IdVrfctnRpt>'
        f"{_assignment(message_id, created_at, bank, asker)}<OrgnlAssgnmt>{original}</OrgnlAssgnmt>\n"
        f"{rows}</IdVrfctnRpt></Document>\n"
    ).encode()


def _assignment(message_id: str, created_at: datetime, sender: str, receiver: str) -> str:
    created = created_at.replace(microsecond=0).isoformat()
    parties = "".join(
        f"<{role}><Pty><Nm>{escaped_text(name)}</Nm></Pty></{role}>"
        for role, name in (("Assgnr", sender), ("Assgne", receiver))
    )
    return f"<Assgnmt><MsgId>{escaped_text(message_id)}</MsgId><CreDtTm>{created}</CreDtTm>{parties}</Assgnmt>"


def parse_verification_request(chunks: Iterable[bytes], *, max_bytes: int) -> tuple[str, pl.DataFrame]:
    """(message id, REQUEST_COLUMNS): the bank's side; raises Unreadable."""
    message_id, rows = "", []
    wanted = ("IdVrfctnReq/Vrfctn", "IdVrfctnReq/Assgnmt")
    for _, node in finished(chunks, messages=(ACMT_023,), wanted=wanted, max_bytes=max_bytes):
        if node.name == "Assgnmt":
            message_id = node.required("MsgId")
            continue
        who = "PtyAndAcctId/Pty"
        rows.append(
            {
                "reference": node.required("Id"),
                "name": node.required(f"{who}/Nm", LONGEST_NAME),
                "id_number": node.text(f"{who}/Id/PrvtId/Othr/Id", 35),
                "account": node.required("PtyAndAcctId/Acct/Othr/Id", 34),
            }
        )
    return message_id, pl.DataFrame(rows, schema=dict.fromkeys(REQUEST_COLUMNS, pl.String))


def parse_verification_report(chunks: Iterable[bytes], *, max_bytes: int) -> VerificationReport:
    """Raises Unreadable with the line; an indicator other than true or false decides nothing and is refused."""
    identity, original = "", None
    rows: list[dict[str, Any]] = []
    wanted = ("IdVrfctnRpt/Rpt", "IdVrfctnRpt/Assgnmt", "IdVrfctnRpt/OrgnlAssgnmt")
    for _, node in finished(chunks, messages=(ACMT_024,), wanted=wanted, max_bytes=max_bytes):
        if node.name == "Assgnmt":
            identity = node.required("MsgId")
        elif node.name == "OrgnlAssgnmt":
            original = node.required("MsgId")
        else:
            said = node.required("Vrfctn", 5)
            if said not in {"true", "false", "1", "0"}:
                raise Unreadable("neither true nor false", line=node.line, field="Vrfctn")
            reason = node.text("Rsn/Cd", 4) or node.text("Rsn/Prtry", 35)
            rows.append({"reference": node.required("OrgnlId"), "matches": said in {"true", "1"}, "reason": reason})
    if original is None:
        raise Unreadable("which request it answers is not said", field="OrgnlAssgnmt")
    return VerificationReport(identity, original, pl.DataFrame(rows, schema=ANSWER_SCHEMA))
