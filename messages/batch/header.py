"""The header of a batch (批次头): who pays what, from which funds, under which voucher.

One JSON object; see ``header_reading`` for how it is read, and docs/canonical-batch.md for people.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from messages.batch.columns import MOST_ITEMS
from messages.batch.header_fields import (
    AccountNumber,
    BankCode,
    DivisionCode,
    LongText,
    Name,
    Number,
    ShortText,
)

MOST_TOTAL_FEN: Final = 10**15 - 1
"""Largest declared total: 15 digits of fen, what every bank's trailer can hold."""


class FundingModel(StrEnum):
    """How the money comes to the paying bank (资金拨付方式)."""

    ZERO_BALANCE = "ZERO_BALANCE"  # 零余额垫付、事后清算: seed 001 五(一)
    PREFUNDED = "PREFUNDED"  # 实拨、先拨后发: seed 002 二(三)


class FundingAccountKind(StrEnum):
    """Where the funds come from and return to (资金来源账户类别); seed 001 五(三)."""

    TREASURY_SINGLE_ACCOUNT = "TREASURY_SINGLE_ACCOUNT"  # 国库单一账户
    GRAIN_RISK_FUND_ACCOUNT = "GRAIN_RISK_FUND_ACCOUNT"  # 粮食风险基金财政专户


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class PayingAccount(_Part):
    """The account that pays the beneficiaries (付款账户): the 零余额账户, or the agency bank's funded account."""

    name: Name = Field(
        title="付款人名称",
        description="Name of the payer. Source: 001 五(一)",
        examples=["楚雄市农业农村局"],
    )
    account: AccountNumber = Field(
        title="付款账号", description="Its account number. Source: 001 五(一)", examples=["5300161600012345"]
    )
    bank_code: BankCode = Field(
        title="付款行行号",
        description="Its bank, 12 digits with check digit. Source: 001 五(一), 三(六)",
        examples=["103100000026"],
    )


class FundingAccount(_Part):
    """The source of the funds (资金来源账户): money that cannot be paid goes back there and nowhere else (R5)."""

    kind: FundingAccountKind = Field(
        title="资金来源账户类别",
        description="国库单一账户 or 粮食风险基金财政专户. Source: 001 五(一), 五(三)",
        examples=["TREASURY_SINGLE_ACCOUNT"],
    )
    name: Name = Field(
        title="资金来源账户名称",
        description="Name of the account. Source: 001 五(三)",
        examples=["楚雄市财政局"],
    )
    account: AccountNumber = Field(
        title="资金来源账号", description="Its account number. Source: 001 三(五), 五(三)", examples=["2490000000012"]
    )
    bank_code: BankCode = Field(
        title="资金来源账户行号",
        description="Its bank, 12 digits with check digit. Source: 001 五(一)",
        examples=["203100000019"],
    )


class BatchHeader(_Part):
    """The header of one batch (批次头), immutable; equal headers have equal digests."""

    batch_no: Number = Field(
        title="批次号",
        description="The platform's own number, never used twice: a repeat is the same batch. Source: 000 四(十四)",
        examples=["CX2026-GDDL-0001"],
    )
    fiscal_year: int = Field(
        title="预算年度", description="Year of the budget. Source: 001 五(一)", ge=2000, le=2100, examples=[2026]
    )
    division_code: DivisionCode = Field(
        title="行政区划代码",
        description="6 digits GB/T 2260, 9 digits 财政区划, or 12 digits. Source: 001 五(一)",
        examples=["532301"],
    )
    division_name: Name | None = Field(
        default=None, title="行政区划名称", description="For people. Source: 001 五(一)", examples=["云南省楚雄市"]
    )
    department_code: Number = Field(
        title="主管部门代码", description="Department in charge of the project. Source: 001 三(三)", examples=["126001"]
    )
    department_name: Name = Field(
        title="主管部门名称", description="Its name. Source: 001 三(三)", examples=["楚雄市农业农村局"]
    )
    project_code: Number = Field(
        title="补贴项目代码",
        description="Project on the annual list of policies; others are refused (R22). Source: 001 四(一), 五(一)",
        examples=["GDDL-2026"],
    )
    policy_name: ShortText = Field(
        title="政策名称",
        description="Name of the policy, as on the list; goes into the notice and the remittance text. "
        "Source: 002 二(三); 001 三(六)",
        examples=["耕地地力保护补贴"],
    )
    budget_document_no: ShortText = Field(
        title="预算文号",
        description="Number of the budget document. Source: 001 五(一)",
        examples=["楚财农〔2026〕10号"],
    )
    budget_indicator_no: Number = Field(
        title="预算指标号",
        description="Number of the budget indicator. Source: 001 五(一)",
        examples=["5323012026000123"],
    )
    funding_model: FundingModel = Field(
        title="资金拨付方式",
        description="ZERO_BALANCE 零余额垫付后清算, or PREFUNDED 实拨. Source: 001 五(一); 002 二(三)",
        examples=["ZERO_BALANCE"],
    )
    funding_account: FundingAccount = Field(
        title="资金来源账户",
        description="Source of the funds; money returns there and nowhere else. Source: 001 五(三)",
    )
    paying_account: PayingAccount = Field(
        title="付款账户", description="The account that pays the beneficiaries. Source: 001 五(一); 002 二(三)"
    )
    direct_funds: bool = Field(
        title="直达资金标识",
        description="Results are mirrored to 直达资金监控系统. Source: 001 五(三); 000 一(二)",
        examples=[False],
    )
    benefit_mark: Literal["惠民惠农财政补贴资金"] = Field(
        title="惠民惠农标识",
        description="The mark of 预算管理一体化系统, always this text (R9). Source: 001 五(一)",
        examples=["惠民惠农财政补贴资金"],
    )
    urgent: bool = Field(
        default=False,
        title="急办标识",
        description="急事急办: goes before all others. Source: 001 五(一)",
        examples=[False],
    )
    urgent_ground: LongText | None = Field(
        default=None,
        title="急办事由",
        description="Required when urgent, and recorded (T20); absent otherwise. Source: 001 五(一)",
        examples=["自然灾害生活补助"],
    )
    requested_on: date = Field(
        title="要求支付日期", description="Day on which to pay, YYYY-MM-DD. Source: 001 五(一)", examples=["2026-11-24"]
    )
    voucher_no: Number = Field(
        title="支付凭证号",
        description="Number of the 国库集中支付凭证 that the batch details. Source: 001 三(五), 五(一)",
        examples=["5301262026000456"],
    )
    declared_count: int = Field(
        title="申报笔数",
        description="Number of items in the content; must be met exactly. Source: 000 四(十四)",
        ge=1,
        le=MOST_ITEMS,
        examples=[12345],
    )
    declared_total_fen: int = Field(
        title="申报总金额(分)",
        description="Sum of all items in fen, rejected ones included; must be met exactly. Source: 000 四(十四)",
        ge=1,
        le=MOST_TOTAL_FEN,
        examples=[617250000],
    )
    all_or_nothing: bool = Field(
        default=False,
        title="整批成败标识",
        description="One rejected item refuses the whole batch. Source: 001 五(二)",
        examples=[False],
    )

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.urgent and self.urgent_ground is None:
            raise PydanticCustomError("URGENT_GROUND", "urgent_ground")
        if not self.urgent and self.urgent_ground is not None:
            raise PydanticCustomError("NOT_URGENT", "urgent_ground")
        if self.declared_total_fen < self.declared_count:
            raise PydanticCustomError("TOTAL_BELOW_COUNT", "declared_total_fen")
        return self
