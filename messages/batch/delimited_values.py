"""What cells mean (单元格取值): Chinese labels of codes, and amounts written in yuan or fen.

Amounts are taken apart as text, so that no float comes near them.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from messages.batch.columns import AccountKind, IdType, PayeeKind
from messages.batch.ndjson_shape import AMOUNT_DIGITS

LABELS: Final[dict[str, dict[str, str]]] = {
    "payee_kind": {
        "个人": PayeeKind.PERSON,
        "单位": PayeeKind.ORGANISATION,
        "企业": PayeeKind.ORGANISATION,
        "机构": PayeeKind.ORGANISATION,
        "组织": PayeeKind.ORGANISATION,
    },
    "id_type": {
        "居民身份证": IdType.RESIDENT_ID,
        "身份证": IdType.RESIDENT_ID,
        "统一社会信用代码": IdType.USCC,
        "港澳居民来往内地通行证": IdType.HK_MACAO_PERMIT,
        "台湾居民来往大陆通行证": IdType.TAIWAN_PERMIT,
        "外国人永久居留身份证": IdType.FOREIGN_RESIDENT,
        "护照": IdType.PASSPORT,
    },
    "account_kind": {
        "社会保障卡": AccountKind.SOCIAL_SECURITY_CARD,
        "社保卡": AccountKind.SOCIAL_SECURITY_CARD,
        "银行卡": AccountKind.BANK_CARD,
        "存折": AccountKind.PASSBOOK,
        "对公账户": AccountKind.CORPORATE,
    },
}
"""Chinese labels that a CSV may use in place of codes; any other text is taken for the code itself."""

_FEN: Final = rf"\A-?[0-9]{{1,{AMOUNT_DIGITS}}}\z"
_YUAN: Final = rf"\A(-?)([0-9]{{1,{AMOUNT_DIGITS - 2}}})(?:\.([0-9]{{1,2}}))?\z"


def code_of(name: str) -> pl.Expr:
    """Column ``name`` with Chinese labels replaced by their codes."""
    labels = {label: str(code) for label, code in LABELS[name].items()}
    return pl.col(name).replace(labels)


def fen_of(name: str) -> pl.Expr:
    """Integer fen of the text column ``amount_fen`` or ``amount_yuan``; null where it is not written as it must be."""
    text = pl.col(name)
    if name == "amount_fen":
        return pl.when(text.str.contains(_FEN)).then(text).cast(pl.Int64, strict=False).alias("amount_fen")
    parts = text.str.extract_groups(_YUAN).struct
    cents = parts.field("3").fill_null("").str.pad_end(2, "0")
    fen = pl.concat_str(parts.field("1"), parts.field("2"), cents)
    return fen.cast(pl.Int64, strict=False).alias("amount_fen")
