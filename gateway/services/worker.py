"""The worker processes: bulk work on columns and file transfers, away from the reactor.

Each process constructs its own context once. A process that dies breaks its pool; the pool is made anew
and the work comes back by its lease. When the gateway itself dies, its workers end with it.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorThreads

from gateway.logs.output import log_to
from gateway.services.jobs import Later
from gateway.store.records import Work

Job = Callable[[Any, Work], Later | None]
COMPUTE_KINDS = ("check", "build", "apply", "index", "reseal", "reindex", "retain")
WARMING_SECONDS = 0.05  # so that one quick process does not warm up for all
TRANSFER_KINDS = ("send-file", "ask-file", "poll-files")

_context: Any = None


def _start(construct: Callable[..., Any], *arguments: Any) -> None:
    global _context
    log_to()
    threading.Thread(target=_end_with_parent, name="end-with-parent", daemon=True).start()
    _context = construct(*arguments)


def _end_with_parent() -> None:
    """End at once when the gateway's process does: a worker that nobody leads must not go on sending.

    Left to itself it would stay: the fork server and all its workers hold each other's pipes open.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None  # noqa: S101 - runs in worker processes only
    connection.wait([parent.sentinel])
    os._exit(1)


def _jobs() -> dict[str, Job]:
    from gateway.services.applying import apply
    from gateway.services.building import build
    from gateway.services.check import check
    from gateway.services.file_collection import poll_files
    from gateway.services.file_delivery import ask_file, send_file
    from gateway.services.indexing import index
    from gateway.services.reindexing import reindex
    from gateway.services.resealing import reseal_step
    from gateway.services.retention import retain

    return {
        "check": check,
        "build": build,
        "apply": apply,
        "index": index,
        "reseal": reseal_step,
        "reindex": reindex,
        "retain": retain,
        "send-file": send_file,
        "ask-file": ask_file,
        "poll-files": poll_files,
    }


def run_job(work: Work) -> Later | None:
    """Run one job in this process."""
    return _jobs()[work.kind](_context, work)


def warm() -> None:
    """Import what jobs need, so that the first batch does not wait for it; takes one process for a moment."""
    _jobs()
    time.sleep(WARMING_SECONDS)


class Pool:
    """Some worker processes; ``run`` gives a Deferred."""

    def __init__(self, size: int, reactor: IReactorThreads, construct: Callable[..., Any], *arguments: Any):
        self._size, self._reactor = size, reactor
        self._construct, self._arguments = construct, arguments
        self._executor = self._fresh()

    def _fresh(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self._size,
            mp_context=multiprocessing.get_context("forkserver"),
            initializer=_start,
            initargs=(self._construct, *self._arguments),
        )

    def ready(self) -> Deferred[None]:
        """Start every process; fires when all can work, fails with BrokenProcessPool where one cannot start."""
        futures = [self._executor.submit(warm) for _ in range(self._size)]
        done: Deferred[None] = Deferred()

        def ended(_: Future[None]) -> None:
            if all(future.done() for future in futures):
                wrong = next((error for future in futures if (error := future.exception())), None)
                self._reactor.callFromThread(done.callback if wrong is None else done.errback, wrong)
                futures.clear()

        for future in list(futures):
            future.add_done_callback(ended)
        return done

    def run(self, work: Work) -> Deferred[Later | None]:
        """Run ``work`` in one of the processes; errors come back as they were raised there."""
        done: Deferred[Later | None] = Deferred()
        executor = self._executor
        try:
            future = executor.submit(run_job, work)
        except BrokenProcessPool:
            self._replace(executor)
            future = self._executor.submit(run_job, work)
        future.add_done_callback(lambda f: self._reactor.callFromThread(self._finished, executor, f, done))
        return done

    def _finished(
        self, executor: ProcessPoolExecutor, future: Future[Later | None], done: Deferred[Later | None]
    ) -> None:
        error = future.exception()
        if isinstance(error, BrokenProcessPool):
            self._replace(executor)
        if error is not None:
            done.errback(error)
        else:
            done.callback(future.result())

    def _replace(self, broken: ProcessPoolExecutor) -> None:
        if self._executor is broken:
            self._executor = self._fresh()
            broken.shutdown(wait=False)

    def close(self) -> None:
        """Let running jobs end and start no other."""
        self._executor.shutdown(wait=True, cancel_futures=True)
