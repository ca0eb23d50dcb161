"""Whether a pain.002 says as many as it counts (支付状态报告笔数核对).

Source: pain.002.001.11, ``OrgnlNbOfTxs`` and ``NbOfTxsPerSts``. A report need not list every transaction, and often
lists none of a status that needs no words; but what it lists must agree with its own counters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from messages.iso20022.pain002_pull import Section
from messages.iso20022.unreadable import Unreadable


def check_counters(group: Section, payments: Sequence[Section]) -> None:
    """Raises Unreadable, with the line of the part, where a counter and the records disagree."""
    everything: Counter[str] = Counter()
    for payment in payments:
        _check(payment, payment.reported)
        everything.update(payment.reported)
    _check(group, everything)


def _check(section: Section, reported: dict[str, int]) -> None:
    listed = sum(reported.values())
    original = section.texts.get("OrgnlNbOfTxs")
    if original is not None and not (original.isascii() and original.isdigit() and len(original) <= 15):
        raise Unreadable("not a number", line=section.line, field="OrgnlNbOfTxs")
    if original is not None and max(listed, sum(section.counts.values())) > int(original):
        raise Unreadable("more transactions than the original message had", line=section.line, field="OrgnlNbOfTxs")
    if not section.counts:
        return
    for status, number in reported.items():
        if section.counts.get(status) != number:
            raise Unreadable(
                f"{number} transactions are listed with a status of which {section.counts.get(status, 0)} are counted",
                line=section.line,
                field="NbOfTxsPerSts",
            )
