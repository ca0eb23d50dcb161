"""What is wrong with a batch header, in words for people (批次头问题说明)."""

from __future__ import annotations

from typing import Final, TypedDict

from pydantic import ValidationError


class HeaderProblem(TypedDict):
    """One problem; ``field`` is a dotted path such as ``paying_account.bank_code``."""

    field: str
    code: str
    zh: str
    en: str


HEADER_CODES: Final[dict[str, tuple[str, str]]] = {
    "TOO_LONG": ("内容过长，请缩短至规定长度", "too long: shorten it to the documented length"),
    "NOT_JSON": ("批次头不是合法的 JSON（UTF-8）", "the header is not valid JSON in UTF-8"),
    "NOT_OBJECT": ("此处应为 JSON 对象", "a JSON object is required here"),
    "DUPLICATE_FIELD": ("同一字段写了两次，请只保留一个", "a field is written twice: keep one"),
    "MISSING": ("必填字段缺失，请补填", "a required field is missing: add it"),
    "UNKNOWN_FIELD": ("字段未定义，请删除或更正字段名", "the field is not defined: remove it or correct its name"),
    "TYPE": (
        "类型不对：文字用字符串，笔数和金额用整数（不加引号、小数点或指数），标识用 true/false",
        "wrong type: texts are strings, counts and amounts integers without quotes, point or exponent, "
        "flags true or false",
    ),
    "FORMAT": ("写法不对，请按《批次文件说明》填写", "not of the documented form"),
    "EMPTY": ("内容为空，请填写；可选字段不填时请省略", "empty: fill it in, or leave an optional field out"),
    "RANGE": ("数值超出允许范围", "the number is outside the allowed range"),
    "CHOICE": ("取值未定义，请用《批次文件说明》所列的值", "not one of the documented values"),
    "DATE": ("日期写法不对或日期不存在，请写 YYYY-MM-DD", "not a date of the calendar: write YYYY-MM-DD"),
    "CONTROL_CHARACTER": (
        "含有控制字符、不可见字符，或首尾有空格，请重新录入",
        "control or invisible characters, or white space at an end: enter it again",
    ),
    "BANK_CODE_CHECK": ("行号校验位不符，请核对 12 位支付系统行号", "wrong check digit: look up the bank code"),
    "URGENT_GROUND": ("急办批次必须写明急办事由", "an urgent batch must state its ground"),
    "NOT_URGENT": (
        "写了急办事由但未标急办，请标明急办或删除事由",
        "a ground is stated but urgent is false: correct one of them",
    ),
    "TOTAL_BELOW_COUNT": (
        "申报总金额小于申报笔数（每笔至少 1 分），请核对",
        "the declared total is below one fen an item: check both",
    ),
}
"""Every code of a header problem with its Chinese and English words."""

# pydantic's error types; what is not here is a wrong form
_CODES: Final = {
    "missing": "MISSING",
    "extra_forbidden": "UNKNOWN_FIELD",
    "string_type": "TYPE",
    "int_type": "TYPE",
    "int_from_float": "TYPE",
    "bool_type": "TYPE",
    "model_type": "NOT_OBJECT",
    "model_attributes_type": "NOT_OBJECT",
    "json_invalid": "NOT_JSON",
    "string_too_short": "EMPTY",
    "string_too_long": "TOO_LONG",
    "greater_than_equal": "RANGE",
    "less_than_equal": "RANGE",
    "int_parsing_size": "RANGE",
    "literal_error": "CHOICE",
    "enum": "CHOICE",
    "date_type": "TYPE",
    "date_from_datetime_parsing": "DATE",
    "date_from_datetime_inexact": "DATE",
    "date_parsing": "DATE",
}
_RULES: Final = {"URGENT_GROUND", "NOT_URGENT", "TOTAL_BELOW_COUNT"}


def problem(field: str, code: str) -> HeaderProblem:
    """One problem in the words of ``HEADER_CODES``."""
    zh, en = HEADER_CODES[code]
    return HeaderProblem(field=field, code=code, zh=zh, en=en)


def problems_of(error: ValidationError) -> list[HeaderProblem]:
    """All problems of one validation; never repeats what a field contains, nor the names of unknown fields."""
    return [_problem_of(*_parts(entry)) for entry in error.errors(include_url=False, include_input=False)]


def _parts(entry: object) -> tuple[str, str, str]:
    assert isinstance(entry, dict)  # noqa: S101 - pydantic's ErrorDetails
    return ".".join(str(step) for step in entry["loc"]), entry["type"], entry["msg"]


def _problem_of(path: str, kind: str, message: str) -> HeaderProblem:
    if kind in _RULES:
        return problem(message, kind)
    if kind == "value_error":
        return problem(path, message.removeprefix("Value error, "))
    if kind == "extra_forbidden":
        path = path.rpartition(".")[0] or "header"
    return problem(path or "header", _CODES.get(kind, "FORMAT"))
