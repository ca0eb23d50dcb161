"""The whole API over real HTTP on loopback, with a real SQLite store, vault and seals."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import orjson
import polars as pl
import pytest
import pytest_twisted
import treq
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from twisted.internet.defer import Deferred
from twisted.python.threadpool import ThreadPool

from crypto.blind_index import BlindIndex
from crypto.http_signatures import sign_request
from crypto.sealing import AesSegmentSealer, StreamSealer
from gateway.api.authentication import ClientRegister, SignatureCheck
from gateway.api.bounds import Bounds
from gateway.api.build import Api, ApiDependencies, build_api
from gateway.api.clients import RegisteredClient
from gateway.api.door import build_site
from gateway.clock import SystemClock
from gateway.core.authority import Role
from gateway.core.lifecycle import ItemState
from gateway.core.segments import SegmentInfo
from gateway.core.tally import Tally
from gateway.services.answers import Answers
from gateway.services.clear_reading import ClearReading
from gateway.services.frames import rejections_context, result_context, seal_frame, segment_context, unseal_frame
from gateway.services.intake import Intake
from gateway.services.key_desk import KeyDesk
from gateway.services.projects import Project, ProjectList
from gateway.services.result_history import RESULT_BLOCK_SCHEMA
from gateway.store import batches, inbox, lookup, results, segments
from gateway.store.database import Store
from gateway.store.records import Content, ResultBlock
from gateway.store.vault import Vault
from messages.batch.columns import REJECTION_SCHEMA, STORED_SCHEMA
from messages.batch.numbering import SEGMENT_STRIDE

KEYS = {
    "platform-key": Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32),
    "county-key": Ed25519PrivateKey.from_private_bytes(bytes([2]) * 32),
    "operator-key": Ed25519PrivateKey.from_private_bytes(bytes([3]) * 32),
    "officer-key": Ed25519PrivateKey.from_private_bytes(bytes([5]) * 32),
    "lin-key": Ed25519PrivateKey.from_private_bytes(bytes([6]) * 32),
    "wang-key": Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32),
    "rural-key": Ed25519PrivateKey.from_private_bytes(bytes([8]) * 32),
    "stranger-key": Ed25519PrivateKey.from_private_bytes(bytes([4]) * 32),
}
CLIENTS = [
    RegisteredClient("platform", key_ids=("platform-key",)),
    RegisteredClient("county", key_ids=("county-key",)),
    RegisteredClient("operators", key_ids=("operator-key",), roles=frozenset({Role.PLATFORM, Role.OPERATOR})),
    RegisteredClient("zhao-min", key_ids=("officer-key",), roles=frozenset({Role.PRIVACY_OFFICER}), person=True),
]
CUSTODIAN = frozenset({Role.KEY_CUSTODIAN})
CLIENTS += [
    RegisteredClient("lin", key_ids=("lin-key",), roles=CUSTODIAN, person=True),
    RegisteredClient("wang", key_ids=("wang-key",), roles=CUSTODIAN, person=True),
    RegisteredClient("rural", key_ids=("rural-key",), roles=CUSTODIAN, scopes=("rural-*",), person=True),
]
PROJECTS = {
    2026: ProjectList(
        year=2026,
        projects=(
            Project(
                code="GDDL-2026", policy_name="耕地地力保护补贴", department_code="126001", department_name="农业农村局"
            ),
            Project(
                code="YLJ-2026",
                policy_name="城乡居民基本养老保险待遇",
                department_code="126002",
                department_name="人社局",
                social_insurance=True,
            ),
        ),
    )
}


@dataclass
class Served:
    """A running API and what is behind it."""

    port: int
    api: Api
    store: Store
    vault: Vault
    vault_root: Path
    sealer: AesSegmentSealer
    index: BlindIndex
    clock: SystemClock
    nonces: Iterator[int] = field(default_factory=lambda: iter(range(10**6)))

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def signed(
        self, method: str, path: str, headers: dict[str, str], body_sha256: bytes | None, key: str, **more: Any
    ) -> dict[str, str]:
        """The headers with those that a signature adds."""
        now = self.clock.now_ms() // 1000
        return headers | sign_request(
            method, self.base + path, headers, body_sha256, more.get("key_id", key), KEYS[key], more.get("created", now)
        )

    async def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        key: str = "platform-key",
        headers: dict[str, str] | None = None,
        digest_of: bytes | None = None,
    ) -> SimpleNamespace:
        """One signed request; the answer read whole."""
        sha = None if body is None else hashlib.sha256(digest_of if digest_of is not None else body).digest()
        signed = self.signed(method, path, headers or {}, sha, key)
        return await self.plain(method, path, body, signed)

    async def plain(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> SimpleNamespace:
        """One request as it is given."""
        answer = await treq.request(method, self.base + path, data=body, headers=headers, persistent=False)
        content = await answer.content()
        kind = (answer.headers.getRawHeaders("content-type") or [""])[0]
        data = orjson.loads(content) if "json" in kind and "ndjson" not in kind else None
        lines = [orjson.loads(line) for line in content.splitlines()] if "ndjson" in kind else None
        return SimpleNamespace(status=answer.code, headers=answer.headers, content=content, json=data, lines=lines)

    async def submit(self, header: dict[str, Any], items: list[dict[str, Any]] | None = None, **more: Any) -> Any:
        """POST /v1/batches."""
        document = {"header": header} if items is None else {"header": header, "items": items}
        headers = {"Content-Type": "application/json", **more.pop("headers", {})}
        return await self.call("POST", "/v1/batches", orjson.dumps(document), headers=headers, **more)

    async def upload(self, batch_no: str, body: bytes, **more: Any) -> Any:
        """PUT items."""
        headers = {"Content-Type": "application/x-ndjson", **more.pop("headers", {})}
        return await self.call("PUT", f"/v1/batches/{batch_no}/items", body, headers=headers, **more)

    def vault_files(self) -> list[Path]:
        """Everything that the vault holds, finished or not."""
        return [path for path in self.vault_root.rglob("*") if path.is_file()]


def _stored(items: list[dict[str, Any]], segment_no: int) -> pl.DataFrame:
    rows = [
        {**dict.fromkeys(STORED_SCHEMA), **item, "line_no": n + 1, "item_no": segment_no * SEGMENT_STRIDE + n}
        for n, item in enumerate(items)
    ]
    return pl.DataFrame(rows, schema=STORED_SCHEMA)


@dataclass
class Checked:
    """Does by hand what the check and the banks do."""

    served: Served

    def accept(self, batch_id: int, parts: dict[str, list[dict[str, Any]]], findings: list[dict[str, Any]]) -> None:
        """Store one segment a bank, READY, and the findings; then ACCEPTED."""
        served = self.served
        with served.store.begin() as tx:
            for number, (bank, items) in enumerate(parts.items()):
                frame = _stored(items, number)
                info = SegmentInfo(batch_id, number, bank, frame.height, int(frame["amount_fen"].sum()))
                segments.add(tx, info, seal_frame(served.sealer, frame, segment_context(batch_id, number)))
                states = np.full(frame.height, ItemState.READY, dtype=np.uint8)
                amounts = frame["amount_fen"].to_numpy()
                segments.open_states(tx, info, states.tobytes(), amounts.tobytes(), Tally.of(states, amounts))
            rejected = [row for row in findings if row["severity"] == "REJECT"]
            if findings:
                block = pl.DataFrame(findings, schema=REJECTION_SCHEMA)
                sealed = seal_frame(served.sealer, block, rejections_context(batch_id, 0))
                segments.add_rejections(tx, batch_id, 0, block.height, sealed)
            fen = sum(row["amount_fen"] or 0 for row in rejected)
            batches.accept(tx, batch_id, len(rejected), fen, served.clock.now_ms())

    def index(self, batch_id: int) -> None:
        """Make the items findable."""
        served = self.served
        with served.store.begin() as tx:
            for info in segments.infos(tx, batch_id):
                sealed = segments.sealed(tx, batch_id, info.segment_no)
                items = unseal_frame(served.sealer, sealed, segment_context(batch_id, info.segment_no))
                tokens = served.index.tokens(items["item_id"], "item")
                lookup.add_run(tx, batch_id, "item", tokens, items["item_no"].to_numpy())

    def says(self, batch_id: int, segment_no: int, rows: list[dict[str, Any]], states: list[ItemState]) -> None:
        """A bank's message about one segment, applied."""
        served = self.served
        with served.store.begin() as tx:
            name = f"message-{served.nonces.__next__()}"
            content = Content("00/" + "0" * 30, hashlib.sha256(name.encode()).hexdigest(), 1, "text/plain")
            message, _ = inbox.receive(tx, "bank", name, content, None, served.clock.now_ms())
            block = pl.DataFrame(
                [{**dict.fromkeys(RESULT_BLOCK_SCHEMA), **row} for row in rows], schema=RESULT_BLOCK_SCHEMA
            )
            sealed = seal_frame(served.sealer, block, result_context(batch_id, segment_no, message.inbox_id))
            results.append(tx, ResultBlock(batch_id, segment_no, message.inbox_id, block.height, sealed))
            (before,) = segments.states(tx, batch_id, [segment_no])
            after = np.array(states, dtype=np.uint8)
            tally = Tally.of(after, np.frombuffer(before.amounts, dtype="<i8"))
            segments.replace_states(tx, before, after.tobytes(), tally)


@pytest.fixture
def bounds() -> Bounds:
    """Bounds that tests may replace."""
    return Bounds(inline_wait_seconds=0, poll_seconds=0.05)


@pytest.fixture
def key_desk() -> Callable[[Store, SystemClock], KeyDesk | None]:
    """How the API's key desk is made; tests of keys replace it."""
    return lambda _store, _clock: None


@pytest_twisted.async_yield_fixture
async def served(tmp_path: Path, bounds: Bounds, key_desk: Any) -> Any:
    """A running API."""
    from twisted.internet import reactor

    key = bytes(range(32))
    store = Store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    store.migrate()
    sealer, index, clock = AesSegmentSealer({"k1": key}, "k1"), BlindIndex(key), SystemClock()
    vault = Vault(tmp_path / "vault", StreamSealer({"k1": key}, "k1"))
    pool = ThreadPool(1, 4, name="api-test")
    pool.start()
    public = {key_id: private.public_key() for key_id, private in KEYS.items()}
    register = ClientRegister(CLIENTS, SignatureCheck(public.get, clock))
    intake = Intake(store, vault, clock, "GW01", PROJECTS)
    answers = Answers(store, sealer, index)
    clear = ClearReading(store, answers, clock)
    desk = key_desk(store, clock)
    api = build_api(
        ApiDependencies(reactor, pool, intake, answers, register, bounds, key_desk=desk, clear_reading=clear)
    )
    port = reactor.listenTCP(0, build_site(api, reactor), interface="127.0.0.1")
    running = Served(port.getHost().port, api, store, vault, tmp_path / "vault", sealer, index, clock)
    yield running
    await port.stopListening()
    settled: Deferred[None] = Deferred()
    reactor.callLater(0.05, settled.callback, None)
    await settled
    pool.stop()
    store.dispose()


@pytest.fixture
def checked(served: Served) -> Checked:
    """The other rooms, by hand."""
    return Checked(served)


@pytest.fixture
def header() -> Callable[..., dict[str, Any]]:
    """A good header, with what the test changes."""

    def make(batch_no: str = "CX2026-GDDL-0001", **changes: Any) -> dict[str, Any]:
        return {
            "batch_no": batch_no,
            "fiscal_year": 2026,
            "division_code": "532301",
            "department_code": "126001",
            "department_name": "楚雄市农业农村局",
            "project_code": "GDDL-2026",
            "policy_name": "耕地地力保护补贴",
            "budget_document_no": "楚财农〔2026〕10号",
            "budget_indicator_no": "5323012026000123",
            "funding_model": "ZERO_BALANCE",
            "funding_account": {
                "kind": "TREASURY_SINGLE_ACCOUNT",
                "name": "楚雄市财政局",
                "account": "2490000000012",
                "bank_code": "203100000019",
            },
            "paying_account": {
                "name": "楚雄市农业农村局",
                "account": "5300161600012345",
                "bank_code": "103100000026",
            },
            "direct_funds": False,
            "benefit_mark": "惠民惠农财政补贴资金",
            "requested_on": "2026-11-24",
            "voucher_no": "5301262026000456",
            "declared_count": 3,
            "declared_total_fen": 60000,
            **changes,
        }

    return make


@pytest.fixture
def items() -> Callable[[int], list[dict[str, Any]]]:
    """Good items."""

    def make(count: int = 3) -> list[dict[str, Any]]:
        return [
            {
                "item_id": f"P{n:04d}",
                "payee_kind": "PERSON",
                "name": "欧阳测试",
                "id_type": "RESIDENT_ID",
                "id_number": "110101199003070134",
                "account": f"62284800000000{n:05d}",
                "account_kind": "BANK_CARD",
                "bank_code": "103100000026",
                "amount_fen": 10000 * (n + 1),
            }
            for n in range(count)
        ]

    return make
