"""The running service: API, lanes of work and connections of one node, from start to orderly stop."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from twisted.internet.defer import Deferred, ensureDeferred, gatherResults
from twisted.internet.task import LoopingCall
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool

from gateway import wiring
from gateway.api.build import Api, build_api
from gateway.clock import SystemClock
from gateway.services import background, expiries, outdated
from gateway.services.audit_keeping import AuditKeeping
from gateway.services.consents import KIND, Consents
from gateway.services.context import Context
from gateway.services.inquiries import Inquiries
from gateway.services.jobs import Later
from gateway.services.message_delivery import MessageDelivery
from gateway.services.notifying import Notifying
from gateway.services.platform_calls import PlatformCalls
from gateway.services.runner import Lane, Runner
from gateway.services.sms_calls import SmsCalls
from gateway.services.templates import Templates
from gateway.services.webhooks import Webhooks
from gateway.services.worker import COMPUTE_KINDS, TRANSFER_KINDS, Pool
from gateway.settings import Settings
from gateway.store import contents
from gateway.store import work as work_store
from gateway.store.records import Work
from gateway.transports.json_http import JsonHttp
from gateway.wiring.api_parts import api_dependencies, audit_keeping
from gateway.wiring.key_sources import passphrase_source
from gateway.wiring.key_watch import KeyWatch
from gateway.wiring.links import Links
from gateway.wiring.live_keys import LiveKeys
from gateway.wiring.peer_checks import PeerChecks
from messages.redaction.faults import told

log = structlog.get_logger()
WEBHOOK_KEY = "webhook-sign"
THREADS = 12
SWEEP_SECONDS = 3600.0
KEY_LOOK_SECONDS = 1.0  # how long a wire that nobody uses may outlive its keys
ORPHAN_AGE_MS = 86_400_000  # far longer than any upload or job takes


@dataclass(slots=True)
class Service:
    """One node's parts, started and stopped together."""

    settings: Settings
    reactor: Any
    keys: LiveKeys
    peers: PeerChecks
    context: Context
    threads: ThreadPool
    pools: list[Pool]
    runner: Runner
    api: Api
    links: Links
    closers: list[Any]
    keeping: AuditKeeping

    def start(self) -> None:
        """Begin to work; the caller opens the API's door."""
        self.keeping.started()
        now = self.context.clock.now_ms()
        with self.context.store.begin() as tx:
            for name, bank in self.context.banks.items():
                if bank.profile.by_files:
                    work_store.put(tx, "poll-files", name, {"bank": name}, due_at_ms=now, priority=50)
        self.runner.start()
        self.links.listen()
        watch = KeyWatch(self.context, self.keys, self.peers)
        for seconds, action in ((SWEEP_SECONDS, self._sweep), (KEY_LOOK_SECONDS, partial(self._look_at_keys, watch))):
            loop = LoopingCall(action)
            loop.clock = self.reactor
            loop.start(seconds, now=True)

    def _look_at_keys(self, watch: KeyWatch) -> Deferred[Any]:
        looked = deferToThreadPool(self.reactor, self.threads, watch.look)
        return looked.addCallback(lambda _: self.links.refresh()).addErrback(_not_looked)

    def _sweep(self) -> Deferred[Any]:
        """Hourly: see that calendars reach far enough, and remove vault files that nothing names.

        Such files are left by uploads and jobs that ended between file and commit.
        """
        return deferToThreadPool(self.reactor, self.threads, self._tidy)

    def _tidy(self) -> None:
        self.keeping.hourly()
        outdated.watch(self.context)
        expiries.watch(self.context.store, self.context.clock, self.keys.now(), self.settings.keystore.crl_directory)
        with self.context.store.read() as tx:
            known = contents.vault_names(tx)
        self.context.vault.remove_orphans(known, self.context.clock.now_ms() - ORPHAN_AGE_MS)
        background.watch(self.context)

    def ready(self) -> Deferred[Any]:
        """Fires when every worker process can work."""
        return gatherResults([pool.ready() for pool in self.pools])

    async def stop(self) -> None:
        """Claim nothing more, let running work end, close everything."""
        await self.runner.stop()
        for pool in self.pools:
            await deferToThreadPool(self.reactor, self.threads, pool.close)
        for close in self.closers:
            await close()
        await deferToThreadPool(self.reactor, self.threads, self.keeping.stopped)
        self.threads.stop()
        self.context.store.dispose()


def build_service(settings: Settings, reactor: Any) -> Service:
    """Construct one node; nothing runs yet except its threads and (idle) worker processes."""
    wiring.open_store(settings).dispose()
    keys = wiring.open_live_keys(settings)
    context = wiring.build_context(settings, keys)
    threads = ThreadPool(2, THREADS, "gateway")
    threads.start()

    def blocking(function: Any, *arguments: Any) -> Deferred[Any]:
        return deferToThreadPool(reactor, threads, function, *arguments)

    runner = Runner(context.store, context.clock, settings.node, reactor, blocking)
    hurry = partial(reactor.callFromThread, runner.poke)
    keeping = audit_keeping(settings, context, blocking)
    api = build_api(api_dependencies(settings, context, keys, threads, reactor, hurry, keeping.refusals))
    pools = _process_lanes(settings, runner, reactor, api)
    peers = PeerChecks(settings.keystore)
    links = Links(context, keys, reactor, blocking, hurry, peers)
    closers = _reactor_lanes(settings, context, keys, links, runner, reactor, blocking)
    return Service(settings, reactor, keys, peers, context, threads, pools, runner, api, links, closers, keeping)


def _not_looked(failure: Failure) -> None:
    log.error("looking at the keys failed", failure=told(failure.value))


def _process_lanes(settings: Settings, runner: Runner, reactor: Any, api: Api) -> list[Pool]:
    given = settings, passphrase_source(settings.keystore)
    compute = Pool(settings.workers.compute, reactor, wiring.build_worker_context, *given)
    transfer = Pool(settings.workers.transfer, reactor, wiring.build_worker_context, *given)

    async def computed(work: Work) -> Later | None:
        try:
            return await compute.run(work)
        finally:
            if work.kind == "check":  # somebody may be waiting for its answer
                api.changed(int(work.subject["batch_id"]))

    runner.add(Lane("compute", COMPUTE_KINDS, settings.workers.compute, lambda work: ensureDeferred(computed(work))))
    by_bank = Lane("transfer", TRANSFER_KINDS, settings.workers.transfer, transfer.run, exclusive=_bank_of)
    runner.add(by_bank)
    return [compute, transfer]


def _bank_of(work: Work) -> str:
    """One transfer a bank at a time: a bank that hangs holds up nobody else."""
    return str(work.subject["bank"])


def _reactor_lanes(
    settings: Settings, context: Context, keys: LiveKeys, links: Links, runner: Runner, reactor: Any, blocking: Any
) -> list[Any]:
    http = JsonHttp(reactor)
    delivery, inquiries = MessageDelivery(context, links.of, blocking), Inquiries(context, links.of, blocking)
    runner.add(Lane("messages", ("send-message",), 8, lambda work: ensureDeferred(delivery.send(work)), _sent_to))
    consents = Consents(context, links.of, blocking)
    runner.add(Lane("consents", (KIND,), 2, lambda work: ensureDeferred(consents.send(work)), _sent_to))
    runner.add(Lane("inquiries", ("inquire",), 8, lambda work: ensureDeferred(inquiries.inquire(work)), _sent_to))
    webhooks = Webhooks(context, _platforms(settings, http, keys), blocking)
    runner.add(Lane("webhooks", ("webhook",), 4, lambda work: ensureDeferred(webhooks.deliver(work)), _client_of))
    if settings.sms is not None:
        _sms_lanes(settings, context, keys, runner, http, blocking)
    return [http.close, links.close]


def _sent_to(work: Work) -> str:
    """At most two at once with one bank: a bank that hangs leaves lanes for the others."""
    return f"{work.subject['bank']}/{work.work_id % 2}"


def _client_of(work: Work) -> str:
    """One message a client at a time, so that it hears things in their order."""
    return str(work.subject["client_id"])


def _platforms(settings: Settings, http: JsonHttp, keys: LiveKeys) -> dict[str, PlatformCalls]:
    return {
        name: PlatformCalls(http, SystemClock(), client.webhook_url, partial(_webhook_key, keys))
        for name, client in settings.clients.items()
        if client.webhook_url is not None
    }


def _webhook_key(keys: LiveKeys) -> tuple[str, Ed25519PrivateKey]:
    """Id and key of one moment."""
    return keys.kept("webhook", lambda now: (now.active_key_id(WEBHOOK_KEY), now.ed25519_private(WEBHOOK_KEY)))


def _sms_lanes(
    settings: Settings, context: Context, keys: LiveKeys, runner: Runner, http: JsonHttp, blocking: Any
) -> None:
    sms = settings.sms
    assert sms is not None  # noqa: S101 - asked before
    keys.now().hmac_key("sms-hmac")  # a missing one is told at the start

    def key() -> bytes:
        return keys.now().hmac_key("sms-hmac")

    provider = SmsCalls(http, context.clock, sms.base_url, sms.client, key, sms.lot_size, sms.timeout_seconds)
    notifying = Notifying(context, provider, Templates.read(settings.config / sms.templates), blocking)
    runner.add(Lane("notices", ("notify",), 2, lambda work: ensureDeferred(notifying.notify(work))))
    runner.add(Lane("receipts", ("receipts",), 2, lambda work: ensureDeferred(notifying.receipts(work))))
