"""The script of a simulated counterparty (模拟器剧本): what happens to which item and to which file.

A script holds no clock and no random state: the same script over the same items has the same outcome,
however the items are spread over files and in whatever order those arrive.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Code = Annotated[str, Field(pattern=r"\A[0-9A-Za-z_\u4e00-\u9fff]{1,35}\z")]  # some banks have words for codes
Seconds = Annotated[float, Field(ge=0, le=86_400)]
Share = Annotated[Decimal, Field(gt=0, le=1)]


class Part(BaseModel):
    """A frozen piece of a script; a key that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Paid(Part):
    """Credited (发放成功)."""

    do: Literal["paid"]


class Failed(Part):
    """Not credited (发放失败), with the bank's own reason code."""

    do: Literal["failed"]
    code: Code
    text: str = ""


class ProcessingThenPaid(Part):
    """Answered as processing (处理中) first, and as paid ``seconds`` after that."""

    do: Literal["processing-then-paid"]
    seconds: Seconds


class ReturnedLate(Part):
    """Answered as paid first; the money comes back (退汇) ``seconds`` after that."""

    do: Literal["returned-late"]
    seconds: Seconds
    code: Code
    text: str = ""


class Silent(Part):
    """Never answered. ``credited`` says what the bank's own books hold, since the outside cannot tell."""

    do: Literal["silent"]
    credited: bool = True


Action = Annotated[Paid | Failed | ProcessingThenPaid | ReturnedLate | Silent, Field(discriminator="do")]


class Match(Part):
    """Which items a rule takes: every condition given must hold.

    ``share`` is drawn from payee account and amount under the seed. The shares of a script's rules are
    disjoint and add up: 0.02 and 0.03 take exactly different 2 % and 3 %.
    """

    share: Share | None = None
    account: str | None = None
    name: str | None = None
    amount_fen: int | None = None
    reference: str | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Match:
        if not self.model_fields_set:
            raise ValueError("an empty match takes every item: use the script's default instead")
        return self


class Rule(Part):
    """The first rule that takes an item decides about it."""

    match: Match
    action: Action


class FileMatch(Part):
    """Which instruction files an effect strikes: every condition given must hold; none given strikes all.

    ``nth`` and ``first`` count the distinct files this counterparty has seen, from 1; ``share`` is drawn from the
    message id.
    """

    first: int | None = Field(default=None, ge=1)
    nth: int | None = Field(default=None, ge=1)
    message_id: str | None = None
    ends_with: str | None = None
    share: Share | None = None


class DelayAcknowledgement(Part):
    """The file-level answer (回执) comes ``seconds`` late."""

    do: Literal["delay-acknowledgement"]
    seconds: Seconds


class DropAcknowledgement(Part):
    """Files: the file-level answer (回执) never comes; results do."""

    do: Literal["drop-acknowledgement"]


class LoseReply(Part):
    """Messages: the instruction is taken, yet the caller never learns: connection dropped, or answered ``seconds`` late."""

    do: Literal["lose-reply"]
    answer_after: Seconds | None = None


class RefuseFile(Part):
    """The whole file is refused; no item of it is booked."""

    do: Literal["refuse-file"]
    code: Code
    text: str = ""


class DelayResult(Part):
    """The first result comes ``seconds`` after receipt."""

    do: Literal["delay-result"]
    seconds: Seconds


class SplitResult(Part):
    """The first result comes in ``parts`` pieces, ``every_seconds`` apart."""

    do: Literal["split-result"]
    parts: int = Field(ge=2, le=99)
    every_seconds: Seconds = 0


class ReorderRows(Part):
    """Rows stand in another order than the instruction's, fixed by the seed."""

    do: Literal["reorder-rows"]


class DuplicateResult(Part):
    """The same result once more ``seconds`` later: under another part number, or the same bytes under the same name."""

    do: Literal["duplicate-result"]
    under: Literal["another-part", "same-name"] = "another-part"
    seconds: Seconds = 0


class ContradictResult(Part):
    """``rows`` of the first result are said the other way round ``seconds`` later (paid as failed, failed as paid)."""

    do: Literal["contradict-result"]
    rows: int = Field(default=1, ge=1)
    code: Code
    seconds: Seconds = 0


class SpoilResult(Part):
    """The first result is damaged in one ``how``; if ``repair_after`` is given, the right one follows then.

    A ``truncated`` file is completed under its own name; everything else is repaired under the next part number.
    ``partial`` is sound but for half of its rows; ``dropped`` is never sent.
    """

    do: Literal["spoil-result"]
    how: Literal[
        "wrong-amount",
        "unknown-item",
        "wrong-total",
        "bad-signature",
        "missing-signature",
        "truncated",
        "garbled",
        "wrong-encoding",
        "partial",
        "dropped",
        "other-content-same-name",
    ]
    repair_after: Seconds | None = None


class GoOffline(Part):
    """The counterparty is unreachable for ``seconds`` from the moment it has taken the file."""

    do: Literal["go-offline"]
    seconds: Seconds


Effect = Annotated[
    DelayAcknowledgement
    | DropAcknowledgement
    | LoseReply
    | RefuseFile
    | DelayResult
    | SplitResult
    | ReorderRows
    | DuplicateResult
    | ContradictResult
    | SpoilResult
    | GoOffline,
    Field(discriminator="do"),
]


class FileRule(Part):
    """All file rules that match apply together, in the order written."""

    match: FileMatch = FileMatch()
    effects: tuple[Effect, ...] = Field(min_length=1)


class Script(Part):
    """Everything a simulated counterparty will do."""

    seed: int = Field(default=0, ge=0, lt=2**64)
    default: Action = Paid(do="paid")
    rules: tuple[Rule, ...] = Field(default=(), max_length=500)
    files: tuple[FileRule, ...] = Field(default=(), max_length=500)

    @model_validator(mode="after")
    def _shares_fit(self) -> Script:
        total = sum((rule.match.share for rule in self.rules if rule.match.share is not None), Decimal(0))
        if total > 1:
            raise ValueError(f"the shares of the rules add up to {total}, more than 1")
        return self

    @property
    def actions(self) -> tuple[Action, ...]:
        """Every action by its number: the rules' in order, then the default."""
        return (*(rule.action for rule in self.rules), self.default)
