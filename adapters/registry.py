"""Every dialect there is, by the name that a profile calls it (方言登记): explicit, nothing is discovered."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from adapters.contract import Dialect
from adapters.dialects.fixed_width import FixedWidthDialect
from adapters.dialects.iso20022 import Iso20022Dialect

DIALECTS: Final[Mapping[str, Dialect]] = MappingProxyType(
    {
        "fixed-width": FixedWidthDialect(),
        "iso20022": Iso20022Dialect(),
    }
)
