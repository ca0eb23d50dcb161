"""No sink of the house holds a person: logs of all three kinds, crashes, commands, and what the database keeps of errors."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from sqlalchemy import select
from twisted.logger import Logger, LogPublisher
from twisted.python.failure import Failure

from adapters.contract import MessageRefused
from gateway.logs.ending import guarded, refusal
from gateway.logs.output import log_to, twisted_observer
from gateway.services.runner import Runner
from gateway.settings import read_settings
from gateway.store import alerts, inbox, outbox, tables
from gateway.store import work as work_store
from gateway.store.database import Store
from gateway.store.records import Content
from simulators.logs import guarded as simulators_guarded
from simulators.logs import tell as simulators_tell

LIGHT = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def log(capsys: Any) -> Iterator[io.StringIO]:
    """All logs of this process, in one place; afterwards all is as it was."""
    root = logging.getLogger()
    before = (
        root.handlers[:],
        root.level,
        sys.excepthook,
        threading.excepthook,
        sys.unraisablehook,
        logging.raiseExceptions,
    )
    stream = io.StringIO()
    log_to(stream)
    yield stream
    root.handlers, _, sys.excepthook, threading.excepthook, sys.unraisablehook, logging.raiseExceptions = before
    root.setLevel(before[1])
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def quoting(person: Any) -> list[tuple[str, dict[str, Any]]]:
    """Log calls that no reviewer saw."""
    return [
        (f"账号 {person.account} 不存在", {}),
        ("row refused", {"account": person.account, "id_number": person.id_number, "address": person.address}),
        ("row refused", {"row": {"户名": person.name, "mobile": person.mobile, "lines": [person.id_number]}}),
        ("row refused", {"frame": pl.DataFrame(vars(person)), "what": int(person.id_number[:17])}),
        ("row refused", {"why": ValueError(person.name), "item": person, "raw": person.name.encode()}),
        ("message refused", {"name": person.name, "file": f"R_{person.id_number}.txt"}),
        (f"name: {person.name}, phone {person.mobile}", {"key": f"item/{person.mobile}"}),
    ]


def test_structlog(log: io.StringIO, invented_people: Any, quoting_faults: Any) -> None:
    """Values and exceptions alike."""

    @LIGHT
    @given(invented_people)
    def check(person: Any) -> None:
        log.truncate(log.seek(0))
        logger = structlog.get_logger()
        for event, facts in quoting(person):
            logger.warning(event, **facts)
        for fault in quoting_faults:
            try:
                fault(person)
            except Exception as error:
                logger.exception("work failed", kind="check")
                logger.error("work failed", exc_info=error, failure=error)
        assert not person.traces_in(log.getvalue())
        assert all(json.loads(line)["level"] for line in log.getvalue().splitlines())

    check()


def test_the_standard_librarys_loggers(log: io.StringIO, invented_people: Any, quoting_faults: Any) -> None:
    """Of asyncssh, paramiko, pika, asyncio and warnings."""

    @LIGHT
    @given(invented_people)
    def check(person: Any) -> None:
        log.truncate(log.seek(0))
        library = logging.getLogger("asyncssh.sftp")
        library.warning("account %s of %s at %d", person.account, vars(person), 7)
        library.warning("%(a)s", {"a": person.id_number})
        library.error("wrong form %d %s", person.account)
        library.error(ValueError(person.name))
        warnings.warn(f"account={person.name}", UserWarning, stacklevel=1)
        for fault in quoting_faults:
            try:
                fault(person)
            except Exception as error:
                library.exception("trouble with %s", error)
                _asyncio_trouble(error)
        assert not person.traces_in(log.getvalue())

    check()


def _asyncio_trouble(error: Exception) -> None:
    """What asyncio says of a task whose error nobody took."""
    loop = asyncio.new_event_loop()
    future = loop.create_future()
    future.set_exception(error)
    loop.default_exception_handler({"message": "never retrieved", "exception": error, "future": future})
    future.exception()
    loop.close()


def test_twisted(log: io.StringIO, invented_people: Any, quoting_faults: Any, capsys: Any) -> None:
    """Events of ours, legacy ones, failures with and without their frames; in the gateway and in the simulators."""
    publisher = LogPublisher(twisted_observer, simulators_tell)
    logger = Logger("gateway.api", observer=publisher)

    @LIGHT
    @given(invented_people)
    def check(person: Any) -> None:
        log.truncate(log.seek(0))
        logger.warn(
            "refused: {why} {person.name} {row!r}", why=f"account {person.account}", person=person, row=vars(person)
        )
        logger.error("{", why=person.name)
        for fault in quoting_faults:
            failure = _failure(fault, person)
            logger.failure("handler of {name} failed", failure, name=person.name)
            failure.cleanFailure()
            logger.failure("handler failed", failure)
            legacy = {
                "isError": 1,
                "failure": failure,
                "log_failure": failure,
                "log_level": SimpleNamespace(name="critical"),
            }
            publisher({**legacy, "log_format": "{log_text}", "log_text": failure.getTraceback(), "why": None})
        written = log.getvalue() + capsys.readouterr().err
        assert not person.traces_in(written)
        assert written.count("handler failed") == 2 * len(quoting_faults)

    check()


def _failure(fault: Callable[[Any], None], person: Any) -> Failure:
    try:
        fault(person)
    except Exception:
        return Failure()
    raise AssertionError(fault)


def test_crashes_and_commands(log: io.StringIO, invented_people: Any, quoting_faults: Any, capsys: Any) -> None:
    """Of the process, of a thread, of a command; in the gateway and in the simulators."""

    @LIGHT
    @given(invented_people)
    def check(person: Any) -> None:
        for fault in quoting_faults:
            thread = threading.Thread(target=fault, args=(person,))
            thread.start()
            thread.join()
            for ending in (guarded, simulators_guarded):
                with pytest.raises(SystemExit) as ended:
                    ending(lambda fault=fault: fault(person))
                assert ended.value.code == 1
            error = _failure(fault, person).value
            sys.excepthook(type(error), error, error.__traceback__)
        written = capsys.readouterr()
        assert not person.traces_in(written.err + written.out)
        assert '"crashed"' in written.err

    check()


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store."""
    opened = Store(f"sqlite:///{tmp_path_factory.mktemp('sinks') / 'store.sqlite'}")
    opened.migrate()
    yield opened
    opened.dispose()


def test_what_the_database_keeps_of_errors(
    log: io.StringIO, store: Store, invented_people: Any, quoting_faults: Any, error_of: Any
) -> None:
    """work.last_error, inbox.reason, outbox.last_error and the texts of alerts, whoever wrote them."""

    @LIGHT
    @given(invented_people)
    def check(person: Any) -> None:
        for fault in quoting_faults:
            _leave_traces(store, person, error_of(fault, person))
        with store.read() as tx:
            kept = [
                tx.execute(select(column)).scalars().all()
                for column in (
                    *(tables.work.c.last_error, tables.inbox.c.reason, tables.outbox.c.last_error),
                    *(tables.alert.c.text_zh, tables.alert.c.text_en),
                )
            ]
        assert all(kept)
        assert not person.traces_in(json.dumps(kept, ensure_ascii=False))

    check()


def _leave_traces(store: Store, person: Any, error: BaseException) -> None:
    clock = SimpleNamespace(now_ms=lambda: 1)
    runner = Runner(store, clock, "node-1", None, None)  # type: ignore[arg-type]
    refused = MessageRefused(f"account {person.account} and 户名：{person.name}", line=3)
    with store.begin() as tx:
        work_store.put(tx, "check", "7", {}, due_at_ms=0)
        (work,) = work_store.claim(tx, ["check"], "node-1", 1, 1000, 1)
    runner._failed(work, error)  # type: ignore[arg-type]
    with store.begin() as tx:
        tx.execute(tables.work.update().values(owner=None, lease_until_ms=None, due_at_ms=0))
        content = Content("aa/bb", f"{hash(person):064x}"[-64:], 1, "text/plain")
        message, _ = inbox.receive(tx, "rural", f"r-{hash((person, error))}.txt", content, None, 1)
        inbox.quarantine(tx, message.inbox_id, str(refused), 1)
        alerts.raise_alert(tx, "message-quarantined", "rural/r.txt", f"已隔离：{refused}", f"quarantined: {refused}", 1)
        owed = outbox.put(tx, "results", "1", "platform", b"{}", 1)
        outbox.attempted(tx, owed.outbox_id, f"500: name={person.name} {person.mobile}", 1)


def test_what_operators_need_stays_in_alerts(store: Store) -> None:
    """Names of ours keep their digits, as they are the alert's key."""
    key = "rural/R_20261124103000.txt"
    with store.begin() as tx:
        alerts.raise_alert(tx, "message-quarantined", key, f"报文 {key} 已隔离", f"message {key} is kept", 2)
        (alert, *_) = alerts.recent(tx, 1)
    assert alert.text_en == f"message {key} is kept"


def test_settings_are_refused_without_what_stood_there(tmp_path: Path) -> None:
    """A passphrase written into the settings by mistake is not printed back."""
    path = tmp_path / "gateway.toml"
    path.write_text('[keystore]\npath = "k"\npassphrase_file = "p"\npassphrase = "horse"\n[api]\nhost = "0.0.0.0"\n')
    with pytest.raises(ValueError, match="passphrase") as refused:
        read_settings(path)
    told = refusal(refused.value)
    assert "horse" not in told
    assert "keystore.passphrase" in told
