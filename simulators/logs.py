"""The simulators' log (模拟器日志): warnings and worse on standard error, redacted like the gateway's.

What a simulator is given are test data, until somebody points it at a copy of real ones.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from twisted.logger import globalLogBeginner

from messages.redaction.faults import account
from messages.redaction.twisted_events import WORTH_TELLING, level_of, plain


def log_troubles() -> None:
    """Send what Twisted and the interpreter tell of troubles to standard error, one line each."""
    observers: list[Any] = [tell]
    globalLogBeginner.beginLoggingTo(observers, redirectStandardIO=False, discardBuffer=True)
    sys.excepthook = lambda _kind, error, _trace: print(account(error), file=sys.stderr)


def tell(event: Mapping[str, Any]) -> None:
    """Twisted log observer."""
    if level_of(event) in WORTH_TELLING:
        print(json.dumps(plain(event), ensure_ascii=False), file=sys.stderr, flush=True)


def guarded(command: Callable[[], object]) -> None:
    """Run a command; what nobody foresaw is told by kind and place, and the status is 1."""
    try:
        command()
    except Exception as error:
        print(account(error), file=sys.stderr)
        raise SystemExit(1) from None
