"""The one place where objects are constructed: a worker's parts here, a whole node in ``gateway.wiring.service``."""

from __future__ import annotations

from gateway.wiring.parts import (
    build_context,
    build_worker_context,
    open_keystore,
    open_live_keys,
    open_store,
    read_banks,
)

__all__ = ["build_context", "build_worker_context", "open_keystore", "open_live_keys", "open_store", "read_banks"]
