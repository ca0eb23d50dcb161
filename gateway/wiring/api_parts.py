"""What the API of one node is built from (接口的组成): intake, answers, who may call, and what is written down of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import structlog
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool

from gateway.api.authentication import Authenticator, ClientRegister, OpenOnLoopback, SignatureCheck
from gateway.api.bounds import Bounds
from gateway.api.build import ApiDependencies
from gateway.api.clients import RegisteredClient
from gateway.api.refused import Note
from gateway.services.answers import Answers
from gateway.services.audit_keeping import AuditKeeping
from gateway.services.calendars import opening_of
from gateway.services.clear_reading import ClearReading
from gateway.services.context import Context
from gateway.services.intake import Intake
from gateway.services.projects import read_projects
from gateway.services.refusal_log import RefusalLog
from gateway.settings import Settings
from gateway.wiring.caller_keys import KnownKeys
from gateway.wiring.key_desk import build_key_desk
from gateway.wiring.live_keys import LiveKeys
from gateway.wiring.parts import open_keystore
from messages.redaction.faults import told

log = structlog.get_logger()


def api_dependencies(
    settings: Settings,
    context: Context,
    keys: LiveKeys,
    threads: ThreadPool,
    reactor: Any,
    hurry: Callable[[], None],
    refusals: RefusalLog,
) -> ApiDependencies:
    """Raises KeyUnusable, and ValueError where two callers share a name or a key."""
    projects = {listed.year: listed for listed in map(read_projects, (settings.config / "projects").glob("*.yaml"))}
    intake = Intake(context.store, context.vault, context.clock, settings.gateway_code, projects, hurry)
    answers = Answers(
        context.store,
        context.sealer,
        context.index,
        lambda bank: opening_of(context, context.bank_today(bank)),
        lambda: tuple(context.data_keys().indexes.values())[1:],
    )
    bounds = Bounds(max_upload_bytes=settings.api.content_bytes_max)
    return ApiDependencies(
        reactor,
        threads,
        intake,
        answers,
        _authenticator(settings, context, keys, _noting(refusals)),
        bounds,
        note=_noting(refusals),
        key_desk=build_key_desk(settings, context, keys),
        clear_reading=ClearReading(context.store, answers, context.clock),
    )


def _noting(refusals: RefusalLog) -> Note:
    return lambda refused: refusals.note(refused.actor, refused.code, refused.permission)


def audit_keeping(settings: Settings, context: Context, blocking: Callable[..., Deferred[Any]]) -> AuditKeeping:
    """The audit of this node; what the door refuses is written down later, in a thread."""

    def write_later(write: Callable[[], None]) -> None:
        blocking(write).addErrback(_not_written)

    refusals = RefusalLog(context.store, context.clock, write_later)
    own_keys = partial(open_keystore, settings)
    return AuditKeeping(settings, context.store, context.clock, own_keys, refusals)


def _not_written(failure: Failure) -> None:
    log.error("a refusal could not be written into the audit", failure=told(failure.value))


def _authenticator(settings: Settings, context: Context, keys: LiveKeys, note: Note) -> Authenticator:
    if settings.api.open_on_loopback:
        return OpenOnLoopback(next(iter(settings.clients), "demo"), settings.api.host)
    clients = [
        RegisteredClient(name, client.certificate_names, client.key_ids, frozenset(client.roles))
        for name, client in settings.clients.items()
    ]
    people = [
        RegisteredClient(name, one.certificate_names, (), frozenset(one.roles), one.scopes, person=True)
        for name, one in settings.operators.items()
    ]
    known = KnownKeys(keys)
    return ClientRegister([*clients, *people], SignatureCheck(known.resolve, context.clock), known.alias_of, note)
