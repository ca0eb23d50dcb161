"""pain.001 by building a tree of elements (逐元素建树): sepaxml, and lxml by hand. Measured against, never used."""

from __future__ import annotations

from datetime import date
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from lxml import etree

from messages.iso20022.schema import PAIN_001, namespace

Item = dict[str, Any]

_IBAN: Final = "DE89370400440532013000"  # sepaxml knows only IBANs; the same one will do for every item
_BIC: Final = "COBADEFFXXX"
_PATHS: Final = (
    ("PmtId/InstrId", "reference"),
    ("PmtId/EndToEndId", "reference"),
    ("Amt/InstdAmt", "amount"),
    ("CdtrAgt/FinInstnId/ClrSysMmbId/ClrSysId/Cd", "clearing"),
    ("CdtrAgt/FinInstnId/ClrSysMmbId/MmbId", "bank_code"),
    ("Cdtr/Nm", "name"),
    ("Cdtr/Id/PrvtId/Othr/Id", "id_number"),
    ("Cdtr/Id/PrvtId/Othr/SchmeNm/Prtry", "id_type"),
    ("CdtrAcct/Id/Othr/Id", "account"),
    ("CdtrAcct/Tp/Prtry", "account_kind"),
    ("RmtInf/Ustrd", "remark"),
)


def has_sepaxml() -> bool:
    """Whether sepaxml, a development dependency, is installed."""
    return find_spec("sepaxml") is not None


def sepaxml_build(items: list[Item]) -> bytes:
    """One message by sepaxml; seven elements an item, not validated against the schema."""
    transfer: Any = import_module("sepaxml").SepaTransfer
    config = {"name": "Treasury", "IBAN": _IBAN, "BIC": _BIC, "batch": True, "currency": "EUR"}
    message = transfer(config, clean=False)
    for item in items:
        message.add_payment(
            {
                "name": item["name"],
                "IBAN": _IBAN,
                "BIC": _BIC,
                "amount": item["amount_fen"],
                "execution_date": date(2026, 11, 2),
                "description": item["remark"] or "subsidy",
                "endtoend_id": item["reference"],
            }
        )
    octets: bytes = message.export(validate=False)
    return octets


def lxml_build(items: list[Item]) -> bytes:
    """One message as an lxml tree with the elements that ours has."""
    prefix = f"{{{namespace(PAIN_001)}}}"
    root = etree.Element(f"{prefix}PmtInf", nsmap={None: namespace(PAIN_001)})  # type: ignore[dict-item]
    for item in items:
        values = item | {"amount": f"{item['amount_fen'] // 100}.{item['amount_fen'] % 100:02d}", "clearing": "CNAPS"}
        _add_item(root, prefix, values)
    return etree.tostring(root, encoding="utf-8")


def _add_item(root: etree._Element, prefix: str, values: Item) -> None:
    item = etree.SubElement(root, f"{prefix}CdtTrfTxInf")
    made: dict[str, etree._Element] = {"": item}
    for path, source in _PATHS:
        parent = ""
        for name in path.split("/"):
            place = f"{parent}/{name}"
            if place not in made:
                made[place] = etree.SubElement(made[parent], prefix + name)
            parent = place
        made[parent].text = values[source]
    made["/Amt/InstdAmt"].set("Ccy", "CNY")
