"""What a layout may speak of (取值词汇): the canonical values that each record of each message carries.

A layout names its sources from these tables and from nothing else, so that a misspelt source is
refused when the layout is read and not when money moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from messages.batch.columns import AccountKind, IdType, PayeeKind


class MessageName(StrEnum):
    """The messages that a bank's file interface may have."""

    INSTRUCTION = "instruction"  # 代发指令
    ACKNOWLEDGEMENT = "acknowledgement"  # 文件回执
    RESULT = "result"  # 代发结果
    RETURNED = "returned"  # 退汇
    INQUIRY = "inquiry"  # 查询: our question about one instruction, where asking is a message


class Shape(StrEnum):
    """What a canonical value is made of."""

    TEXT = "text"
    DATE = "date"
    MOMENT = "moment"  # a datetime with its zone; written in China Standard Time
    FEN = "fen"


@dataclass(frozen=True, slots=True)
class Source:
    """One canonical value; ``choices`` where it is one of a closed list."""

    shape: Shape = Shape.TEXT
    choices: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Of one message: what its header and its details may carry, and what they must."""

    header: dict[str, Source]
    detail: dict[str, Source]
    header_must: frozenset[str]
    detail_must: frozenset[str]


def _texts(*names: str) -> dict[str, Source]:
    return dict.fromkeys(names, Source())


_DAY: Final = Source(Shape.DATE)
_MOMENT: Final = Source(Shape.MOMENT)

_INSTRUCTION: Final = Vocabulary(
    header={
        **_texts("message_id", "batch_no", "project_code", "policy_name", "voucher_no"),
        **_texts("debtor_name", "debtor_account", "debtor_bank_code"),
        "created_on": _DAY,
        "created_at": _MOMENT,
        "requested_on": _DAY,
    },
    detail={
        **_texts("reference", "item_id", "name", "id_number", "account", "bank_code", "mobile", "address", "remark"),
        "payee_kind": Source(choices=frozenset(PayeeKind)),
        "id_type": Source(choices=frozenset(IdType)),
        "account_kind": Source(choices=frozenset(AccountKind)),
        "amount_fen": Source(Shape.FEN),
    },
    header_must=frozenset({"message_id"}),
    detail_must=frozenset({"reference", "name", "account", "amount_fen"}),
)
_ACKNOWLEDGEMENT: Final = Vocabulary(
    header={
        **_texts("original_message_id", "group_status_raw", "group_reason_raw", "group_text_raw"),
        "created_on": _DAY,
        "created_at": _MOMENT,
    },
    detail={},
    header_must=frozenset({"original_message_id", "group_status_raw"}),
    detail_must=frozenset(),
)
_RESULT: Final = Vocabulary(
    header={
        **_texts("original_message_id", "group_status_raw", "group_reason_raw", "group_text_raw"),
        "created_on": _DAY,
        "created_at": _MOMENT,
    },
    detail={
        **_texts("reference", "account", "status_raw", "reason_raw", "text_raw", "bank_reference"),
        "amount_fen": Source(Shape.FEN),
        "settled_on": _DAY,
    },
    header_must=frozenset({"original_message_id"}),
    detail_must=frozenset({"reference", "status_raw"}),
)

_INQUIRY: Final = Vocabulary(
    header={
        **_texts("inquiry_id", "original_message_id", "debtor_account"),
        "created_on": _DAY,
        "created_at": _MOMENT,
        "requested_on": _DAY,
    },
    detail={**_texts("reference")},
    header_must=frozenset({"original_message_id"}),
    detail_must=frozenset(),
)

VOCABULARIES: Final[dict[MessageName, Vocabulary]] = {
    MessageName.INSTRUCTION: _INSTRUCTION,
    MessageName.ACKNOWLEDGEMENT: _ACKNOWLEDGEMENT,
    MessageName.RESULT: _RESULT,
    MessageName.RETURNED: _RESULT,
    MessageName.INQUIRY: _INQUIRY,
}
