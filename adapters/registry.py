"""Every dialect there is, by the name that a profile calls it (方言登记): explicit, nothing is discovered."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from adapters.contract import Dialect
from adapters.dialects.cnaps2 import Cnaps2Dialect
from adapters.dialects.iso20022 import Iso20022Dialect
from adapters.dialects.records import LayoutDialect
from adapters.dialects.signed_json import SignedJsonDialect
from adapters.dialects.treasury_voucher import TreasuryVoucherDialect

DIALECTS: Final[Mapping[str, Dialect]] = MappingProxyType(
    {
        "fixed-width": LayoutDialect(),
        "delimited": LayoutDialect(),
        "record-xml": LayoutDialect(),
        "iso20022": Iso20022Dialect(),
        "signed-json": SignedJsonDialect(),
        "cnaps2": Cnaps2Dialect(),
        "treasury-voucher": TreasuryVoucherDialect(),
    }
)
