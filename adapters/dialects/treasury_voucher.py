"""The dialect of treasury vouchers (国库凭证方言): voucher 8207 out; 8207 回单, 2252 退款通知 and voucher status in.

One instruction is one envelope with one voucher, whose number is the message id; the payment voucher that it details
stands in it as the original one. ``messages.voucher`` knows the format, this module what it means.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta, timezone
from typing import Final

import polars as pl

from adapters.contract import CannotTranslate, InstructionHead, MessageRefused, ParsedResult, Question
from adapters.dialects.treasury_receipt import from_status, from_vouchers
from adapters.profile import BankProfile, VoucherCodes
from messages.bounded_xml import Malformed
from messages.iso20022.amounts import MAX_FEN, yuan_column, yuan_text
from messages.voucher import body, envelope
from messages.voucher.body import Key, VoucherBody
from messages.voucher.envelope import SENT, Voucher, VoucherQuery, VoucherStatus
from messages.voucher.field_sets import FIELD_SETS, FieldSet
from messages.xml_columns import Finding, why_not

HEAD_ITEM: Final = -1
"""Stands for the item number in findings about the voucher's own head."""

_CHINA: Final = timezone(timedelta(hours=8))  # no daylight saving: an offset is enough
_DETAIL_FIELDS: Final[dict[str, str]] = {  # ours to the voucher's, in the voucher's order
    "reference": "Id",
    "account": "PayeeAcctNo",
    "name": "PayeeAcctName",
    "bank_code": "PayeeAcctBankName",  # the platform gives 行号 and no bank names
    "remark": "Remark",
}
_HEAD_FIELDS: Final[dict[str, str]] = {
    "message_id": "VoucherNo",
    "voucher_no": "OriginalVoucherNo",
    "debtor_account": "PayAcctNo",
    "debtor_name": "PayAcctName",
    "debtor_bank_code": "PaySndBnkNo",
    "policy_name": "Remark",
    "project_code": "Hold1",
}


class TreasuryVoucherDialect:
    """``adapters.contract.Dialect`` and ``Inquirer`` for banks that take treasury vouchers."""

    def rows_per_file(self, profile: BankProfile) -> int:
        """Rows under the limits of profile and voucher, in Base64; ValueError where not one detail fits."""
        field_set, limits = _field_set(profile), profile.limits
        octets = (limits.bytes_per_file - envelope.FRAME_BYTES) // 4 * 3 - body.frame_bytes(field_set)
        rows = min(limits.rows_per_file, field_set.most_details, octets // body.longest_detail(field_set))
        if rows < 1:
            raise ValueError(f"bank {profile.bank}: limits.bytes_per_file does not hold a voucher with one detail")
        return rows

    def carries(self, profile: BankProfile, block: pl.DataFrame) -> list[tuple[int, str, str]]:
        """(row index, field, why) of items that the voucher, or this bank's limit per item, does not allow."""
        most = profile.limits.amount_fen_per_item
        over = block.select((pl.col("amount_fen") > most).fill_null(False).arg_true()).to_series()
        findings = [(row, "amount_fen", f"is over this bank's {most} fen per item") for row in over]
        return sorted(_unwritable(_field_set(profile), block) + findings)

    def carries_head(self, profile: BankProfile, head: InstructionHead) -> list[tuple[str, str]]:
        """What of a head the voucher does not hold, as (field, why)."""
        field_set = _field_set(profile)
        found = [
            (ours, why_not(getattr(head, ours), body.rule_of(field_set, name), "gbk"))
            for ours, name in _HEAD_FIELDS.items()
        ]
        return [(name, why) for name, why in found if why is not None]

    def build(self, profile: BankProfile, head: InstructionHead, blocks: Iterable[pl.DataFrame]) -> Iterator[bytes]:
        """The envelope, whole; raises CannotTranslate, and ValueError where rows and head differ."""
        codes = _codes(profile)
        field_set = FIELD_SETS[codes.vt_code]
        items = pl.concat(list(blocks))
        _require_writable(field_set, self.carries_head(profile, head), items)
        if (items.height, int(items["amount_fen"].sum())) != (head.rows, head.total_fen):
            raise ValueError(f"{head.message_id}: rows or amounts are not those of the head: rebuild it")
        if items.height > field_set.most_details:
            raise ValueError(f"{head.message_id}: {items.height} details are above {field_set.most_details}")
        details = items.select(
            *(pl.col(ours).alias(name) for ours, name in _DETAIL_FIELDS.items()),
            yuan_column("amount_fen").alias(field_set.amount),
            pl.lit(head.voucher_no).alias("OriVoucherNo"),
        )
        key = Key(codes.adm_div_code, str(head.requested_on.year), codes.vt_code, head.message_id)
        voucher = Voucher(key, SENT, VoucherBody(_main(head, key, codes, field_set), details))
        yield envelope.write_vouchers([voucher])

    def inquiry(self, profile: BankProfile, question: Question) -> bytes:
        """The status query; a voucher is asked for whole, whatever items the question names."""
        codes = _codes(profile)
        year = str(question.requested_on.year)
        key = Key(codes.adm_div_code, year, codes.vt_code, question.original_message_id)
        return envelope.write_query(VoucherQuery(key, question.inquiry_id))

    def parse(self, profile: BankProfile, name: str, chunks: Iterable[bytes]) -> ParsedResult:  # noqa: ARG002
        """回单, 退款通知 or status; ``name`` tells nothing over HTTP. Raises MessageRefused."""
        codes = _codes(profile)
        most = min(profile.limits.result_bytes, envelope.MOST_BYTES)
        try:
            mof = envelope.read_mof(_bounded(chunks, most), max_bytes=most)
        except Malformed as fault:
            raise MessageRefused(fault.what, line=fault.line, field_name=fault.field, clause=fault.clause) from None
        if isinstance(mof, VoucherQuery):
            raise MessageRefused("is a query, which we send and never take", clause="6.1")
        return from_status(mof, codes) if isinstance(mof, VoucherStatus) else from_vouchers(mof, codes)


def _codes(profile: BankProfile) -> VoucherCodes:
    if profile.voucher is None or profile.encoding != "gbk":
        raise ValueError(f"bank {profile.bank}: treasury vouchers need the profile's part 'voucher', and encoding gbk")
    return profile.voucher


def _field_set(profile: BankProfile) -> FieldSet:
    return FIELD_SETS[_codes(profile).vt_code]


def _unwritable(field_set: FieldSet, block: pl.DataFrame) -> list[Finding]:
    present = [ours for ours in _DETAIL_FIELDS if ours in block.columns]
    names = {_DETAIL_FIELDS[ours]: ours for ours in present}
    found = body.unwritable(field_set, block.select(pl.col(ours).alias(name) for name, ours in names.items()))
    none = block.select((~pl.col("amount_fen").is_between(1, MAX_FEN)).fill_null(True).arg_true()).to_series()
    findings = [(row, "amount_fen", f"must be 1 to {MAX_FEN} fen") for row in none]
    return findings + [(row, names[name], why) for row, name, why in found]


def _require_writable(field_set: FieldSet, unfit_head: list[tuple[str, str]], items: pl.DataFrame) -> None:
    findings = [(HEAD_ITEM, name, why) for name, why in unfit_head]
    findings += [(int(items["item_no"][row]), name, why) for row, name, why in _unwritable(field_set, items)]
    if findings:
        raise CannotTranslate(findings)


def _main(head: InstructionHead, key: Key, codes: VoucherCodes, field_set: FieldSet) -> dict[str, str]:
    created = head.created_at.astimezone(_CHINA) if head.created_at.tzinfo else head.created_at
    return {
        "Id": head.message_id,
        **key.fields(),
        "VouDate": f"{created:%Y%m%d}",
        **{name: getattr(head, ours) for ours, name in _HEAD_FIELDS.items()},
        "OriginalVtCode": codes.original_vt_code,
        "PayEntrustDate": f"{head.requested_on:%Y%m%d}",
        field_set.total: yuan_text(head.total_fen),
    }


def _bounded(chunks: Iterable[bytes], most: int) -> bytes:
    """The chunks as one, cut soon after ``most`` octets: enough for a reader to see that it is too long."""
    whole = bytearray()
    for chunk in chunks:
        whole += chunk
        if len(whole) > most:
            break
    return bytes(whole)
