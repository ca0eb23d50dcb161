"""Certifying against a bank's own test system (对银行测试系统认证): through a gateway that runs already, by its API."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from gateway import wiring
from gateway.bank.places import ToolRefused
from gateway.certify.batch import Origin, batches_of
from gateway.certify.caller import Caller
from gateway.certify.cases import Plan
from gateway.certify.catalogue import catalogue
from gateway.certify.evidence import Books
from gateway.certify.given_cases import read_given
from gateway.certify.running import Progress, Ran, Run
from gateway.certify.simulated import Started, project_of
from gateway.certify.subject import Subject, subject_of
from gateway.clock import SystemClock, business_date
from gateway.services.context import Bank, Context
from gateway.settings import Settings, read_settings
from gateway.wiring import read_banks

LOOK_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Place:
    """The gateway that is used, and as whom: null where the settings tell it."""

    settings: Path
    cases: Path
    keys: Path  # directory with client-sign.pem and client-sign.keyid, as `simulators keys` makes one
    url: str | None = None
    client: str | None = None
    header: Path | None = None  # a batch header as JSON: the paying account that the testers want


def certify(
    place: Place, bank: str, wait_seconds: float, started: Started, told: Progress
) -> tuple[Subject, Plan, Ran]:
    """Run the cases that the testers arranged; raises ToolRefused, ConfigurationRefused, ApiRefused, OSError."""
    settings = _settings(place.settings)
    subject = _subject(settings, bank)
    plan = read_given(place.cases, catalogue(subject))
    context = wiring.build_context(settings)
    try:
        started(plan)
        return subject, plan, _ran(place, settings, context, subject, plan, wait_seconds, told)
    finally:
        context.store.dispose()


def _settings(path: Path) -> Settings:
    if not path.is_file():
        raise ToolRefused(f"{path} does not exist: give the settings of the running gateway")
    return read_settings(path)


def _subject(settings: Settings, bank: str) -> Subject:
    banks = read_banks(settings)
    if bank not in banks:
        raise ToolRefused(f"this gateway has no bank {bank}; it has: {', '.join(sorted(banks))}")
    known: Bank = banks[bank].on(business_date(SystemClock().now_ms()))
    stem = f"{bank}@{known.edition}" if known.edition else bank
    path = settings.config / "banks" / f"{stem}.yaml"
    return subject_of(settings.config, path, known.profile, known.edition, settings.amount_limit_fen)


def _ran(
    place: Place,
    settings: Settings,
    context: Context,
    subject: Subject,
    plan: Plan,
    wait_seconds: float,
    told: Progress,
) -> Ran:
    began, client = time.monotonic(), _client(place, settings)
    batches = batches_of(_origin(place, settings, subject, client), plan.cases)
    caller = Caller(place.url or _url(settings), place.keys, timeout_seconds=60)
    run = Run(caller, Books(context, client, subject.bank), batches, wait_seconds, told)
    run.look_seconds = min(LOOK_SECONDS, wait_seconds / 10)
    run.submit(batches)
    run.watch(batches)
    outcomes = run.conclude(None)
    return Ran(tuple(outcomes), plan.not_run, None, time.monotonic() - began)


def _client(place: Place, settings: Settings) -> str:
    if place.client is not None:
        return place.client
    if len(settings.clients) != 1:
        raise ToolRefused(f"say as whom with --client: the gateway knows {', '.join(sorted(settings.clients)) or '-'}")
    return next(iter(settings.clients))


def _url(settings: Settings) -> str:
    if not settings.api.port:
        raise ToolRefused("the settings leave the port open: give the gateway's address with --url")
    return f"{'https' if settings.api.tls else 'http'}://{settings.api.host}:{settings.api.port}"


def _origin(place: Place, settings: Settings, subject: Subject, client: str) -> Origin:
    now = datetime.now(UTC)
    origin = Origin(
        settings.gateway_code,
        client,
        f"{now:%y%m%d%H%M%S}",
        business_date(SystemClock().now_ms()),
        subject.profile.bank_codes[0],
        project_of(settings.config),
    )
    return origin if place.header is None else replace(origin, header=_header(place.header))


def _header(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as fault:
        raise ToolRefused(f"{path}: is no batch header as JSON ({type(fault).__name__})") from None
    if not isinstance(found, dict) or not isinstance(found.get("paying_account"), dict):
        raise ToolRefused(f"{path}: a batch header is an object with paying_account (docs/canonical-batch.md)")
    return found
