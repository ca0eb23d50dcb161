"""The MOF envelope (凭证库报文): vouchers as Base64 of GBK XML, each named by attributes; and status queries.

Source: facts A.3, A.5, A.6; the shapes of query and status are those of tests/golden/treasury_voucher/document.md, part 6.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from lxml import etree

from messages.bounded_xml import Malformed, children_once, leaf_text, line_of, read_tree
from messages.voucher.body import Key, VoucherBody, read_body, write_body
from messages.voucher.field_sets import FIELD_SETS
from messages.xml_columns import one_element

SENT: Final = "0"
RECEIPT: Final = "1"
MOST_BYTES: Final = 8_000_000
FRAME_BYTES: Final = 600
"""Octets around one voucher's Base64 at most."""
_MOST_VOUCHERS: Final = 100
_MOST_TAGS: Final = 10 * _MOST_VOUCHERS
_KEY: Final[dict[str, int]] = {"AdmDivCode": 9, "StYear": 4, "VtCode": 4, "VoucherNo": 42}
_STATUS: Final[dict[str, int]] = {"Status": 3, "ErrorCode": 10, "ErrorMsg": 255}
_DECLARATION: Final = '<?xml version="1.0" encoding="GBK"?>\n'


@dataclass(frozen=True, slots=True)
class Voucher:
    """One voucher in its envelope."""

    key: Key
    flag: Literal["0", "1"]  # VoucherFlag: SENT 发送单, RECEIPT 回单
    body: VoucherBody


@dataclass(frozen=True, slots=True)
class VoucherStatus:
    """Where a voucher stands (凭证状态): a receipt acknowledgement (签收) and the answer to a query alike."""

    key: Key
    status: str  # 00 no such voucher, 10 to 100 as facts A.5
    error_code: str | None = None
    error_text: str | None = None


@dataclass(frozen=True, slots=True)
class VoucherQuery:
    """A question where a voucher stands (凭证状态查询)."""

    key: Key
    query_no: str


Mof = tuple[Voucher, ...] | VoucherStatus | VoucherQuery


def write_vouchers(vouchers: Iterable[Voucher]) -> bytes:
    """The envelope's octets; KeyError for a VtCode without a field set, ValueError for a field that it does not have."""
    bodies = [_voucher_body(voucher) for voucher in vouchers]
    document = f"{_DECLARATION}<MOF><VoucherCount>{len(bodies)}</VoucherCount>\n{''.join(bodies)}</MOF>\n"
    return document.encode("gbk")


def write_status(status: VoucherStatus) -> bytes:
    """A status message's octets; ValueError for a text that is too long or holds what GBK does not have."""
    texts = {"Status": status.status, "ErrorCode": status.error_code or "", "ErrorMsg": status.error_text or ""}
    for name, text in texts.items():
        if len(text) > _STATUS[name]:
            raise ValueError(f"{name} holds at most {_STATUS[name]} characters")
    return _small("VoucherStatus", {**status.key.fields(), **texts})


def write_query(query: VoucherQuery) -> bytes:
    """A query's octets."""
    return _small("QueryVoucherStatus", {"QueryNo": query.query_no, **query.key.fields()})


def read_mof(content: bytes, *, max_bytes: int = MOST_BYTES) -> Mof:
    """Whatever stands in a MOF message; raises Malformed with line, field and clause."""
    root = read_tree(content, "gbk", max_bytes=max_bytes, max_tags=_MOST_TAGS)
    if root.tag != "MOF":
        raise Malformed("is no MOF message", line=1, field="MOF", clause="2.1")
    if len(root) == 1 and root[0].tag == "VoucherStatus":
        return _status(root)
    if len(root) == 1 and root[0].tag == "QueryVoucherStatus":
        return _query(root)
    return _vouchers(root)


def _voucher_body(voucher: Voucher) -> str:
    content = write_body(FIELD_SETS[voucher.key.vt_code], voucher.body)
    attributes = " ".join(f'{name}="{value}"' for name, value in voucher.key.fields().items())
    return (
        f"<VoucherBody {attributes}><VoucherFlag>{voucher.flag}</VoucherFlag><Attach/>\n"
        f"<Voucher>{b64encode(content).decode('ascii')}</Voucher></VoucherBody>\n"
    )


def _small(name: str, texts: dict[str, str]) -> bytes:
    inner = "".join(one_element(tag, text) if text else f"<{tag}/>" for tag, text in texts.items())
    return f"{_DECLARATION}<MOF><{name}>{inner}</{name}></MOF>\n".encode("gbk")


def _vouchers(root: etree._Element) -> tuple[Voucher, ...]:
    bodies = root.findall("VoucherBody")
    for body in bodies:
        root.remove(body)
    found = children_once(root, {"VoucherCount"}, clause="2.1")
    if "VoucherCount" not in found or not 0 < len(bodies) <= _MOST_VOUCHERS:
        raise Malformed(f"has no VoucherCount, or not 1 to {_MOST_VOUCHERS} vouchers", field="MOF", clause="2.1")
    if leaf_text(found["VoucherCount"], longest=4) != str(len(bodies)):
        raise Malformed("is not the number of vouchers", field="VoucherCount", clause="2.2")
    return tuple(_voucher(body) for body in bodies)


def _voucher(element: etree._Element) -> Voucher:
    found = children_once(element, {"VoucherFlag", "Attach", "Voucher"}, attributes=_KEY, clause="2.3")
    key = _attributes(element)
    field_set = FIELD_SETS.get(key.vt_code)
    if field_set is None:
        raise Malformed("is a kind of voucher that is not expected here", field="VtCode", clause="2.3")
    if "VoucherFlag" not in found or "Voucher" not in found:
        raise Malformed("has no VoucherFlag or no Voucher", line=line_of(element), field="VoucherBody", clause="2.3")
    flag = leaf_text(found["VoucherFlag"], longest=1)
    if flag not in (SENT, RECEIPT):
        raise Malformed("is neither 0 nor 1", field="VoucherFlag", clause="2.4")
    if "Attach" in found and leaf_text(found["Attach"], longest=0):
        raise Malformed("attachments are not part of this interface", field="Attach", clause="2.5")
    content = _decoded(leaf_text(found["Voucher"], longest=MOST_BYTES))
    body = read_body(field_set, content, key, receipt=flag == RECEIPT)
    return Voucher(key, RECEIPT if flag == RECEIPT else SENT, body)


def _attributes(element: etree._Element) -> Key:
    values = {name: str(element.get(name) or "") for name in _KEY}
    return _key(values)


def _key(values: dict[str, str]) -> Key:
    for name, longest in _KEY.items():
        text = values[name]
        if not (text.isascii() and text.isalnum() and len(text) <= longest):
            raise Malformed(f"is not 1 to {longest} letters and digits", field=name, clause="2.3")
    return Key(values["AdmDivCode"], values["StYear"], values["VtCode"], values["VoucherNo"])


def _decoded(text: str) -> bytes:
    joined = text.replace("\r", "").replace("\n", "")  # writers that wrap lines are many
    try:
        content = b64decode(joined.encode("ascii"), validate=True)
    except (NotBase64, UnicodeEncodeError):
        content = b""
    if not content or b64encode(content).decode("ascii") != joined:
        raise Malformed("is not Base64 in its one canonical form", field="Voucher", clause="2.6")
    return content


def _small_texts(root: etree._Element, more: dict[str, int], clause: str) -> dict[str, str]:
    lengths = {**_KEY, **more}
    found = children_once(root[0], lengths, clause=clause)
    return {name: leaf_text(found[name], longest=most) if name in found else "" for name, most in lengths.items()}


def _status(root: etree._Element) -> VoucherStatus:
    texts = _small_texts(root, _STATUS, "6.2")
    if not texts["Status"]:
        raise Malformed("is required, and missing or empty", field="Status", clause="6.2")
    return VoucherStatus(_key(texts), texts["Status"], texts["ErrorCode"] or None, texts["ErrorMsg"] or None)


def _query(root: etree._Element) -> VoucherQuery:
    texts = _small_texts(root, {"QueryNo": 35}, "6.1")
    return VoucherQuery(_key(texts), texts["QueryNo"])
