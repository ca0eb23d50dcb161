"""Putting the API together (接口组装): from what ``gateway.wiring`` constructed to a resource to be served."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import orjson
from twisted.python.threadpool import ThreadPool
from twisted.web.resource import Resource

from gateway.api import docs_page, openapi
from gateway.api.authentication import Authenticator
from gateway.api.batch_intake import BatchIntake
from gateway.api.batch_reading import BatchReading
from gateway.api.bounds import Bounds
from gateway.api.catalogue import intake_operations, reading_operations
from gateway.api.clear_operations import ClearOperations
from gateway.api.key_operations import KeyOperations
from gateway.api.operation import Operation
from gateway.api.public import Public
from gateway.api.reception import Receptionist
from gateway.api.refused import Note, unnoted
from gateway.api.serving import Server
from gateway.api.threads import Threads
from gateway.api.waiting import Watch
from gateway.services.answers import Answers
from gateway.services.clear_reading import ClearReading
from gateway.services.intake import Intake
from gateway.services.key_desk import KeyDesk


@dataclass(frozen=True, slots=True)
class ApiDependencies:
    """Everything that the API needs; it constructs nothing that outlives it and opens no socket."""

    reactor: Any  # IReactorTime and IReactorThreads
    pool: ThreadPool  # for every blocking call; started by its owner
    intake: Intake
    answers: Answers
    authenticator: Authenticator
    bounds: Bounds = field(default_factory=Bounds)
    version: str = "1"
    note: Note = unnoted  # is told of every refusal
    key_desk: KeyDesk | None = None  # null: keys are not to be seen or changed here
    clear_reading: ClearReading | None = None  # null: personal data are not to be had in clear here


@dataclass(frozen=True, slots=True)
class Api:
    """What was built: the resource to serve, the door for bodies, and the ear for changes."""

    resource: Resource
    receptionist: Receptionist
    watch: Watch
    bounds: Bounds
    specification: dict[str, Any]

    def changed(self, batch_id: int) -> None:
        """A batch moved on (from any thread): requests that wait for it are answered."""
        self.watch.changed(batch_id)


def build_api(deps: ApiDependencies) -> Api:
    """Build the API; serve it with ``gateway.api.door``."""
    threads = Threads(deps.reactor, deps.pool)
    watch = Watch(threads, deps.answers.now, poll_seconds=deps.bounds.poll_seconds, most=deps.bounds.max_waiting)
    intake = BatchIntake(deps.intake, deps.answers, watch, threads, deps.bounds)
    operations: list[Operation] = [
        *intake_operations(intake),
        *reading_operations(BatchReading(deps.answers, threads)),
    ]
    if deps.clear_reading is not None:
        operations += ClearOperations(deps.clear_reading, threads).operations()
    if deps.key_desk is not None:
        operations += KeyOperations(deps.key_desk, threads).operations()
    operations += _public(deps, threads, operations).operations()
    specification = openapi.document(operations, deps.version)
    receptionist = Receptionist(operations, deps.authenticator, threads, deps.bounds, intake.open_writer, deps.note)
    server = Server(threads, receptionist, deps.bounds.max_streams)
    for operation in operations:
        server.add(operation)
    return Api(server.app.resource(), receptionist, watch, deps.bounds, specification)


def _public(deps: ApiDependencies, threads: Threads, operations: list[Operation]) -> Public:
    """The page and the specification describe ``operations``, which is complete by the time they are asked for."""

    @cache
    def document() -> dict[str, Any]:
        return openapi.document(operations, deps.version)

    @cache
    def specification() -> bytes:
        return orjson.dumps(document(), option=orjson.OPT_INDENT_2)

    @cache
    def page() -> bytes:
        return docs_page.page(operations, document())

    return Public(threads, deps.answers.ping, specification, page, docs_page.style())
