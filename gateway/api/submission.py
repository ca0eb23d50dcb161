"""What a client submits (批次提交): the header, and for a small batch its items in the same document."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from gateway.api import strict_json
from gateway.api.problems import Problem
from messages.batch.columns import ITEM_SCHEMA, AccountKind, IdType, PayeeKind
from messages.batch.header import BatchHeader
from messages.batch.header_reading import read_header

_DESCRIBED: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "item_id": ("明细编号 · unique within the batch", {"type": "string"}),
    "payee_kind": ("补贴对象类别 · person or organisation", {"type": "string", "enum": [str(k) for k in PayeeKind]}),
    "name": ("收款人户名 · payee's account name", {"type": "string"}),
    "id_type": ("证件类型 · kind of document", {"type": "string", "enum": [str(k) for k in IdType]}),
    "id_number": ("证件号码或统一社会信用代码 · document number", {"type": "string"}),
    "account": ("收款账号 · credited account", {"type": "string"}),
    "account_kind": ("账户类别 · kind of account", {"type": "string", "enum": [str(k) for k in AccountKind]}),
    "bank_code": ("收款行行号 · 12-digit CNAPS code", {"type": "string"}),
    "mobile": ("手机号 · for the notice", {"type": ["string", "null"]}),
    "address": ("家庭住址 · home address", {"type": ["string", "null"]}),
    "amount_fen": ("金额(分) · amount in integer fen", {"type": "integer"}),
    "remark": ("附言 · remark", {"type": ["string", "null"]}),
    "reissues_item_id": (
        "补发所对应的原明细编号 · the failed item that this one re-issues",
        {"type": ["string", "null"]},
    ),
}
_OPTIONAL: Final = frozenset({"mobile", "address", "remark", "reissues_item_id"})

ITEM_JSON_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "title": "Item",
    "description": "补贴明细 · one payment; judged one by one after receipt, see rejections",
    "properties": {name: {"description": _DESCRIBED[name][0], **_DESCRIBED[name][1]} for name in ITEM_SCHEMA},
    "required": [name for name in ITEM_SCHEMA if name not in _OPTIONAL],
}

Item = Annotated[dict[str, Any], WithJsonSchema(ITEM_JSON_SCHEMA)]


class Submission(BaseModel):
    """A batch: its header alone, or with its items (提交内容); what ``read_submission`` takes."""

    model_config = ConfigDict(extra="forbid")

    header: BatchHeader
    items: list[Item] | None = Field(default=None, min_length=1, max_length=1000, description="内联明细 · inline items")


def read_submission(body: bytes, most_items: int) -> tuple[BatchHeader, list[dict[str, Any]] | None]:
    """Header and items of a JSON body; raises Problem, and HeaderRefused with all that is wrong with the header.

    Items are not judged here: each is an object, and what is in it is for the check to say.
    """
    data = strict_json.parse(body)
    if not isinstance(data, dict) or not isinstance(data.get("header"), dict) or data.keys() - {"header", "items"}:
        raise Problem("BAD_FIELD", field="header", zh="正文应为 header 和(可选)items。", en=_EXPECTED)
    items = data.get("items")
    if items is not None:
        _require_items(items, most_items)
    return read_header(strict_json.lines([data["header"]])), items


_EXPECTED: Final = "the body is an object with header, an object, and optionally items, a list"


def _require_items(items: Any, most: int) -> None:
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Problem("BAD_FIELD", field="items", zh="items 应为对象的数组。", en="items is a list of objects")
    if not items:
        raise Problem("EMPTY", field="items")
    if len(items) > most:
        raise Problem("TOO_LARGE", field="items")
