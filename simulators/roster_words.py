"""Invented names and places for rosters (姓名、单位名称、住址): common, minority and rare characters."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from simulators.draws import Draws

_SURNAMES: Final = (
    *"王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈",
    *("欧阳", "司马", "上官", "诸葛"),
)
_GIVEN: Final = tuple(
    "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂香玉梅建国文华志红春花福贵田林山水云凤仁义礼信忠孝德才"
)
_RARE: Final = ("𠮷", "㐂", "䶮", "龘", "𬭚", "𫖯", "喆", "垚", "㛃", "䲟", "犇", "𬤇")
_MINORITY_FIRST: Final = (
    "买买提",
    "阿依古丽",
    "吾买尔",
    "帕提古丽",
    "扎西",
    "卓玛",
    "阿卜杜",
    "古丽娜尔",
    "巴特尔",
    "努尔兰",
)
_MINORITY_LAST: Final = ("艾力", "吐尔逊", "热合曼", "买合木提", "次仁", "多吉", "克里木", "阿不力孜", "苏莱曼", "达瓦")
_TOWNS: Final = ("东瓜镇", "吕合镇", "紫溪镇", "东华镇", "子午镇", "苍岭镇", "三街镇", "八角镇", "中山镇", "新村镇")
_VILLAGES: Final = ("前进", "红星", "大箐", "小河", "龙潭", "麦地", "石板", "青山", "新庄", "桃园", "白沙", "水井")
_TRADES: Final = ("种植", "养殖", "农机服务", "林果", "蔬菜", "粮食", "花椒", "核桃", "茶叶", "中药材")


def person_names(draws: Draws) -> pl.Series:
    """One person's name per row: about 6 % with the dot of minority names, about 1 % with a rare character."""
    second = draws.pick("given-2", _GIVEN)
    rare = draws.pick("rare", _RARE)
    frame = pl.DataFrame(
        {
            "surname": draws.pick("surname", _SURNAMES),
            "one": draws.pick("given-1", _GIVEN),
            "two": second.zip_with(pl.Series(~draws.one_in("is-rare", 100)), rare),
            "short": draws.one_in("is-short", 5),
            "first": draws.pick("minority-first", _MINORITY_FIRST),
            "last": draws.pick("minority-last", _MINORITY_LAST),
            "minority": draws.one_in("is-minority", 17),
        }
    )
    han = pl.concat_str("surname", pl.when("short").then(pl.lit("")).otherwise(pl.col("one")), "two")
    minority = pl.concat_str("first", pl.lit("·"), "last")
    return frame.select(pl.when("minority").then(minority).otherwise(han).alias("name")).to_series()


def organisation_names(draws: Draws) -> pl.Series:
    """A village's cooperative or a small company per row."""
    ending = draws.pick("ending", ("农民专业合作社", "家庭农场", "村股份经济合作社", "农业发展（集团）有限公司"))
    return pl.select(
        pl.concat_str(
            pl.lit("楚雄市"), draws.pick("org-village", _VILLAGES), draws.pick("trade", _TRADES), ending
        ).alias("name")
    ).to_series()


def addresses(draws: Draws) -> pl.Series:
    """A household's address per row; about one in five gives none."""
    house = pl.Series((draws.below("house", 200) + 1).astype(np.int64)).cast(pl.String)
    parts = ("云南省楚雄市", draws.pick("town", _TOWNS), draws.pick("village", _VILLAGES), "村", house, "号")
    text = pl.concat_str([pl.lit(part) if isinstance(part, str) else part for part in parts])
    none = pl.Series(draws.one_in("no-address", 5))
    return pl.select(pl.when(~none).then(text).alias("address")).to_series()
