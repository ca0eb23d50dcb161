"""Catalogue entries for lines that cannot be read (无法读取的行)."""

from __future__ import annotations

from typing import Final

from messages.batch.codes import Code, Entry, Severity

_R: Final = Severity.REJECT

LINE_ENTRIES: Final[tuple[Entry, ...]] = (
    Entry(
        Code.LINE_TOO_LONG,
        "line",
        _R,
        "该行超过 65536 字节",
        "请检查是否缺少换行，或某字段混入了其他内容",
        "the line is longer than 65,536 octets",
        "look for a missing line end, or other content in a field",
    ),
    Entry(
        Code.LINE_ENCODING,
        "line",
        _R,
        "该行含有不符合所声明字符集的字节",
        "请确认文件字符集（UTF-8 或 GB18030）与提交时声明的一致，并重新导出",
        "the line has octets that are not of the declared character set",
        "make the declared character set (UTF-8 or GB18030) match the file and export it again",
    ),
    Entry(
        Code.LINE_NUL,
        "line",
        _R,
        "该行含有空字符（NUL）",
        "请重新导出该行，去除不可见字符",
        "the line has a NUL character",
        "export the line again without invisible characters",
    ),
    Entry(
        Code.LINE_NOT_JSON,
        "line",
        _R,
        "该行不是合法的 JSON",
        "请每行写一个完整的 JSON 对象，字符串内的换行须转义为 \\n",
        "the line is not valid JSON",
        "write one complete JSON object a line, with line ends inside strings escaped as \\n",
    ),
    Entry(
        Code.LINE_NOT_OBJECT,
        "line",
        _R,
        "该行是 JSON，但不是对象",
        "请每行写一个 JSON 对象，不要写成数组或单个值",
        "the line is JSON but not an object",
        "write one JSON object a line, not an array or a single value",
    ),
    Entry(
        Code.LINE_NOT_CSV,
        "line",
        _R,
        "该行引号不配对，或单元格内含有换行",
        "一行即一笔：请删除单元格内的换行，并使双引号成对",
        "the line has an unpaired quote, or a cell contains a line end",
        "a line is an item: remove line ends from cells and pair the double quotes",
    ),
    Entry(
        Code.COLUMN_COUNT,
        "line",
        _R,
        "该行列数与表头不一致",
        "请检查是否多写或漏写分隔符；含分隔符的内容须用双引号括起",
        "the line has more or fewer columns than the header row",
        "look for extra or missing separators; put content with a separator in double quotes",
    ),
    Entry(
        Code.DUPLICATE_FIELD,
        "line",
        _R,
        "同一字段在该行出现两次",
        "每个字段只写一次，系统不替您选择取哪一个",
        "a field occurs twice in the line",
        "write each field once; the gateway does not choose between two values",
    ),
    Entry(
        Code.UNKNOWN_FIELD,
        "line",
        _R,
        "该行含有未定义的字段",
        "请按《批次文件说明》的字段名书写，多余字段不要提交",
        "the line has a field that is not defined",
        "use the field names of the canonical batch and leave out all others",
    ),
    Entry(
        Code.FIELD_TYPE,
        "*",
        _R,
        "字段类型不对，应为字符串",
        "请用双引号书写该字段，证件号码、账号、行号也不例外",
        "the field must be a string",
        "write it in double quotes, identity numbers, accounts and bank codes included",
    ),
    Entry(
        Code.AMOUNT_FORMAT,
        "amount_fen",
        _R,
        "金额写法不对",
        "JSON 与“金额(分)”列写整数分，“金额(元)”列最多两位小数；不要写引号、千分位、货币符号或科学计数法",
        "the amount is not written as required",
        "integer fen in JSON and in a fen column, at most two decimals in a yuan column; "
        "no quotes, thousands separators, currency signs or exponents",
    ),
)
