"""From what the rooms behind raise to problems for the client (错误的翻译); nothing leaves unexplained."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from pydantic import ValidationError
from twisted.internet.defer import CancelledError
from twisted.logger import Logger

from gateway.api.problems import Problem
from gateway.services.intake import DigestDiffers, EmptyContent, NoSuchBatch, NotPayable
from gateway.store.errors import BatchConflict, ContentConflict, StoreFull, StoreUnavailable, VaultFull
from messages.batch.header_reading import HeaderRefused
from messages.batch.unreadable import UnreadableContent

RETRY_AFTER: Final = {"Retry-After": "5"}

_log = Logger()

_EXPECTED: Final[Mapping[type[Exception], Callable[[Any], Problem]]] = {
    NoSuchBatch: lambda _: Problem("NO_SUCH_BATCH"),
    HeaderRefused: lambda e: _header_problem(e),
    NotPayable: lambda e: Problem("NOT_PAYABLE", field=f"header.{e.field}", zh=e.zh, en=e.en),
    EmptyContent: lambda _: Problem("EMPTY"),
    DigestDiffers: lambda _: Problem("BAD_DIGEST", field="Content-Digest"),
    BatchConflict: lambda _: Problem("BATCH_CONFLICT", field="header"),
    ContentConflict: lambda _: Problem("CONTENT_CONFLICT", field="items"),
    UnreadableContent: lambda e: Problem("MEDIA_TYPE", field="Content-Type", zh=e.zh, en=e.en),
}
_OPERATIONAL: Final[Mapping[type[Exception], Callable[[], Problem]]] = {
    StoreFull: lambda: Problem("STORE_FULL"),
    VaultFull: lambda: Problem("STORE_FULL"),
    StoreUnavailable: lambda: Problem("STORE_UNAVAILABLE", headers=dict(RETRY_AFTER)),
}


@contextmanager
def explained() -> Iterator[None]:
    """Whatever goes wrong inside leaves as a Problem; what nobody foresaw is logged under a number."""
    try:
        yield
    except (Problem, CancelledError):
        raise
    except tuple(_EXPECTED) as refusal:
        raise _EXPECTED[type(refusal)](refusal) from None
    except tuple(_OPERATIONAL) as trouble:
        _log.error("API cannot serve: {why}", why=str(trouble))
        raise _OPERATIONAL[type(trouble)]() from None
    except Exception as fault:
        number = secrets.token_hex(4)
        _log.failure("API fault {number}", number=number)
        zh, en = f"网关内部错误，编号 {number}。", f"the gateway has a fault, number {number}"
        raise Problem("INTERNAL", zh=zh, en=en) from fault


def _header_problem(refused: HeaderRefused) -> Problem:
    first = refused.problems[0]
    return Problem(
        "BAD_FIELD", field=f"header.{first['field']}", zh=first["zh"], en=first["en"], problems=refused.problems
    )


def problem_of(error: ValidationError) -> Problem:
    """What pydantic found, as one problem that names the first field and repeats no value."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return Problem("BAD_FIELD", field=place or None, zh=f"字段 {place} 不符合要求。", en=f"{place}: {first['msg']}")
