"""pain.001.001.09 read back into rows (客户发起贷记汇款读取), for those who play the bank.

Written from the schema, not from the writer: any prefix, comments, CDATA, white space between elements. Streams; an
item's elements are gone once it is a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from io import RawIOBase
from typing import Final

import polars as pl
from lxml import etree

from messages.batch.columns import PayeeKind
from messages.iso20022.amounts import CURRENCY, fen_column, fen_of, readable_amount
from messages.iso20022.octets import pieces
from messages.iso20022.schema import PAIN_001, namespace, schema
from messages.iso20022.unreadable import Unreadable
from messages.xml_names import local_name

READ_SCHEMA: Final[dict[str, pl.DataType]] = {
    "reference": pl.String(),  # EndToEndId
    "payee_kind": pl.String(),  # PayeeKind: PERSON where the identity is a PrvtId
    "name": pl.String(),
    "id_type": pl.String(),
    "id_number": pl.String(),
    "account": pl.String(),
    "account_kind": pl.String(),  # null when the account has no type
    "bank_code": pl.String(),
    "amount_fen": pl.Int64(),
    "policy_name": pl.String(),  # the first Ustrd
    "remark": pl.String(),  # the second Ustrd; null when there is none
}

_NS: Final = f"{{{namespace(PAIN_001)}}}"
_ITEM: Final = "CdtTrfTxInf"
_BLOCK_ROWS: Final = 10_000
_RAW: Final[dict[str, pl.DataType]] = {
    **{name: kind for name, kind in READ_SCHEMA.items() if name != "amount_fen"},
    "amount": pl.String(),
    "currency": pl.String(),
}


@dataclass(frozen=True, slots=True)
class ReadHead:
    """What the message says above its items."""

    message_id: str
    created_at: datetime
    rows: int  # as the message states; checked against the items
    total_fen: int | None  # likewise; None where not stated
    payment_id: str
    requested_on: date
    debtor_name: str
    debtor_account: str
    debtor_bank_code: str
    project_code: str
    voucher_no: str


def read_instruction(
    chunks: Iterable[bytes], *, max_bytes: int, validate: bool = True
) -> tuple[ReadHead, pl.DataFrame]:
    """(head, items as ``READ_SCHEMA``) of one message with one payment information; raises Unreadable.

    ``validate`` checks the whole message against the published schema, in the same pass.
    """
    reader = _Reader()
    try:
        for _, element in etree.iterparse(
            _Source(piece.data for piece in pieces(chunks, _ITEM, max_bytes)),
            events=("end",),
            tag=[f"{_NS}{_ITEM}", f"{_NS}GrpHdr", f"{_NS}PmtInf", "{*}Document"],
            schema=schema(PAIN_001) if validate else None,
            encoding="utf-8",
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,  # the library's own bounds on depth and on the length of a text
            remove_comments=True,
            remove_pis=True,
        ):
            reader.end(element)
    except etree.XMLSyntaxError as fault:
        raise Unreadable("not well-formed, or not valid by the schema", line=int(fault.lineno or 1)) from None
    return reader.result()


class _Source(RawIOBase):
    """Checked pieces as a file to read from."""

    def __init__(self, blocks: Iterator[bytes]):
        self._blocks, self._left = blocks, memoryview(b"")

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        while not self._left:
            block = next(self._blocks, None)
            if block is None:
                return b""
            self._left = memoryview(block)
        size = len(self._left) if size < 0 else size
        taken, self._left = self._left[:size], self._left[size:]
        return bytes(taken)


class _Reader:
    def __init__(self) -> None:
        self._group: etree._Element | None = None
        self._payments: list[etree._Element] = []
        self._root: str | None = None
        self._rows: list[tuple[str | None, ...]] = []
        self._blocks: list[pl.DataFrame] = []

    def end(self, element: etree._Element) -> None:
        name = local_name(element)
        if name == _ITEM:
            self._rows.append(_row(element))
            _forget(element)
            if len(self._rows) >= _BLOCK_ROWS:
                self._flush()
        elif name == "GrpHdr":
            self._group = element
        elif name == "PmtInf":
            self._payments.append(element)
        else:
            self._root = str(element.tag)

    def result(self) -> tuple[ReadHead, pl.DataFrame]:
        if self._root != f"{_NS}Document" or self._group is None or len(self._payments) != 1:
            raise Unreadable(f"not a {PAIN_001} message with one group header and one payment information")
        self._flush()
        items = pl.concat(self._blocks) if self._blocks else pl.DataFrame(schema=READ_SCHEMA)
        head = _head(self._group, self._payments[0])
        total = int(items["amount_fen"].sum())
        if head.rows != items.height or head.total_fen not in (None, total):
            raise Unreadable("the items do not add up to the number or sum stated", field="NbOfTxs")
        return head, items

    def _flush(self) -> None:
        if not self._rows:
            return
        raw = pl.DataFrame(self._rows, schema=_RAW, orient="row")
        self._rows = []
        wrong = raw.select((~readable_amount("amount") | (pl.col("currency") != CURRENCY)).fill_null(True).any()).item()
        if wrong:
            raise Unreadable(f"not an amount in whole fen of {CURRENCY}", field="InstdAmt")
        amount = fen_column("amount").alias("amount_fen")
        self._blocks.append(raw.with_columns(amount).select(*READ_SCHEMA))


def _forget(item: etree._Element) -> None:
    """Frees an item that is read: its content, and the item before it (the parser still stands on this one)."""
    item.clear()
    before = item.getprevious()
    parent = item.getparent()
    if before is not None and parent is not None and before.tag == item.tag:
        parent.remove(before)


def _at(element: etree._Element, path: str) -> str | None:
    return element.findtext("/".join(_NS + step for step in path.split("/")))


def _texts(element: etree._Element, place: str, found: dict[str, list[str]]) -> None:
    """The texts below ``element``, by path; one walk is cheaper than a search for each."""
    for child in element:
        tag = str(child.tag)
        name = tag[len(_NS) :] if tag.startswith(_NS) else tag
        path = f"{place}/{name}" if place else name
        if len(child):
            _texts(child, path, found)
        elif child.text:
            found.setdefault(path, []).append(child.text)


def _row(item: etree._Element) -> tuple[str | None, ...]:
    found: dict[str, list[str]] = {}
    _texts(item, "", found)

    def text(path: str, place: int = 0) -> str | None:
        texts = found.get(path, ())
        return texts[place] if len(texts) > place else None

    kind = PayeeKind.ORGANISATION if "Cdtr/Id/OrgId/Othr/Id" in found else PayeeKind.PERSON
    identity = "Cdtr/Id/OrgId/Othr" if kind is PayeeKind.ORGANISATION else "Cdtr/Id/PrvtId/Othr"
    amount = item.find(f"{_NS}Amt/{_NS}InstdAmt")
    return (
        text("PmtId/EndToEndId"),
        kind.value,
        text("Cdtr/Nm"),
        text(f"{identity}/SchmeNm/Prtry"),
        text(f"{identity}/Id"),
        text("CdtrAcct/Id/Othr/Id"),
        text("CdtrAcct/Tp/Prtry"),
        text("CdtrAgt/FinInstnId/ClrSysMmbId/MmbId"),
        text("RmtInf/Ustrd"),
        text("RmtInf/Ustrd", 1),
        text("Amt/InstdAmt"),
        None if amount is None else amount.get("Ccy"),
    )


def _head(group: etree._Element, payment: etree._Element) -> ReadHead:
    total = _at(group, "CtrlSum")
    try:
        return ReadHead(
            message_id=_required(group, "MsgId"),
            created_at=datetime.fromisoformat(_required(group, "CreDtTm")),
            rows=int(_required(group, "NbOfTxs")),
            total_fen=None if total is None else fen_of(total),
            payment_id=_required(payment, "PmtInfId"),
            requested_on=date.fromisoformat(_required(payment, "ReqdExctnDt/Dt")),
            debtor_name=_required(payment, "Dbtr/Nm"),
            debtor_account=_required(payment, "DbtrAcct/Id/Othr/Id"),
            debtor_bank_code=_required(payment, "DbtrAgt/FinInstnId/ClrSysMmbId/MmbId"),
            project_code=_at(payment, "PmtTpInf/CtgyPurp/Prtry") or "",
            voucher_no=_at(payment, "InstrForDbtrAgt") or "",
        )
    except ValueError:
        raise Unreadable("a number or date of the head is none", field="GrpHdr") from None


def _required(section: etree._Element, path: str) -> str:
    if (text := _at(section, path)) is None:
        raise Unreadable("required, and missing", field=path)
    return text
