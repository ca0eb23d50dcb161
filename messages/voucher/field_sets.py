"""What each kind of voucher holds (凭证要素), as data: a kind more is a table more, and no code.

Source: facts A.3 and A.4; clauses are those of tests/golden/treasury_voucher/document.md. A field whose name begins with
``X`` is a receipt field: empty in what is sent (VoucherFlag 0), filled by the bank in the 回单 (VoucherFlag 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

MOST_DETAILS: Final = 499
"""明细条数必须小于500 (facts A.3); regional exceptions are another field set."""


@dataclass(frozen=True, slots=True)
class Field:
    """One element: its name, most characters, and whether it must be filled."""

    name: str
    longest: int
    required: bool = False


@dataclass(frozen=True, slots=True)
class FieldSet:
    """One kind of voucher."""

    vt_code: str
    title: str
    clause: str
    main: tuple[Field, ...]
    detail: tuple[Field, ...]
    total: str  # main field that is the sum of the details' ``amount``
    amount: str  # detail field
    paid_total: str | None = None  # main receipt field that is the sum of the details' ``paid``
    paid: str | None = None  # detail receipt field
    most_details: int = MOST_DETAILS


def _fields(table: str) -> tuple[Field, ...]:
    """``Name 40`` a line; ``!`` after the number: must be filled."""
    rows = (line.split() for line in table.strip().splitlines())
    return tuple(Field(name, int(longest.rstrip("!")), longest.endswith("!")) for name, longest in rows)


_OPENING: Final = """
Id 38!
AdmDivCode 9!
StYear 4!
VtCode 4!
VouDate 8!
VoucherNo 42!
"""
_MAIN_8207: Final = """
OriginalVtCode 4!
OriginalVoucherNo 42!
FundTypeCode 40
FundTypeName 60
PayDictateNo 8
PayMsgNo 8
PayEntrustDate 8!
PaySndBnkNo 12!
SumAmt 19!
AgencyCode 42
AgencyName 60
PayAcctNo 42!
PayAcctName 120!
PayAcctBankName 60
PayBankCode 42
PayBankName 60
BusinessTypeCode 40
BusinessTypeName 60
PayTypeCode 40
PayTypeName 60
XPayDate 8
XSumAmt 19
ExpFuncCode 40
ExpFuncName 60
Remark 255
Hold1 42
Hold2 42
"""
_DETAIL_8207: Final = """
Id 38!
OriVoucherNo 42!
PayeeAcctNo 42!
PayeeAcctName 120!
PayeeAcctBankName 60!
PayAmt 19!
Remark 255
XPayDate 8
XAgentBusinessNo 42
XPayAmt 19
XPayeeAcctBankName 60
XPayeeAcctNo 42
XAddWordCode 10
XAddWord 255
Hold1 42
Hold2 42
Hold3 42
Hold4 42
"""
_MAIN_2252: Final = """
OriginalVtCode 4!
OriginalVoucherNo 42!
RefundType 1!
PayBankCode 42
PayBankName 60
PayAcctNo 42
PayAcctName 120
PayAmt 19!
PayDate 8!
AgentBusinessNo 42
Remark 255
Hold1 42
Hold2 42
"""
_DETAIL_2252: Final = """
Id 38!
OriVoucherNo 42
PayeeAcctNo 42!
PayeeAcctName 120
PayeeAcctBankName 60
PayAmt 19!
AgentBusinessNo 42
AddWordCode 10!
AddWord 255
Remark 255
Hold1 42
Hold2 42
Hold3 42
Hold4 42
"""

FIELD_SETS: Final[Mapping[str, FieldSet]] = {
    "8207": FieldSet(
        vt_code="8207",
        title="财政批量业务支付明细",
        clause="3",
        main=_fields(_OPENING.strip() + _MAIN_8207),
        detail=_fields(_DETAIL_8207),
        total="SumAmt",
        amount="PayAmt",
        paid_total="XSumAmt",
        paid="XPayAmt",
    ),
    "2252": FieldSet(
        vt_code="2252",
        title="收款银行退款通知",
        clause="4",
        main=_fields(_OPENING.strip() + _MAIN_2252),
        detail=_fields(_DETAIL_2252),
        total="PayAmt",
        amount="PayAmt",
    ),
}
"""By VtCode."""
