"""pain.001.001.09, customer credit transfer initiation (客户发起贷记汇款), written from columns.

One message, one payment information block, one ``CdtTrfTxInf`` a line. The bytes are a pure function of the
head and the rows. What has no element of its own in the wire agreement stands where the standard has a place:
the project code as the category purpose, the voucher number as the instruction for the debtor agent (the bank
debits against that voucher), the kind of account as the account type.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

import polars as pl

from messages.batch.columns import PayeeKind
from messages.iso20022.amounts import CURRENCY, MAX_FEN, yuan_column, yuan_text
from messages.iso20022.characters import LONGEST_ESCAPE, escaped, escaped_text, text_is_legal
from messages.iso20022.pain001_limits import LONGEST, TEXT_COLUMNS, suspects_of, unwritable
from messages.iso20022.schema import PAIN_001, namespace

CLEARING_SYSTEM: Final = "CNAPS"
"""ExternalClearingSystemIdentification1Code of China's 行号."""

CHUNK_ROWS: Final = 1_000
_PART_ROWS: Final = 10_000
_CHINA: Final = timezone(timedelta(hours=8))  # no daylight saving: an offset is enough
_CLOSING: Final = b"</PmtInf></CstmrCdtTrfInitn></Document>\n"
_AGENT: Final = (
    f"<FinInstnId><ClrSysMmbId><ClrSysId><Cd>{CLEARING_SYSTEM}</Cd></ClrSysId>"
    "<MmbId>{}</MmbId></ClrSysMmbId></FinInstnId>"
)
_TEMPLATE: Final = (
    "<CdtTrfTxInf><PmtId><InstrId>{}</InstrId><EndToEndId>{}</EndToEndId></PmtId>"
    f'<Amt><InstdAmt Ccy="{CURRENCY}">{{}}</InstdAmt></Amt><CdtrAgt>{_AGENT}</CdtrAgt>'
    "<Cdtr><Nm>{}</Nm><Id><{}><Othr><Id>{}</Id><SchmeNm><Prtry>{}</Prtry></SchmeNm></Othr></{}></Id></Cdtr>"
    "<CdtrAcct><Id><Othr><Id>{}</Id></Othr></Id><Tp><Prtry>{}</Prtry></Tp></CdtrAcct>"
    "<RmtInf><Ustrd>{}</Ustrd>{}</RmtInf></CdtTrfTxInf>\n"
)
_HEAD_LIMITS: Final[dict[str, tuple[int, int]]] = {  # shortest, longest
    "message_id": (1, 35),
    "debtor_name": (1, 140),
    "debtor_account": (1, 34),
    "debtor_bank_code": (1, 35),
    "policy_name": (1, 140),
    "project_code": (0, 35),
    "voucher_no": (0, 140),
}


@dataclass(frozen=True, slots=True)
class Pain001Head:
    """What the message says above its items."""

    message_id: str  # GrpHdr/MsgId and PmtInfId
    rows: int
    total_fen: int
    created_at: datetime  # without a zone it is UTC
    requested_on: date
    debtor_name: str
    debtor_account: str
    debtor_bank_code: str
    policy_name: str  # the first Ustrd of each item
    project_code: str = ""  # CtgyPurp/Prtry; empty: left out
    voucher_no: str = ""  # InstrForDbtrAgt; empty: left out


class Pain001Unwritable(Exception):
    """The message cannot carry what it was given; ``findings`` are (item_no, field, why), item 0 is the head."""

    def __init__(self, findings: list[tuple[int, str, str]]):
        self.findings = findings
        item_no, field, why = findings[0]
        super().__init__(f"{len(findings)} finding(s), first: item {item_no}, {field} {why}")


def build(head: Pain001Head, blocks: Iterable[pl.DataFrame]) -> Iterator[bytes]:
    """The message's bytes in chunks of at most ``CHUNK_ROWS`` items, some 650 kB.

    ``blocks`` have ``STORED_SCHEMA`` plus ``reference``. Raises Pain001Unwritable, and ValueError when rows or
    amounts do not add up to the head: then the closing tags are never given out, so no valid file exists.
    """
    yield _opening(head)
    rows, total_fen = 0, 0
    for block in blocks:
        for part in block.iter_slices(_PART_ROWS):
            yield from _items(head, part)
            rows += part.height
            total_fen += int(part["amount_fen"].sum())
    if (rows, total_fen) != (head.rows, head.total_fen):
        raise ValueError(
            f"{head.message_id}: the blocks hold {rows} rows and {total_fen} fen, "
            f"the head says {head.rows} and {head.total_fen}: rebuild the head from the same rows"
        )
    yield _CLOSING


def longest_item() -> int:
    """Octets that one item takes at most: every text at its limit, every character at its longest."""
    texts = sum(LONGEST.values()) + LONGEST["reference"] + _HEAD_LIMITS["policy_name"][1]
    markup = len(_TEMPLATE.replace("{}", "")) + len("PrvtId") * 2 + len("<Ustrd></Ustrd>")
    return markup + texts * LONGEST_ESCAPE + len(yuan_text(MAX_FEN))


def frame_bytes() -> int:
    """Octets that everything around the items takes at most."""
    blank = Pain001Head(
        "M", 10**15 - 1, MAX_FEN, datetime(2000, 1, 1, tzinfo=UTC), date(2000, 1, 1), "N", "A", "B", "P", "C", "V"
    )
    texts = sum(longest for _, longest in _HEAD_LIMITS.values()) * 2  # message id and debtor name stand twice
    return len(_opening(blank)) + len(_CLOSING) + texts * LONGEST_ESCAPE


def _head_findings(head: Pain001Head) -> list[tuple[int, str, str]]:
    findings = []
    for field, (shortest, longest) in _HEAD_LIMITS.items():
        text: str = getattr(head, field)
        if not shortest <= len(text) <= longest:
            findings.append((0, field, f"must have {shortest} to {longest} characters"))
        elif not text_is_legal(text):
            findings.append((0, field, "holds a character that XML 1.0 cannot carry"))
    if not 0 < head.rows < 10**15:
        findings.append((0, "rows", "must be 1 or more, in at most 15 digits"))
    if not 0 < head.total_fen <= MAX_FEN:
        findings.append((0, "total_fen", f"must be 1 to {MAX_FEN} fen"))
    return findings


def _opening(head: Pain001Head) -> bytes:
    if findings := _head_findings(head):
        raise Pain001Unwritable(findings)
    texts = {field: escaped_text(getattr(head, field)) for field in _HEAD_LIMITS}
    created = head.created_at if head.created_at.tzinfo else head.created_at.replace(tzinfo=UTC)
    moment = created.astimezone(_CHINA).replace(microsecond=0).isoformat()
    sums = f"<NbOfTxs>{head.rows}</NbOfTxs><CtrlSum>{yuan_text(head.total_fen)}</CtrlSum>"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="{namespace(PAIN_001)}"><CstmrCdtTrfInitn>'
        f"<GrpHdr><MsgId>{texts['message_id']}</MsgId><CreDtTm>{moment}</CreDtTm>{sums}"
        f"<InitgPty><Nm>{texts['debtor_name']}</Nm></InitgPty></GrpHdr>"
        f"<PmtInf><PmtInfId>{texts['message_id']}</PmtInfId><PmtMtd>TRF</PmtMtd><BtchBookg>true</BtchBookg>{sums}"
        f"{_category(texts['project_code'])}<ReqdExctnDt><Dt>{head.requested_on.isoformat()}</Dt></ReqdExctnDt>"
        f"<Dbtr><Nm>{texts['debtor_name']}</Nm></Dbtr>"
        f"<DbtrAcct><Id><Othr><Id>{texts['debtor_account']}</Id></Othr></Id></DbtrAcct>"
        f"<DbtrAgt>{_AGENT.format(texts['debtor_bank_code'])}</DbtrAgt>"
        f"{_instruction(texts['voucher_no'])}\n"
    ).encode()


def _category(project_code: str) -> str:
    return f"<PmtTpInf><CtgyPurp><Prtry>{project_code}</Prtry></CtgyPurp></PmtTpInf>" if project_code else ""


def _instruction(voucher_no: str) -> str:
    return f"<InstrForDbtrAgt>{voucher_no}</InstrForDbtrAgt>" if voucher_no else ""


def _items(head: Pain001Head, part: pl.DataFrame) -> Iterator[bytes]:
    suspects = suspects_of(part, TEXT_COLUMNS)
    if findings := unwritable(part, suspects):
        numbers = part["item_no"].to_list()
        raise Pain001Unwritable([(numbers[row], field, why) for row, field, why in findings])
    items = part.select(_item(escaped_text(head.policy_name), suspects)).to_series()
    for start in range(0, items.len(), CHUNK_ROWS):
        # Joined and taken as binary, the text never becomes a Python string that would be encoded again.
        chunk: bytes = items.slice(start, CHUNK_ROWS).str.join("").cast(pl.Binary).item()
        yield chunk


def _item(policy_name: str, suspects: frozenset[str]) -> pl.Expr:
    text = {name: escaped(name) if name in suspects else pl.col(name) for name in TEXT_COLUMNS}
    given = pl.col("remark").fill_null("") != ""
    remark = pl.when(given).then(pl.format("<Ustrd>{}</Ustrd>", text["remark"])).otherwise(pl.lit(""))
    person = pl.col("payee_kind") == PayeeKind.PERSON.value
    identity = pl.when(person).then(pl.lit("PrvtId")).otherwise(pl.lit("OrgId"))
    reference, amount = text["reference"], yuan_column("amount_fen")
    return pl.format(
        _TEMPLATE,
        *(reference, reference, amount, text["bank_code"], text["name"]),
        *(identity, text["id_number"], text["id_type"], identity),
        *(text["account"], text["account_kind"], pl.lit(policy_name), remark),
    )
