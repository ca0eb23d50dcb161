"""Keys over the API (密钥接口): looking, making, proposing, approving, revoking; secrets never travel this way."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from crypto.contract import KeyUnusable
from crypto.key_entry import Purpose
from crypto.key_reasons import told
from gateway.api import key_catalogue, strict_json
from gateway.api.content_digest import declared_sha256, require_same
from gateway.api.key_shapes import NewKeyRequest, ProposalRequest, ReasonRequest
from gateway.api.operation import Call, Operation, Reply
from gateway.api.problems import Problem
from gateway.api.threads import Threads
from gateway.api.uploading import MemoryUpload
from gateway.api.validation import problem_of
from gateway.core.authority import NotAllowed
from gateway.core.key_changes import ChangeRefused
from gateway.keys.material_reading import PassphraseNeeded, read_key
from gateway.services.key_desk import KeyDesk, NoSuchAlias

M = TypeVar("M", bound=BaseModel)
A = TypeVar("A", bound=BaseModel)
_LARGEST_NUMBER = 2**62


@dataclass(frozen=True, slots=True)
class KeyOperations:
    """The operations under ``/v1/keys`` and ``/v1/key-changes``."""

    desk: KeyDesk
    threads: Threads

    def operations(self) -> list[Operation]:
        """What the API serves of it."""
        return key_catalogue.operations(
            key_catalogue.Handlers(
                listing=self.listing,
                of_alias=self.of_alias,
                add=self.add,
                propose=self.propose,
                changes=self.changes,
                approve=self.approve,
                reject=self.reject,
                revoke=self.revoke,
            )
        )

    async def listing(self, call: Call) -> Reply:
        """GET /v1/keys."""
        return Reply(200, await self._answer(self.desk.listing, call.actor, call.query.state))

    async def of_alias(self, call: Call) -> Reply:
        """GET /v1/keys/{alias}."""
        return Reply(200, await self._answer(self.desk.of_alias, call.actor, call.path["alias"]))

    async def add(self, call: Call) -> Reply:
        """POST /v1/keys/{alias}."""
        asked = _body(call, NewKeyRequest)
        return Reply(201, await self._answer(self._added, call, asked))

    async def propose(self, call: Call) -> Reply:
        """POST /v1/key-changes."""
        asked = _body(call, ProposalRequest)
        others = asked.retire_others
        change = await self._answer(
            lambda: self.desk.propose(
                call.actor, asked.action, asked.alias, asked.key_id, asked.reason, retire_others=others
            )
        )
        return Reply(201, change)

    async def changes(self, call: Call) -> Reply:
        """GET /v1/key-changes."""
        return Reply(200, await self._answer(self.desk.changes, call.actor, call.query.state, call.query.limit))

    async def approve(self, call: Call) -> Reply:
        """POST /v1/key-changes/{change_id}/approval."""
        return Reply(200, await self._answer(self.desk.approve, call.actor, _number(call)))

    async def reject(self, call: Call) -> Reply:
        """POST /v1/key-changes/{change_id}/rejection."""
        asked = _body(call, ReasonRequest)
        return Reply(200, await self._answer(self.desk.reject, call.actor, _number(call), asked.reason))

    async def revoke(self, call: Call) -> Reply:
        """POST /v1/keys/{alias}/{key_id}/revocation."""
        asked, place = _body(call, ReasonRequest), (call.path["alias"], call.path["key_id"])
        return Reply(200, await self._answer(self.desk.revoke_now, call.actor, *place, asked.reason))

    def _added(self, call: Call, asked: NewKeyRequest) -> BaseModel:
        """In a thread, as making an RSA key takes its time."""
        purpose, alias = Purpose(asked.purpose), call.path["alias"]
        if asked.public is None:
            if asked.kind is None or purpose is Purpose.VERIFY:
                raise Problem("BAD_FIELD", field="kind", zh="验证用公钥须导入。", en="what we verify with is taken in")
            return self.desk.generate(call.actor, alias, purpose, asked.kind, asked.not_before, asked.not_after)
        if "PRIVATE" in asked.public:
            raise Problem(
                "KEY_REFUSED", field="public", zh="私钥不得经接口传送。", en="private keys never travel this way"
            )
        try:
            read = read_key(asked.public.encode(), purpose, None, None)
        except PassphraseNeeded:
            raise Problem("KEY_REFUSED", field="public") from None
        first, last = asked.not_before or read.not_before, asked.not_after or read.not_after
        return self.desk.take_in(call.actor, alias, purpose, read.material, first, last)

    async def _answer(self, ask: Callable[..., A], *given: Any) -> A:
        """In a thread; what is refused becomes a problem."""
        try:
            return await self.threads.run(ask, *given)
        except NotAllowed as refused:
            raise Problem("NOT_ALLOWED", zh=refused.zh, en=refused.en) from None
        except NoSuchAlias:
            raise Problem("NO_SUCH_KEY", field="alias") from None
        except ChangeRefused as refused:
            code = "NO_SUCH_CHANGE" if refused.code == "no-such-change" else "CHANGE_REFUSED"
            raise Problem(code, zh=refused.zh, en=refused.en) from None
        except KeyUnusable as refused:
            raise Problem("KEY_REFUSED", zh=f"{told(refused.reason)[0]}。", en=str(refused)) from None


def _body(call: Call, shape: type[M]) -> M:
    if not isinstance(call.upload, MemoryUpload):
        raise Problem("BAD_JSON", en="send a JSON document", zh="请发送 JSON 正文。")
    body = call.upload.body()
    require_same(declared_sha256(call.envelope.header("content-digest")), hashlib.sha256(body).hexdigest())
    try:
        return shape.model_validate(strict_json.parse(body))
    except ValidationError as error:
        raise problem_of(error) from None


def _number(call: Call) -> int:
    given = call.path["change_id"]
    if not (given.isascii() and given.isdigit()) or int(given) > _LARGEST_NUMBER:
        raise Problem("NO_SUCH_CHANGE", field="change_id")
    return int(given)
