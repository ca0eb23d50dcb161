"""What became of an item: canonical outcomes and failure reasons (发放结果、失败原因).

A bank's own codes are mapped to these by its code table (``config/codes``); raw code and text are
always kept beside them. Sources: facts B.4; seed 001 三(五) (every failure carries its reason).
"""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """What a bank's status means to us. Anything unmapped is UNKNOWN, never success nor failure."""

    ACCEPTED = "ACCEPTED"  # 已受理: taken for processing, no money moved yet
    PAID = "PAID"  # 发放成功
    FAILED = "FAILED"  # 发放失败
    RETURNED = "RETURNED"  # 退汇: credited or sent on, and then came back
    UNKNOWN = "UNKNOWN"  # 未知: must be asked for
    ABSENT = "ABSENT"  # 查无此笔: the bank states that it never received the instruction


class Reason(StrEnum):
    """Why an item was not paid (失败原因)."""

    ACCT_NOT_FOUND = "ACCT_NOT_FOUND"  # 账号不存在
    NAME_MISMATCH = "NAME_MISMATCH"  # 户名不符
    ACCT_CLOSED = "ACCT_CLOSED"  # 已销户
    ACCT_FROZEN = "ACCT_FROZEN"  # 冻结或止付
    CARD_LOST = "CARD_LOST"  # 挂失
    NOT_ACTIVATED = "NOT_ACTIVATED"  # 未激活
    ACCT_DORMANT = "ACCT_DORMANT"  # 不动户或状态异常
    ACCT_TYPE = "ACCT_TYPE"  # 账户类型不符
    LIMIT = "LIMIT"  # 超限额
    ID_MISMATCH = "ID_MISMATCH"  # 证件不符
    BANK_CODE = "BANK_CODE"  # 行号错误
    DUPLICATE = "DUPLICATE"  # 重复
    FUNDS = "FUNDS"  # 额度或余额不足
    RETURNED = "RETURNED"  # 退汇
    SIGNATURE = "SIGNATURE"  # 验签失败
    FORMAT = "FORMAT"  # 格式错误
    EOD_RETURN = "EOD_RETURN"  # 日终自动退回
    OTHER = "OTHER"  # 其他


class Remedy(StrEnum):
    """Who can do what about a failure (处理方式)."""

    BANK_RETRIES = "BANK_RETRIES"  # 银行重试
    CORRECT_AND_REISSUE = "CORRECT_AND_REISSUE"  # 更正后补发
    FINAL = "FINAL"  # 不再发放
