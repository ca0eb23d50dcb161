"""Blocking calls off the reactor (线程池): every store, vault and unsealing call goes through here."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Threads:
    """A pool and the reactor that its results come back to."""

    reactor: Any
    pool: ThreadPool

    def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        """The call's result or failure, later; context variables (for the log) go with it."""
        context = copy_context()
        return deferToThreadPool(self.reactor, self.pool, lambda: context.run(call, *args, **kwargs))
