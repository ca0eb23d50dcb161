"""Messages around a change of keys: signed just before, signed too early, signed with what counts no longer."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crypto.contract import KeyUnusable
from crypto.generate import generate_key
from crypto.key_entry import KeyState, Owner
from crypto.key_material import KeyMaterial
from crypto.keystore import Keystore
from crypto.schemes.sm2_keys import private_from_pem, public_from_pem
from crypto.schemes.sm2_sm3 import Sm2Signer
from crypto.signature_text import encode_signature
from gateway import wiring
from gateway.services import arrivals, sending
from gateway.services.applying import apply
from gateway.services.building import build
from gateway.services.check import check
from gateway.services.context import Context
from gateway.services.whose_signature import SignedByRevokedKey, require_not_revoked
from gateway.settings import KeystoreSettings, Settings
from gateway.store import alerts, batches, inbox, instructions
from gateway.store import work as work_store
from gateway.store.records import InboxMessage, InboxState, Instruction, InstructionState
from gateway.transports.contract import TransportFault
from messages.batch.numbering import batch_reference
from simulators.keys import create_demo_keys
from simulators.roster import roster

RURAL, VERIFY, SIGN = "rural-fixed", "rural-fixed-sm2-verify", "gateway-sm2-sign"
JOBS = {"check": check, "build": build, "apply": apply}


class Gateway:
    """The parts that jobs work with, jobs run by hand, and a keystore that somebody else changes meanwhile."""

    def __init__(self, state: Path, keys: Path):
        self.keys, self._hour = keys, 0
        store = KeystoreSettings(path=keys / "gateway/keystore.json", passphrase_file=keys / "gateway/passphrase")
        settings = Settings(state=state, keystore=store)
        wiring.open_store(settings).dispose()
        whole = wiring.build_context(settings)
        self.context: Context = replace(whole, banks={RURAL: whole.banks[RURAL]})
        self._others = Keystore.open(store.path, (keys / "gateway/passphrase").read_text("ascii"))

    def change(self, alias: str, *states: KeyState, add: KeyMaterial | None = None, state: str = "ACTIVE") -> str:
        """Lead the alias's oldest key through ``states``, then add one; the id of the last."""
        with self._others.changing() as draft:
            oldest = draft.entries(alias)[0]
            for one in states:
                draft.move(alias, oldest.key_id, one)
            if add is None:
                return oldest.key_id
            made = add if oldest.owner is Owner.GATEWAY else add.public_only()
            return draft.add(alias, oldest.purpose, made, owner=oldest.owner, state=KeyState(state)).key_id

    def lead(self, alias: str, key_id: str, state: KeyState) -> None:
        with self._others.changing() as draft:
            draft.move(alias, key_id, state)

    def work(self, *kinds: str) -> None:
        """Everything that is due of these kinds."""
        self._hour += 1  # leases of the last time are over
        later = self.context.clock.now_ms() + self._hour * 3_600_000
        with self.context.store.begin() as tx:
            claimed = work_store.claim(tx, kinds or JOBS, "test", later, 60_000, 100)
        for one in claimed:
            JOBS[one.kind](self.context, one)

    def hears(self, signature: str, name: str = "RF-result-1") -> InboxMessage:
        """What becomes of a message with this signature."""
        arrivals.keep_pushed(self.context, RURAL, name, CONTENT, signature)
        self.work("apply")
        return self.message(name)

    def message(self, name: str = "RF-result-1") -> InboxMessage:
        with self.context.store.read() as tx:
            return next(one for one in (inbox.by_id(tx, i) for i in range(1, 20)) if one.name == name)

    def alerts(self) -> dict[str, str]:
        with self.context.store.read() as tx:
            return {one.kind: one.text_en for one in alerts.recent(tx, 100)}

    def instructed(self) -> Instruction:
        """A batch of one instruction, checked and built."""
        batch, now = roster(20, 3, batches=1, bad_share=0)[0], self.context.clock.now_ms()
        batch.header["paying_account"]["bank_code"] = "402738090017"
        number, content = batch.header["batch_no"], batch.content()
        reference = batch_reference("GW01", "platform", number)
        new = batches.NewBatch("platform", number, reference, batch.header, "0" * 64, False)
        with self.context.vault.create(batch.content_type) as writer:
            writer.write(content)
            stored = writer.commit()
        with self.context.store.begin() as tx:
            made, _ = batches.open_batch(tx, new, now)
            batches.attach_content(tx, made.batch_id, stored, now)
            work_store.put(tx, "check", str(made.batch_id), {"batch_id": made.batch_id}, due_at_ms=now)
        self.work("check")
        self.work("build")
        return self.instruction()

    def instruction(self) -> Instruction:
        with self.context.store.read() as tx:
            return instructions.by_id(tx, 1)

    def sending(self) -> Any:
        """The work of sending it, as its worker has it."""
        with self.context.store.begin() as tx:
            (one,) = work_store.claim(tx, ["send-file"], "test", self.context.clock.now_ms() + 1000, 1, 9)
        return one


CONTENT = b"whatever"
SM2_USER_ID = "1234567812345678"


@pytest.fixture
def gateway(tmp_path: Path, demo_keys: Path) -> Gateway:
    """One bank that exchanges files, and keys of its own."""
    keys = tmp_path / "keys"
    shutil.copytree(demo_keys, keys)
    return Gateway(tmp_path / "state", keys)


@pytest.fixture(scope="session")
def demo_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once."""
    place = tmp_path_factory.mktemp("keys")
    create_demo_keys(place)
    return place


@pytest.fixture
def signed(gateway: Gateway) -> Callable[[KeyMaterial | None], str]:
    """The bank's signature under CONTENT, with a new key or the one that it has."""

    def sign(material: KeyMaterial | None) -> str:
        pem = (gateway.keys / RURAL / "sm2-sign.pem").read_text("ascii")
        pair = private_from_pem(pem) if material is None else (material.secret or b"", public_from_pem(material.public))
        signer = Sm2Signer("bank", *pair, SM2_USER_ID, "der")
        signer.update(CONTENT)
        return encode_signature(signer.signature(), "base64").decode("ascii")

    return sign


def read_as(message: InboxMessage) -> str:
    """Whether its signature was accepted: then only its content is no result."""
    assert message.state is InboxState.QUARANTINED and message.reason is not None
    return "accepted" if "sign" not in message.reason else message.reason


def test_signed_just_before_and_just_after_the_change(gateway, signed) -> None:
    new = generate_key("sm2")
    gateway.change(VERIFY, KeyState.RETIRING, add=new)
    assert read_as(gateway.hears(signed(None), "old")) == "accepted"
    assert read_as(gateway.hears(signed(new), "new")) == "accepted"


def test_what_was_received_before_and_is_signed_with_a_revoked_key_is_not_applied(gateway, signed) -> None:
    arrivals.keep_pushed(gateway.context, RURAL, "RF-result-1", CONTENT, signed(None))
    key_id = gateway.change(VERIFY, KeyState.REVOKED)
    gateway.work("apply")
    assert f"signed with key {key_id}" in read_as(gateway.message()) and "revoked" in read_as(gateway.message())
    assert key_id in gateway.alerts()["signed-by-revoked-key"]
    assert "message-quarantined" not in gateway.alerts()


def test_a_key_that_ended_is_named(gateway, signed) -> None:
    gateway.change(VERIFY, KeyState.RETIRING, KeyState.RETIRED, add=generate_key("sm2"))
    assert "RETIRED" in read_as(gateway.hears(signed(None)))
    assert "present key" in gateway.alerts()["message-quarantined"]


def test_a_stranger_s_signature_is_nobody_s(gateway, signed) -> None:
    gateway.change(VERIFY, KeyState.RETIRING, KeyState.RETIRED, add=generate_key("sm2"))
    reason = read_as(gateway.hears(signed(generate_key("sm2"))))
    assert reason != "accepted" and "RETIRED" not in reason


def test_a_bank_that_is_early_is_waited_for(gateway, signed) -> None:
    new = generate_key("sm2")
    key_id = gateway.change(VERIFY, add=new, state="PENDING")
    with pytest.raises(KeyUnusable, match="not in force"):
        gateway.hears(signed(new))
    assert gateway.message().state is InboxState.RECEIVED
    gateway.lead(VERIFY, key_id, KeyState.ACTIVE)
    gateway.work("apply")
    assert read_as(gateway.message()) == "accepted"


def test_a_key_revoked_while_its_message_was_read(gateway) -> None:
    key_id = gateway.change(VERIFY)
    bank = gateway.context.banks[RURAL]
    require_not_revoked(gateway.context, bank, key_id)
    gateway.change(VERIFY, KeyState.REVOKED)
    with pytest.raises(SignedByRevokedKey):
        require_not_revoked(gateway.context, bank, key_id)


def test_an_instruction_built_before_the_change_goes_as_it_is(gateway) -> None:
    before = gateway.instructed()
    gateway.change(SIGN, KeyState.RETIRING, add=generate_key("sm2"))
    assert sending.closed_until_ms(gateway.context, gateway.sending()) is None
    assert gateway.instruction() == before and before.key_id is not None


def test_an_instruction_that_nobody_saw_is_signed_anew_when_its_key_is_revoked(gateway) -> None:
    before, work = gateway.instructed(), gateway.sending()
    key_id = gateway.change(SIGN, KeyState.REVOKED, add=generate_key("sm2"))
    assert sending.closed_until_ms(gateway.context, work) is not None
    assert gateway.instruction().state is InstructionState.PLANNED
    gateway.work("build")
    after = gateway.instruction()
    assert (after.state, after.key_id) == (InstructionState.BUILT, key_id)
    assert after.message_id == before.message_id and after.signature != before.signature
    assert after.content is not None and before.content is not None
    assert after.content.sha256 == before.content.sha256
    assert sending.closed_until_ms(gateway.context, work) is None


def test_an_instruction_whose_sending_was_begun_keeps_its_bytes_and_waits_for_a_person(gateway) -> None:
    gateway.instructed()
    work = gateway.sending()
    instruction, permit = sending.permit(gateway.context, 1)
    assert permit is sending.Permit.SEND
    sending.failed(gateway.context, work, instruction, TransportFault("no line", maybe_sent=False))
    before = gateway.instruction()
    gateway.change(SIGN, KeyState.REVOKED, add=generate_key("sm2"))
    assert sending.closed_until_ms(gateway.context, work) is not None
    assert gateway.instruction() == before and before.state is InstructionState.BUILT
    assert before.message_id in gateway.alerts()["instruction-key-revoked"]


def test_without_a_key_to_sign_nothing_is_built_and_nothing_is_lost(gateway) -> None:
    gateway.change(SIGN, KeyState.REVOKED)
    with pytest.raises(KeyUnusable, match="REVOKED"):
        gateway.instructed()
    assert gateway.instruction().state is InstructionState.PLANNED
    gateway.change(SIGN, add=generate_key("sm2"))
    gateway.work("build")
    assert gateway.instruction().state is InstructionState.BUILT
