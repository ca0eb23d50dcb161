"""One seed's world: the real services on a real store, and the simulated other side of every wire."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any

from gateway.services.applying import apply
from gateway.services.building import build
from gateway.services.check import check
from gateway.services.consents import Consents
from gateway.services.context import Context
from gateway.services.data_keys import data_keys
from gateway.services.file_collection import poll_files
from gateway.services.file_delivery import ask_file, send_file
from gateway.services.indexing import index
from gateway.services.inquiries import Inquiries
from gateway.services.intake import Intake
from gateway.services.jobs import Later
from gateway.services.message_delivery import MessageDelivery
from gateway.services.notifying import Notifying
from gateway.services.webhooks import Webhooks
from gateway.store import work as work_store
from gateway.store.records import Work
from gateway.store.vault import Vault
from gateway.transports.contract import MessagePost, MessageTransport
from gateway.wiring.bank_keys import BankKeys
from messages.batch.header_reading import header_from
from simulators.sms_provider import SmsProvider
from spine.batches import submitted
from spine.breaking_store import BreakingStore
from spine.chaos import Chaos, VirtualClock
from spine.kit import Kit
from spine.later import Postponed
from spine.neighbours import PlatformLink, SmsLink
from spine.partners import chosen, opened
from spine.scripts import sms_script

CLIENT = "platform"
START_MS = 1_795_482_000_000  # 2026-11-24 09:00 in China
RATES = {
    "calm": {},
    "lines": {
        "drop-before": 0.08,
        "drop-after": 0.15,
        "drop-rename": 0.15,
        "drop-get": 0.08,
        "late-arrival": 0.15,
        "unavailable": 0.1,
        "duplicated-listing": 0.2,
        "half-signature": 0.05,
        "duplicate": 0.1,
        "garble": 0.05,
        "lost-push": 0.1,
    },
    "deaths": {"crash": 0.03, "lost-commit": 0.03, "disk-full": 0.02, "drop-after": 0.1, "drop-before": 0.05},
    "stalls": {"stall": 0.02, "drop-after": 0.1, "drop-rename": 0.1, "late-arrival": 0.1, "drop-before": 0.05},
    "everything": {
        "crash": 0.02,
        "lost-commit": 0.02,
        "stall": 0.01,
        "drop-before": 0.06,
        "drop-after": 0.1,
        "drop-rename": 0.1,
        "drop-get": 0.05,
        "late-arrival": 0.1,
        "unavailable": 0.05,
        "duplicated-listing": 0.1,
        "half-signature": 0.05,
        "duplicate": 0.05,
        "garble": 0.03,
        "lost-push": 0.05,
        "disk-full": 0.01,
    },
}
Job = Callable[[Work], Later | None]


class World:
    """Constructed from a seed; ``jobs`` runs each kind of work to its end."""

    def __init__(self, kit: Kit, directory: Path, seed: int):
        self.kit, self.seed, self.rng = kit, seed, Random(seed)
        self.clock = VirtualClock(START_MS)
        mood = self.rng.choice(["calm", "lines", "deaths", "stalls", "everything", "everything"])
        self.chaos = Chaos(self.rng, self.clock, RATES[mood], budget=self.rng.randint(5, 60))
        self.postponed = Postponed(self.clock)
        self.sends_again = self.rng.random() < 0.8
        self.lots = self.rng.randint(2, 6)
        shutil.copy(kit.empty_database, directory / "gateway.sqlite")
        self.store = BreakingStore(f"sqlite:///{directory / 'gateway.sqlite'}", self.chaos)
        self._open_outside(directory)
        self.context = self._context(directory)
        self.start_node()

    def _open_outside(self, directory: Path) -> None:
        self.sms = SmsProvider(directory / "sms", sms_script(self.rng), self.lots, self.clock.now_ms)
        self.partners = {
            name: opened(self.kit, name, directory / name, self.chaos, self.postponed, self.clock.now_ms)
            for name in chosen(self.kit, self.rng, self.seed)
        }
        self.sms_link = SmsLink(self.sms, self.chaos, self.postponed)
        self.platform = PlatformLink(self.chaos)

    def _context(self, directory: Path) -> Context:
        keys, rows = self.kit.keys, self.rng.randint(4, 12)
        patience = {
            "first_after_seconds": self.rng.choice([1, 5]),
            "every_seconds": self.rng.choice([20, 45]),
            "return_watch_every_seconds": 60,
            "give_up_alert_after_seconds": 300,
            "bank_rejects_duplicates": self.sends_again,
        }
        return Context(
            store=self.store,
            vault=Vault(directory / "vault", keys.stream_sealer("vault-data")),
            sealer=keys.segment_sealer("segment-data"),
            index=keys.blind_index("blind-index"),
            banks={name: self.kit.bank(name, rows, patience) for name in self.partners},
            clock=self.clock,
            amount_limit_fen=100_000_000,
            signer=lambda security: BankKeys(keys, security).signer(),
            verifier=lambda security: BankKeys(keys, security).verifier(),
            files=lambda bank: self.partners[bank].file_transport,
            envelope_keys=lambda security: BankKeys(keys, security),
            data_keys=lambda: data_keys(keys),
        )

    def start_node(self) -> None:
        """A fresh process: what was only in memory is gone."""
        delivery = MessageDelivery(self.context, self._post, _at_once)
        inquiries = Inquiries(self.context, self._post, _at_once)
        notifying = Notifying(self.context, self.sms_link, self.kit.templates, _at_once)
        webhooks = Webhooks(self.context, {CLIENT: self.platform}, _at_once)
        plain = {
            "check": check,
            "build": build,
            "apply": apply,
            "index": index,
            "send-file": send_file,
            "ask-file": ask_file,
            "poll-files": poll_files,
        }
        coroutines = {
            "send-message": delivery.send,
            "inquire": inquiries.inquire,
            "consent": Consents(self.context, self._post, _at_once).send,
            "notify": notifying.notify,
            "receipts": notifying.receipts,
            "webhook": webhooks.deliver,
        }
        self.jobs: dict[str, Job] = {kind: _with_context(job, self.context) for kind, job in plain.items()}
        self.jobs |= {kind: _to_its_end(job) for kind, job in coroutines.items()}

    def _post(self, bank: str) -> MessageTransport | MessagePost:
        return self.partners[bank].message_transport

    def submit(self) -> None:
        """The platform's batches, and the polling that a node starts with."""
        context = self.context
        intake = Intake(self.store, context.vault, self.clock, "GW01", self.kit.projects)
        for batch in submitted(self.rng, self.seed, {name: bank.profile for name, bank in context.banks.items()}):
            header = header_from(batch.header)
            intake.open_batch(CLIENT, header)
            writer = intake.writer(CLIENT, header.batch_no, batch.content_type, None)
            writer.write(batch.content())
            intake.attach(CLIENT, header.batch_no, writer.commit())
        now = self.clock.now_ms()
        with self.store.begin() as tx:
            for name in [partner.name for partner in self.partners.values() if partner.files is not None]:
                work_store.put(tx, "poll-files", name, {"bank": name}, due_at_ms=now, priority=50)

    def burden(self) -> None:
        """Files that nobody can take, before all others: they must hold up none of them."""
        for partner in self.partners.values():
            if partner.files is not None:
                partner.files.burden()

    def happen(self) -> None:
        """Let happen outside what is due."""
        self.postponed.arrive()
        for partner in self.partners.values():
            partner.happen()
        self.sms.tick()

    def shown(self) -> dict[str, int]:
        """How often each bank was given each instruction."""
        return {name: times for partner in self.partners.values() for name, times in partner.traffic.shown.items()}


def _with_context(job: Callable[[Context, Work], Later | None], context: Context) -> Job:
    return lambda work: job(context, work)


async def _at_once(function: Callable[..., Any], *arguments: Any) -> Any:
    return function(*arguments)


def _to_its_end(job: Callable[[Work], Awaitable[Later | None]]) -> Job:
    def run(work: Work) -> Later | None:
        running: Any = job(work).__await__()
        try:
            next(running)
        except StopIteration as ended:
            result: Later | None = ended.value
            return result
        raise AssertionError(f"{work.kind} waited for something that is not in this world")

    return run
