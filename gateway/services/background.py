"""Looking after data at rest (静态数据巡视): what has to be sealed, indexed or erased is put to work, hourly."""

from __future__ import annotations

from gateway.services import reindexing, resealing, retention
from gateway.services.context import Context


def watch(context: Context) -> list[str]:
    """The kinds of work that were put; none where everything is as it should be. Raises KeyUnusable."""
    looks = {"reseal": resealing.watch, "reindex": reindexing.watch, "retain": retention.watch}
    return [kind for kind, look in looks.items() if look(context)]
