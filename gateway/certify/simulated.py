"""Certifying against the simulated bank (对模拟银行认证): a world of its own with this bank alone, gone afterwards."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import yaml

from adapters.editions import EditionName
from adapters.profile import BankProfile
from adapters.profile_reader import read_profile
from gateway import wiring
from gateway.bank.places import Configuration, ToolRefused, named_files
from gateway.certify.arranging import bank_books, hold_clock, playable, playing, release_clock, script_of
from gateway.certify.batch import CaseBatch, Origin, batches_of
from gateway.certify.caller import Caller
from gateway.certify.cases import Plan
from gateway.certify.catalogue import catalogue
from gateway.certify.evidence import Books
from gateway.certify.running import Progress, Ran, Run
from gateway.certify.settling import settle
from gateway.certify.subject import Subject, subject_of
from gateway.clock import SystemClock, business_date
from gateway.demo.world import CLIENT, QUICK, World
from gateway.services.context import Context
from gateway.settings import Settings
from simulators.projects import Project, listed_projects

FULL_FILE_MOST: Final = 1_000
LOWERED_ROWS: Final = 300
OVERDUE_SECONDS: Final = 2
_PATIENCE: Final = {**QUICK, "give_up_alert_after_seconds": str(OVERDUE_SECONDS)}
Started = Callable[[Plan], None]


def certify(
    configuration: Configuration, target: str, wait_seconds: float, started: Started, told: Progress
) -> tuple[Subject, Plan, Ran]:
    """Run every case of ``target`` (a bank, or bank@day); raises ToolRefused, ConfigurationRefused, ChildFailed."""
    path = configuration.profile_path(target)
    with tempfile.TemporaryDirectory(prefix="gateway-certify-") as temporary:
        directory = Path(temporary)
        profile, notes = _alone(configuration, path, directory / "config")
        world = World(
            directory / "world",
            1,
            patience=_PATIENCE,
            notices=False,
            banks=(profile.bank,),
            config=directory / "config",
        )
        edition = (EditionName.of(path) or EditionName(profile.bank)).edition
        with world:
            settings = world.settings()
            subject = subject_of(configuration.directory, path, profile, edition, settings.amount_limit_fen)
            context = wiring.build_context(settings)
            try:
                return (subject, *_certified(world, context, settings, subject, notes, wait_seconds, started, told))
            finally:
                context.store.dispose()


def _alone(configuration: Configuration, path: Path, to: Path) -> tuple[BankProfile, list[tuple[str, str]]]:
    """A copy of the configuration with this edition as its only bank, at any hour; what was changed for the run."""
    shutil.copytree(configuration.directory, to)
    for other in (to / "banks").glob("*.yaml"):
        other.unlink()
    for file in named_files(path)[1:]:  # of a profile that stands elsewhere
        shutil.copyfile(file, to / file.parent.name / file.name)
    text = path.read_text(encoding="utf-8-sig")
    data: dict[str, Any] = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - scalars stay text
    read_profile(path)  # with its faults named by line, before anything is started
    data.pop("effective_from", None)
    alone = to / "banks" / f"{data['bank']}.yaml"
    notes = [_ADAPTED]
    _write(alone, data)
    profile = read_profile(alone)
    if profile.limits.rows_per_file > FULL_FILE_MOST:
        real, data["limits"] = profile.limits.rows_per_file, {**data["limits"], "rows_per_file": str(LOWERED_ROWS)}
        _write(alone, data)
        profile = read_profile(alone)
        notes.append(
            (
                f"单份笔数上限 {real} 在认证中降为 {LOWERED_ROWS}",
                f"rows_per_file {real} was lowered to {LOWERED_ROWS} for the run",
            )
        )
    return profile, notes


_ADAPTED: Final = (
    "查询间隔缩短、报送时间不限，地址改为本机；其余均为所列文件原样",
    "patience shortened, hours ignored, addresses of this machine; all else is as in the files listed",
)


_UNSETTLED: Final = (
    "判定时双方仍有动作未完，结果可能随后变化",
    "neither side had fallen silent when the verdicts were made: they may change yet",
)


def _write(path: Path, data: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")


def _certified(
    world: World,
    context: Context,
    settings: Settings,
    subject: Subject,
    notes: list[tuple[str, str]],
    wait_seconds: float,
    started: Started,
    told: Progress,
) -> tuple[Plan, Ran]:
    began = time.monotonic()
    control_port = int(world.children[subject.bank].ready["control_port"])
    plan = playable(catalogue(subject), playing(control_port))
    plan = replace(plan, notes=(*notes, *plan.notes))
    started(plan)
    batches = batches_of(_origin(settings, subject), plan.cases)
    refused = playing(control_port)(script_of(batches))
    if refused is not None:
        raise ToolRefused(f"the simulated bank refuses the script of all cases together: {refused}")
    caller = Caller(world.gateway_url, world.directory / "keys/platform", timeout_seconds=60)
    run = Run(caller, Books(context, CLIENT, subject.bank), batches, wait_seconds, told)
    _play(run, batches, control_port)
    if not settle(world, context, subject.bank):
        plan = replace(plan, notes=(*plan.notes, _UNSETTLED))
    outcomes = run.conclude(bank_books(control_port))
    ledger = {name: int(value) for name, value in world.ask(subject.bank, "ledger").items()}
    return plan, Ran(tuple(outcomes), plan.not_run, ledger, time.monotonic() - began)


def _play(run: Run, batches: list[CaseBatch], control_port: int) -> None:
    """The bank's clock stands until its first words had their effect: no verdict hangs on how fast the machine is."""
    together = [batch for batch in batches if not batch.case.alone]
    hold_clock(control_port)
    run.submit(together)
    run.watch_first(together)
    release_clock(control_port)
    run.watch(together)
    for batch in batches:
        if batch.case.alone:
            run.submit([batch])
            run.watch([batch])


def _origin(settings: Settings, subject: Subject) -> Origin:
    today = business_date(SystemClock().now_ms())
    return Origin(
        settings.gateway_code, CLIENT, "SIM", today, subject.profile.bank_codes[0], project_of(settings.config)
    )


def project_of(config: Path) -> Project:
    """A project that may be paid, from the newest list of ``config``."""
    newest = max((config / "projects").glob("*.yaml"))
    return listed_projects(newest)[0]
