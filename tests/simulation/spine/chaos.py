"""What goes wrong: every fault is drawn from the seed, until the calm."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

Stall = Callable[[], None]


class Crash(BaseException):
    """The process died here: nothing of the job runs any further, not even its error handling."""


class VirtualClock:
    """Milliseconds since the epoch; only the simulation moves them."""

    def __init__(self, start_ms: int):
        self._now = start_ms

    def now_ms(self) -> int:
        """Now."""
        return self._now

    def advance(self, milliseconds: int) -> None:
        """Later by so much."""
        self._now += milliseconds

    def reach(self, at_ms: int) -> None:
        """Not before ``at_ms``."""
        self._now = max(self._now, at_ms)


class Chaos:
    """Draws faults; ``rates`` are chances by name, and no more than ``budget`` strike in all."""

    def __init__(self, rng: Random, clock: VirtualClock, rates: dict[str, float], budget: int):
        self.rng, self.clock = rng, clock
        self._rates, self._budget = rates, budget
        self._quiet, self._dead, self._stalling = 0, False, False
        self.stall: Stall = lambda: None
        self.struck: Counter[str] = Counter()
        self.stalled: Counter[str] = Counter()  # by kind of work
        self.job = ""  # the kind of work that runs now
        self.trace: deque[str] = deque(maxlen=4000)

    def hit(self, what: str, where: str = "") -> bool:
        """Whether this fault strikes here."""
        if self._quiet or self._budget <= 0 or self.rng.random() >= self._rates.get(what, 0.0):
            return False
        self._budget -= 1
        self.struck[what] += 1
        self.note(f"FAULT {what} {where}")
        return True

    def boundary(self, where: str) -> None:
        """A place where a process may die, or stall while others go on."""
        if self._quiet:
            return
        if self._dead or self.hit("crash", where):
            self.kill(where)
        if not self._stalling and self.hit("stall", where):
            self._stalling, job = True, self.job
            self.stalled[job] += 1
            try:
                self.stall()
            finally:
                self._stalling, self.job = False, job
            self.note(f"stalled one wakes {where}")

    def kill(self, where: str) -> None:
        """The process dies here."""
        self._dead = True
        raise Crash(where)

    def revive(self) -> None:
        """Another process takes the place of the dead one."""
        self._dead = False

    @property
    def is_quiet(self) -> bool:
        """Whether the simulation itself is at work."""
        return self._quiet > 0

    def end(self) -> None:
        """No further fault."""
        self._budget = 0

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """The simulation's own steps are not struck."""
        self._quiet += 1
        try:
            yield
        finally:
            self._quiet -= 1

    def note(self, what: str) -> None:
        """Remember for the trace."""
        self.trace.append(f"{self.clock.now_ms() / 1000:.3f} {what}")
