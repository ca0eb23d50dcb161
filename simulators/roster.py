"""Rosters (补贴发放花名册): lifelike synthetic batches, the same for the same seed, a million items in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any, Final, Literal

import numpy as np
import polars as pl

from messages.batch.columns import ITEM_SCHEMA, AccountKind, IdType, PayeeKind
from messages.batch.delimited_header import COLUMN_NAMES
from simulators.draws import Draws
from simulators.projects import Project, listed_projects
from simulators.roster_flaws import choose_flaws, flaw_list, with_flaws
from simulators.roster_header import header_of
from simulators.roster_numbers import as_text, bank_code, cards, credit_codes, digits, padded, resident_ids
from simulators.roster_words import addresses, organisation_names, person_names

BAD_SHARE: Final = Decimal("0.02")
_BANKS: Final = tuple(
    bank_code(start)
    for start in (
        *("40273100001", "40273100002", "40273100003", "40273850001"),  # 农信社、农商行
        *("31473100001", "31473850001", "40373100001", "40373850001", "40273310001"),
        *("31373100001", "10273100001", "10373100001"),  # 城商行、国有大行
    )
)
_EVERYWHERE: Final = tuple(
    bank_code(start)
    for start in (
        *("40273100001", "40373850001", "31473100001", "31373100001", "32073100001", "40173100001"),
        *("10373100001", "10273100001", "30873100001", "10473100001", "10573100001"),
    )
)
"""One or two of every kind of bank: a roster that reaches each family of the shipped profiles."""
_CARD_KINDS: Final = (
    *[AccountKind.SOCIAL_SECURITY_CARD.value] * 7,
    *[AccountKind.BANK_CARD.value] * 2,
    AccountKind.PASSBOOK.value,
)
_BLOCK: Final = 200_000


@dataclass(frozen=True, slots=True)
class RosterBatch:
    """One batch: header as JSON-ready data, items (``ITEM_SCHEMA``), and which of them are bad on purpose."""

    header: dict[str, Any]
    items: pl.DataFrame
    flaws: pl.DataFrame  # line_no, flaw
    form: Literal["ndjson", "csv"]

    @property
    def content_type(self) -> str:
        """The media type of ``content``."""
        return "application/x-ndjson" if self.form == "ndjson" else "text/csv; charset=gb18030"

    def content(self) -> bytes:
        """The items as they are submitted: NDJSON, or CSV in GB18030 with Chinese column names and yuan."""
        written = BytesIO()
        if self.form == "ndjson":
            self.items.write_ndjson(written)
            return written.getvalue()
        _in_chinese(self.items).write_csv(written)
        return written.getvalue().decode("utf-8").encode("gb18030")


def roster(
    items: int,
    seed: int,
    *,
    batches: int = 6,
    requested_on: date = date(2026, 11, 24),
    bad_share: Decimal = BAD_SHARE,
    everywhere: bool = False,
) -> list[RosterBatch]:
    """``items`` items in ``batches`` batches, one project each; the second batch, if any, is CSV.

    ``everywhere``: payees at every kind of bank, all batches prefunded (实拨), so that each item goes to its own bank.
    """
    projects = listed_projects()
    count = max(1, min(batches, items, len(projects)))
    sizes = [items // count + (number < items % count) for number in range(count)]
    made, first = [], 0
    for number, size in enumerate(sizes):
        made.append(_batch(projects[number], seed, number, first, size, requested_on, bad_share, everywhere))
        first += size
    return made


def _batch(
    project: Project,
    seed: int,
    number: int,
    first: int,
    size: int,
    requested_on: date,
    bad_share: Decimal,
    everywhere: bool,
) -> RosterBatch:
    blocks, flaws = [], []
    for start in range(0, size, _BLOCK):
        draws = Draws(seed, first + start, min(_BLOCK, size - start))
        block = _items(project, draws, _EVERYWHERE if everywhere else _BANKS)
        chosen = choose_flaws(draws, block["id_type"] == IdType.RESIDENT_ID.value, bad_share)
        blocks.append(with_flaws(block, chosen))
        flaws.append(chosen)
    items = pl.concat(blocks)
    total_fen = int(items["amount_fen"].sum())
    header = header_of(project, seed, number, requested_on, items.height, total_fen, prefunded=everywhere or None)
    return RosterBatch(header, items, flaw_list(pl.concat(flaws)), "csv" if number == 1 else "ndjson")


def _items(project: Project, draws: Draws, banks: tuple[str, ...]) -> pl.DataFrame:
    organisation = pl.Series(draws.one_in("is-organisation", 33))
    document, id_number = _documents(draws)
    kinds = draws.pick("account-kind", _CARD_KINDS)
    passbook = kinds == AccountKind.PASSBOOK.value
    account = padded("880099", draws.places, 9).zip_with(passbook, cards(draws.places))
    mobile = padded("199", draws.below("mobile", 10**8), 8).set(pl.Series(draws.one_in("no-mobile", 20)), None)
    columns = {
        "item_id": pl.select(pl.format("{}-{}", pl.lit(project.code), padded("", draws.places, 9))).to_series(),
        "payee_kind": _either(organisation, PayeeKind.ORGANISATION, PayeeKind.PERSON),
        "name": organisation_names(draws).zip_with(organisation, person_names(draws)),
        "id_type": _either(organisation, IdType.USCC, document),
        "id_number": credit_codes(draws.places).zip_with(organisation, id_number),
        "account": padded("300099", draws.places, 11).zip_with(organisation, account),
        "account_kind": _either(organisation, AccountKind.CORPORATE, kinds),
        "bank_code": draws.pick("bank", banks),
        "mobile": mobile,
        "address": addresses(draws),
        "amount_fen": pl.Series((draws.below("amount", project.steps) + 1) * project.step_fen),
        "remark": draws.pick("remark", ("", f"2026年{project.policy_name}", "")).replace("", None),
    }
    return pl.DataFrame(columns).select(
        (pl.col(name) if name in columns else pl.lit(None)).cast(kind).alias(name) for name, kind in ITEM_SCHEMA.items()
    )


def _either(where: pl.Series, then: str, otherwise: str | pl.Series) -> pl.Series:
    rest = otherwise if isinstance(otherwise, pl.Series) else pl.lit(str(otherwise))
    return pl.select(pl.when(where).then(pl.lit(str(then))).otherwise(rest)).to_series()


def _documents(draws: Draws) -> tuple[pl.Series, pl.Series]:
    """(id type, number) of persons: resident identity cards, and one other document in about eighty."""
    others = (IdType.HK_MACAO_PERMIT, IdType.TAIWAN_PERMIT, IdType.FOREIGN_RESIDENT, IdType.PASSPORT)
    kind = draws.pick("document", [IdType.RESIDENT_ID.value] * 316 + [other.value for other in others])
    number = as_text(digits(draws.below("document-no", 10**8), 8) + np.uint8(48))
    prefix = kind.replace_strict(
        {IdType.HK_MACAO_PERMIT: "H", IdType.FOREIGN_RESIDENT: "XXX5300", IdType.PASSPORT: "E"}, default=""
    )
    other = pl.select(pl.concat_str(prefix, number)).to_series()
    return kind, resident_ids(draws.places).zip_with(kind == IdType.RESIDENT_ID.value, other)


def _in_chinese(items: pl.DataFrame) -> pl.DataFrame:
    yuan = pl.format("{}.{}", pl.col("amount_fen") // 100, (pl.col("amount_fen") % 100).cast(pl.String).str.zfill(2))
    names = {name: COLUMN_NAMES["amount_yuan" if name == "amount_fen" else name][0] for name in ITEM_SCHEMA}
    return items.with_columns(yuan.alias("amount_fen")).rename(names)
