"""The one place where objects are constructed: a worker's parts here, a whole node in ``gateway.wiring.service``."""

from __future__ import annotations

from gateway.wiring.parts import build_context, open_keystore, open_store, read_banks

__all__ = ["build_context", "open_keystore", "open_store", "read_banks"]
