"""Items to measure with (测试明细), by columns: the same number always gives the same item, and each one is valid.

Nobody's data: the area code 520099 and the card prefix 629998 are not assigned.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from messages.batch.columns import ITEM_SCHEMA, STORED_SCHEMA, AccountKind, IdType, PayeeKind
from messages.batch.numbering import SEGMENT_STRIDE, item_references

Numbers = npt.NDArray[np.int64]

BATCH_REFERENCE: Final = "BENCH0000001"
BANK_CODES: Final = ("402738090017", "313730190014")
WRITE_ROWS: Final = 50_000

_ORGANISATION_EVERY: Final = 50
_MINORITY_EVERY: Final = 25
_SURNAMES: Final = tuple("王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾萧田董潘袁蔡蒋余于杜叶程")
_GIVEN: Final = tuple("伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华建国玉兰红梅春生福贵金凤海燕文斌龙飞雪琴")
_MINORITY: Final = ("阿依古丽·买买提", "巴特尔·苏和", "扎西·次仁", "古力娜扎·吐尔逊", "才让·卓玛", "努尔兰·哈那提")
_VILLAGES: Final = ("青山村", "石桥村", "龙潭村", "新民村", "大坪村", "柳溪村", "红旗村")
_ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECK: Final = pl.Series(list("10X98765432"))
_USCC_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_FIRST_DAY: Final = np.datetime64("1940-01-01")
_DAYS: Final = 23_000


def items(rows: int, first: int = 0) -> pl.DataFrame:
    """``rows`` items from number ``first`` on, ITEM_SCHEMA; every 50th is an organisation."""
    numbers = np.arange(first, first + rows, dtype=np.int64)
    number, organisation = pl.col("n"), pl.col("n") % _ORGANISATION_EVERY == 0
    columns = pl.DataFrame(
        {
            "n": numbers,
            "person": _person_names(numbers),
            "resident_id": _resident_ids(numbers),
            "uscc": _credit_codes(numbers),
            "card": _cards(numbers),
            "village": _picked(_VILLAGES, numbers // 3),
            "bank_code": _picked(BANK_CODES, numbers // 7),
        }
    )
    card_kind = pl.when(number % 4 == 1).then(pl.lit(AccountKind.BANK_CARD.value))
    return columns.select(
        item_id=pl.format("MX2026{}", number.cast(pl.String).str.zfill(9)),
        payee_kind=_either(organisation, PayeeKind.ORGANISATION, PayeeKind.PERSON),
        name=pl.when(organisation).then(pl.format("{}第{}农民专业合作社", "village", number)).otherwise("person"),
        id_type=_either(organisation, IdType.USCC, IdType.RESIDENT_ID),
        id_number=pl.when(organisation).then("uscc").otherwise("resident_id"),
        account="card",
        account_kind=pl.when(organisation)
        .then(pl.lit(AccountKind.CORPORATE.value))
        .otherwise(card_kind.otherwise(pl.lit(AccountKind.SOCIAL_SECURITY_CARD.value))),
        bank_code="bank_code",
        mobile=pl.when(number % 4 != 3).then((13_800_000_000 + number % 100_000_000).cast(pl.String)),
        address=pl.when(number % 2 == 0).then(pl.format("测试县青龙乡{}{}组", "village", number % 12 + 1)),
        amount_fen=number % 90_007 * 10 + 1_25,
        remark=pl.when(number % 4 == 2).then(pl.lit("二〇二六年度补贴")),
        reissues_item_id=pl.lit(None, dtype=pl.String),
    ).select(pl.col(name).cast(dtype) for name, dtype in ITEM_SCHEMA.items())


def segments(rows: int) -> Iterator[pl.DataFrame]:
    """The items as segments hold them, at most SEGMENT_STRIDE rows each, with their ``reference``."""
    for first in range(0, rows, SEGMENT_STRIDE):
        block = items(min(SEGMENT_STRIDE, rows - first), first)
        numbers = pl.int_range(first, first + block.height, dtype=pl.UInt32, eager=True)
        stored = block.with_columns(line_no=numbers + 1, item_no=numbers).select(*STORED_SCHEMA)
        yield stored.with_columns(item_references(BATCH_REFERENCE))


def write_ndjson(path: Path, rows: int) -> int:
    """The items as NDJSON lines; returns the octets written."""
    with path.open("wb") as file:
        for first in range(0, rows, WRITE_ROWS):
            items(min(WRITE_ROWS, rows - first), first).write_ndjson(file)
        return file.tell()


def write_csv(path: Path, rows: int, charset: str) -> int:
    """The items as CSV with a header row; returns the octets written."""
    with path.open("wb") as file:
        for first in range(0, rows, WRITE_ROWS):
            block = items(min(WRITE_ROWS, rows - first), first)
            file.write(block.write_csv(include_header=first == 0).encode(charset))
        return file.tell()


def _either(condition: pl.Expr, yes: str, no: str) -> pl.Expr:
    return pl.when(condition).then(pl.lit(str(yes))).otherwise(pl.lit(str(no)))


def _picked(choices: tuple[str, ...], numbers: Numbers) -> pl.Series:
    return pl.Series(choices).gather(numbers % len(choices))


def _person_names(numbers: Numbers) -> pl.Series:
    """Mostly two or three characters; some with the dot of minority names."""
    first, second = _picked(_GIVEN, numbers // 5), _picked(("", *_GIVEN), numbers // 11)
    ordinary = _picked(_SURNAMES, numbers) + first + second
    return ordinary.zip_with(pl.Series(numbers % _MINORITY_EVERY != 1), _picked(_MINORITY, numbers // 2))


def _resident_ids(numbers: Numbers) -> pl.Series:
    days = _FIRST_DAY + numbers * 7 % _DAYS
    months, years = days.astype("datetime64[M]"), days.astype("datetime64[Y]")
    stamp = (years.astype(np.int64) + 1970) * 10_000 + (months.astype(np.int64) % 12 + 1) * 100
    stamp += (days - months).astype(np.int64) + 1
    body = (520_099 * 10**8 + stamp) * 1_000 + numbers // _DAYS % 999 + 1
    check = sum(digit * weight for digit, weight in zip(_digits(body, 17), _ID_WEIGHTS, strict=True)) % 11
    return pl.Series(body).cast(pl.String) + _ID_CHECK.gather(check)


def _credit_codes(numbers: Numbers) -> pl.Series:
    """A rural cooperative: N3, an area, a nine-digit body and the check character of GB 32100."""
    body = 3_520_099 * 10**9 + numbers % 10**9
    values = [np.full_like(numbers, _USCC_ALPHABET.index("N")), *_digits(body, 16)]
    weighted = sum(value * pow(3, place, 31) for place, value in enumerate(values))
    check = pl.Series(list(_USCC_ALPHABET)).gather((31 - weighted % 31) % 31)
    return "N" + pl.Series(body).cast(pl.String) + check


def _cards(numbers: Numbers) -> pl.Series:
    """Nineteen digits, the last by Luhn."""
    body = 629_998 * 10**12 + numbers
    weighted = np.zeros_like(numbers)
    for place, digit in enumerate(reversed(_digits(body, 18))):
        weighted += (2 * digit - 9 * (digit > 4)) if place % 2 == 0 else digit
    return pl.Series(body * 10 + (10 - weighted % 10) % 10).cast(pl.String)


def _digits(numbers: Numbers, width: int) -> list[Numbers]:
    """The decimal digits from the left, a column each."""
    found: list[Numbers] = []
    for _ in range(width):
        numbers, digit = np.divmod(numbers, 10)
        found.insert(0, digit)
    return found
