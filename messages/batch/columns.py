"""The item columns of a canonical batch (批量业务支付明细的列): names, types, order.

Items are never objects on the bulk path. A block of items is one polars DataFrame with exactly
these columns; every room that touches items in bulk speaks this schema.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import polars as pl


class PayeeKind(StrEnum):
    """Who is paid (补贴对象类别); source: seed 001 三(五), persons and organisations alike."""

    PERSON = "PERSON"  # 个人
    ORGANISATION = "ORGANISATION"  # 企业、机构、组织


class IdType(StrEnum):
    """Kind of identity document (证件类型)."""

    RESIDENT_ID = "RESIDENT_ID"  # 居民身份证, GB 11643
    USCC = "USCC"  # 统一社会信用代码, GB 32100
    HK_MACAO_PERMIT = "HK_MACAO_PERMIT"  # 港澳居民来往内地通行证
    TAIWAN_PERMIT = "TAIWAN_PERMIT"  # 台湾居民来往大陆通行证
    FOREIGN_RESIDENT = "FOREIGN_RESIDENT"  # 外国人永久居留身份证
    PASSPORT = "PASSPORT"  # 护照


class AccountKind(StrEnum):
    """Kind of the credited account (账户类别)."""

    SOCIAL_SECURITY_CARD = "SOCIAL_SECURITY_CARD"  # 社会保障卡银行账户
    BANK_CARD = "BANK_CARD"  # 银行借记卡
    PASSBOOK = "PASSBOOK"  # 存折
    CORPORATE = "CORPORATE"  # 对公账户


MOST_ITEMS: Final = 1_000_000
"""A batch has at most so many items (批次最大笔数)."""

ITEM_SCHEMA: Final[dict[str, pl.DataType]] = {
    "item_id": pl.String(),  # 明细编号, the platform's own, unique within the batch
    "payee_kind": pl.String(),  # PayeeKind
    "name": pl.String(),  # 收款人户名
    "id_type": pl.String(),  # IdType
    "id_number": pl.String(),  # 证件号码 or 统一社会信用代码
    "account": pl.String(),  # 收款账号
    "account_kind": pl.String(),  # AccountKind
    "bank_code": pl.String(),  # 收款行行号, 12 digits CNAPS
    "mobile": pl.String(),  # 手机号, null when not given
    "address": pl.String(),  # 家庭住址, null when not given
    "amount_fen": pl.Int64(),  # 金额, integer fen
    "remark": pl.String(),  # 附言, null when not given
    "reissues_item_id": pl.String(),  # 补发所对应的原明细编号, null unless a re-issue
}
"""What the platform submits per item, in canonical order."""

STORED_SCHEMA: Final[dict[str, pl.DataType]] = {
    **ITEM_SCHEMA,
    "line_no": pl.UInt32(),  # 1-based line (or array position) in the submitted content
    "item_no": pl.UInt32(),  # the gateway's own number within the batch, see numbering.py
}
"""What a segment holds: the item as submitted, where it stood, and its number."""

REJECTION_SCHEMA: Final[dict[str, pl.DataType]] = {
    "line_no": pl.UInt32(),
    "item_id": pl.String(),  # null where the line could not be read
    "field": pl.String(),  # ITEM_SCHEMA name, or "line"
    "code": pl.String(),  # a code of the rejection catalogue
    "severity": pl.String(),  # "REJECT" or "WARN" (a warning never holds the item)
    "amount_fen": pl.Int64(),  # null where it could not be read
}
"""One row per finding; an item with any REJECT finding is rejected, alone."""
