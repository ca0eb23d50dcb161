"""How a command ends that failed unforeseen (命令异常退出): a line that a person can pass on, and no data."""

from __future__ import annotations

import sys
from collections.abc import Callable

from pydantic import ValidationError

from gateway.logs.output import log_to
from messages.redaction.faults import account
from messages.redaction.texts import redacted_identifier


def guarded(command: Callable[[], object]) -> None:
    """Run a command; what nobody foresaw is told by kind and place on standard error, and the status is 1."""
    log_to()
    try:
        command()
    except Exception as error:
        print(account(error), file=sys.stderr)
        raise SystemExit(1) from None


def refusal(error: BaseException) -> str:
    """Why a process cannot start, for who wrote its settings: every field and reason, never what stood in a field."""
    if isinstance(error, ValidationError):
        found = error.errors(include_input=False, include_url=False, include_context=False)
        return "; ".join(f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in found)
    return redacted_identifier(str(error))
