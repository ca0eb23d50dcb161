"""Headers of the platform's batches (批次头): both funding models, everything else invented."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from simulators.projects import Project
from simulators.roster_numbers import bank_code

_AGRICULTURAL_DEVELOPMENT_BANK: Final = bank_code("20373100001")
_CENTRAL_BANK: Final = bank_code("01173100001")
_PAYING_BANKS: Final = (bank_code("40273809001"), bank_code("31373019001"))  # the simulated banks' head offices


def header_of(
    project: Project,
    seed: int,
    number: int,
    requested_on: date,
    count: int,
    total_fen: int,
    *,
    prefunded: bool | None = None,
) -> dict[str, Any]:
    """A header for the ``number``-th batch of a roster; unless said, even ones are 零余额, odd ones 实拨."""
    prefunded = number % 2 == 1 if prefunded is None else prefunded
    grain = project.code.startswith("GDDL")  # paid out of the grain risk fund
    return {
        "batch_no": f"CX{requested_on:%Y%m%d}-{seed}-{project.code}",
        "fiscal_year": requested_on.year,
        "division_code": "532301",
        "division_name": "云南省楚雄市",
        "department_code": project.department_code,
        "department_name": f"楚雄市{project.department_name}",
        "project_code": project.code,
        "policy_name": project.policy_name,
        "budget_document_no": f"楚财农〔{requested_on.year}〕{number + 1}号",
        "budget_indicator_no": f"532301{requested_on.year}{number + 1:06d}",
        "funding_model": "PREFUNDED" if prefunded else "ZERO_BALANCE",
        "funding_account": {
            "kind": "GRAIN_RISK_FUND_ACCOUNT" if grain else "TREASURY_SINGLE_ACCOUNT",
            "name": "楚雄市财政局粮食风险基金专户" if grain else "楚雄市财政局国库单一账户",
            "account": "2039900000012" if grain else "0119900000034",
            "bank_code": _AGRICULTURAL_DEVELOPMENT_BANK if grain else _CENTRAL_BANK,
        },
        "paying_account": {
            "name": f"楚雄市{project.department_name}",
            "account": f"53009900{number:08d}",
            "bank_code": _PAYING_BANKS[number // 2 % 2],
        },
        "direct_funds": project.code.startswith("CXDB"),
        "benefit_mark": "惠民惠农财政补贴资金",
        "requested_on": requested_on.isoformat(),
        "voucher_no": f"PZ{requested_on:%Y%m%d}{seed % 10**6:06d}{number:03d}",
        "declared_count": count,
        "declared_total_fen": total_fen,
    }
