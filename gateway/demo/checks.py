"""Comparing books that were kept by different hands: the gateway, the banks, the SMS provider, the platform."""

from __future__ import annotations

from typing import Any

from gateway.demo.books import Books

NEIGHBOURS = ("sms", "platform")
SENT = ("TAKEN", "DELIVERED", "UNDELIVERED")


def compare(books: Books, ledgers: dict[str, dict[str, Any]], items: int) -> dict[str, bool | int]:
    """Label -> True, False, or a plain number to be shown. False anywhere means that the books do not agree."""
    banks = [ledger for name, ledger in ledgers.items() if name not in NEIGHBOURS]
    kept = sum(bank["credited"] - bank["returned"] for bank in banks)
    kept_fen = sum(bank["credited_fen"] - bank["returned_fen"] for bank in banks)
    returned = sum(bank["returned"] for bank in banks)
    sent = sum(books.notices[name] for name in SENT)
    return {
        "申报等于去向之和 · declared = sum of outcomes": books.balanced,
        "全部受理 · all submitted items taken in": books.items == items,
        "银行入账等于已发放 · banks' books = paid": (kept, kept_fen) == (books.counts["paid"], books.amounts["paid"]),
        "退汇相符 · banks' returns = returned": returned == books.counts["returned"],
        "无重复支付 · nothing paid twice": not any(bank["duplicates_paid"] for bank in banks),
        "无未决 · nothing unknown or in flight": not books.counts["unknown"] and not books.counts["in_flight"],
        "短信不重发 · no notice sent twice": not ledgers["sms"]["sent_twice"],
        "短信相符 · notices taken = provider's books": sent
        == ledgers["sms"]["messages"] - ledgers["sms"].get("unanswered", 0),
        "平台已获通知 · platform was told": ledgers["platform"]["events"] > 0,
        "短信 · notices": sent,
        "平台通知 · platform events": ledgers["platform"]["events"],
    }
