"""The outer limit on blocking work."""

from __future__ import annotations

import threading

from gateway.transports.deadline import Deadline


def test_work_that_hangs_is_cut_off() -> None:
    cut = threading.Event()
    with Deadline(0.01, cut.set) as deadline:
        assert cut.wait(5)
    assert deadline.expired is True


def test_work_that_ends_in_time_is_left_alone() -> None:
    cut = threading.Event()
    with Deadline(60, cut.set) as deadline:
        pass
    assert not cut.is_set()
    assert deadline.expired is False
