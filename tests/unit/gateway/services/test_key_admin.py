"""Acts upon keys: two people, the audit, and nothing half done."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from crypto.contract import KeyUnusable
from crypto.generate import generate_key
from crypto.key_entry import KeyEntry, KeyState, Owner, Purpose
from crypto.key_material import KeyMaterial
from crypto.keystore import Keystore
from gateway.core.authority import Actor, NotAllowed, Role
from gateway.core.key_changes import EXPIRY_MS, ChangeRefused, ChangeState, KeyAction
from gateway.services.key_admin import KeyAdmin
from gateway.services.key_applying import entry_of
from gateway.store import alerts, audit
from gateway.store.database import Store

PASSPHRASE = "a passphrase for tests"
CUSTODIAN = frozenset({Role.KEY_CUSTODIAN})
LI = Actor("li", CUSTODIAN, origin="local:tty", key="aaaaaaaaaaaaaaaa")
WANG = Actor("wang", CUSTODIAN, origin="10.0.0.2", key="bbbbbbbbbbbbbbbb")
TODAY = date(2026, 11, 23)


@dataclass
class HandClock:
    """Moved by hand."""

    now: int = 1_795_400_000_000

    def now_ms(self) -> int:
        return self.now


@dataclass
class Office:
    """One gateway's keys and audit."""

    store: Store
    path: Path
    clock: HandClock

    def keys(self) -> Keystore:
        """As another process opens them."""
        return Keystore.open(self.path, PASSPHRASE, lambda: TODAY)

    def admin(self, keys: Keystore | None = None) -> KeyAdmin:
        return KeyAdmin(self.store, keys or self.keys(), self.clock)

    def state(self, alias: str, key_id: str) -> KeyState:
        entry = entry_of(self.keys(), alias, key_id)
        assert entry is not None
        return entry.state

    def acts(self) -> list[tuple[str, str]]:
        with self.store.read() as tx:
            return [(one.actor, one.action) for one in audit.entries(tx)]

    def last(self) -> audit.AuditEntry:
        with self.store.read() as tx:
            return audit.entries(tx)[-1]

    def alerts(self) -> list[str]:
        with self.store.read() as tx:
            return [one.kind for one in alerts.recent(tx, 10)]


@pytest.fixture(scope="session")
def empty_keystore(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "keystore.json"
    Keystore.create(path, PASSPHRASE)
    return path


@pytest.fixture
def office(tmp_path: Path, empty_keystore: Path) -> Iterator[Office]:
    path = tmp_path / "keystore.json"
    path.write_bytes(empty_keystore.read_bytes())
    path.chmod(0o600)
    store = Store(f"sqlite:///{tmp_path}/store.db", busy_timeout_seconds=10)
    store.migrate()
    yield Office(store, path, HandClock())
    store.dispose()


@pytest.fixture
def admin(office: Office) -> KeyAdmin:
    return office.admin()


@pytest.fixture
def pending(admin: KeyAdmin) -> Callable[[], KeyEntry]:
    return lambda: admin.generate(LI, "bank-sign", Purpose.SIGN, "ed25519")


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(ChangeRefused) as refused:
        act()
    assert refused.value.zh and refused.value.en
    return refused.value.code


def test_two_people_put_a_key_to_use(office: Office, admin: KeyAdmin, pending: Any) -> None:
    entry = pending()
    assert (entry.state, office.state("bank-sign", entry.key_id)) == (KeyState.PENDING, KeyState.PENDING)
    change = admin.propose(LI, KeyAction.ACTIVATE, "bank-sign", entry.key_id, "first key")
    assert (change.state, change.proposed_by, change.fingerprint) == (ChangeState.PROPOSED, "li", entry.key_id)
    done = admin.approve(WANG, change.change_id)
    assert (done.state, done.decided_by, done.decided_key) == (ChangeState.APPLIED, "wang", WANG.key)
    assert office.state("bank-sign", entry.key_id) is KeyState.ACTIVE
    assert admin.changes() == admin.changes(ChangeState.APPLIED) == [done]
    assert office.acts() == [
        ("li", "key.generating"),
        ("li", "key.generated"),
        ("li", "key.proposed"),
        ("wang", "key.approved"),
        ("wang", "key.applied"),
    ]
    last = office.last()
    assert (last.before["key_state"], last.after["key_state"], last.origin) == ("PENDING", "ACTIVE", "10.0.0.2")
    assert (last.after["reason"], last.after["proposed_by"], last.after["key_id"]) == ("first key", "li", entry.key_id)


def activate(admin: KeyAdmin, entry: KeyEntry, **more: Any) -> None:
    change = admin.propose(LI, KeyAction.ACTIVATE, entry.alias, entry.key_id, "go", **more)
    admin.approve(WANG, change.change_id)


@pytest.mark.parametrize(("retire", "state"), [(True, KeyState.RETIRING), (False, KeyState.ACTIVE)])
def test_a_successor_retires_the_key_before_it(
    office: Office, admin: KeyAdmin, pending: Any, retire: bool, state: KeyState
) -> None:
    old, new = pending(), pending()
    activate(admin, old)
    activate(admin, new, retire_others=retire)
    assert office.state("bank-sign", old.key_id) is state
    assert office.last().after["others"] == ([old.key_id] if retire else [])


def test_a_key_goes_its_whole_way(office: Office, admin: KeyAdmin, pending: Any) -> None:
    entry = pending()
    actions = (
        KeyAction.ACTIVATE,
        KeyAction.RETIRE,
        KeyAction.RESUME,
        KeyAction.RETIRE,
        KeyAction.END,
        KeyAction.REVOKE,
    )
    states = []
    for action in actions:
        change = admin.propose(LI, action, entry.alias, entry.key_id, "next")
        assert admin.approve(WANG, change.change_id).state is ChangeState.APPLIED
        states.append(office.state(entry.alias, entry.key_id))
    assert [state.value for state in states] == ["ACTIVE", "RETIRING", "ACTIVE", "RETIRING", "RETIRED", "REVOKED"]


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (LI, "own-proposal"),
        (replace(LI, key="cccccccccccccccc"), "own-proposal"),
        (replace(WANG, key=LI.key), "same-key"),
    ],
)
def test_one_person_is_not_two(office: Office, admin: KeyAdmin, pending: Any, second: Actor, code: str) -> None:
    entry = pending()
    change = admin.propose(LI, KeyAction.ACTIVATE, entry.alias, entry.key_id, "go")
    assert refusal(lambda: admin.approve(second, change.change_id)) == code
    assert office.last().action == "key.refused" and office.last().after["code"] == code
    assert office.state(entry.alias, entry.key_id) is KeyState.PENDING
    assert admin.approve(WANG, change.change_id).state is ChangeState.APPLIED


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.KEY_CUSTODIAN])
def test_without_the_role_nothing_is_done_and_all_is_written_down(
    office: Office, admin: KeyAdmin, pending: Any, role: Role
) -> None:
    entry = pending()
    change = admin.propose(LI, KeyAction.ACTIVATE, entry.alias, entry.key_id, "go")
    other = Actor("zhao", frozenset({role}), origin="10.9.9.9")
    material = generate_key("ed25519")
    tries: list[Callable[[], object]] = [
        lambda: admin.generate(other, "x", Purpose.SIGN, "sm2"),
        lambda: admin.take_in(other, "x", Purpose.SIGN, material, owner=Owner.GATEWAY),
        lambda: admin.propose(other, KeyAction.REVOKE, entry.alias, entry.key_id, "go"),
        lambda: admin.approve(other, change.change_id),
        lambda: admin.reject(other, change.change_id, "no"),
        lambda: admin.revoke_now(other, entry.alias, entry.key_id, "now"),
    ]
    before = len(office.acts())
    for attempt in tries:
        with pytest.raises(NotAllowed, match="key-custodian"):
            attempt()
    assert office.acts()[before:] == [("zhao", "key.refused")] * len(tries)
    assert (office.last().after["code"], office.last().after["roles"]) == ("not-allowed", [role.value])
    assert office.state(entry.alias, entry.key_id) is KeyState.PENDING


def test_a_scope_is_a_border(office: Office, admin: KeyAdmin, pending: Any) -> None:
    entry = pending()
    narrow = replace(WANG, scopes=("other-*",))
    change = admin.propose(LI, KeyAction.ACTIVATE, entry.alias, entry.key_id, "go")
    with pytest.raises(NotAllowed, match="bank-sign"):
        admin.approve(narrow, change.change_id)
    assert admin.generate(narrow, "other-sign", Purpose.SIGN, "ed25519").state is KeyState.PENDING


def test_old_proposals_expire(office: Office, admin: KeyAdmin, pending: Any) -> None:
    entry = pending()
    change = admin.propose(LI, KeyAction.ACTIVATE, entry.alias, entry.key_id, "go")
    office.clock.now += EXPIRY_MS + 1
    assert refusal(lambda: admin.approve(WANG, change.change_id)) == "expired"
    assert admin.changes()[0].state is ChangeState.EXPIRED
    assert ("wang", "key.expired") in office.acts()
    again = admin.propose(LI, KeyAction.ACTIVATE, entry.alias, entry.key_id, "again")
    assert again.change_id != change.change_id
    office.clock.now += EXPIRY_MS + 1
    assert admin.catch_up() == 1
    assert office.last().action == "key.expired" and office.last().actor == "gateway"


def test_a_proposal_may_be_turned_down_or_taken_back(office: Office, admin: KeyAdmin, pending: Any) -> None:
    entry = pending()
    for who in (WANG, LI):
        change = admin.propose(LI, KeyAction.ACTIVATE, entry.alias, entry.key_id, "go")
        turned = admin.reject(who, change.change_id, "not yet")
        assert (turned.state, turned.decided_by, turned.decided_reason) == (ChangeState.REJECTED, who.name, "not yet")
        assert admin.reject(who, change.change_id, "not yet") == turned
        assert refusal(lambda number=change.change_id: admin.approve(WANG, number)) == "decided-already"
    assert office.state(entry.alias, entry.key_id) is KeyState.PENDING


def test_the_same_again_is_the_same(office: Office, admin: KeyAdmin, pending: Any) -> None:
    entry = pending()
    first = admin.propose(LI, KeyAction.ACTIVATE, entry.alias, entry.key_id, "go")
    assert admin.propose(LI, KeyAction.ACTIVATE, entry.alias, entry.key_id, "go") == first
    assert (
        refusal(lambda: admin.propose(WANG, KeyAction.ACTIVATE, entry.alias, entry.key_id, "go")) == "proposed-already"
    )
    assert refusal(lambda: admin.propose(LI, KeyAction.REVOKE, entry.alias, entry.key_id, "go")) == "proposed-already"
    done = admin.approve(WANG, first.change_id)
    entries = len(office.acts())
    assert admin.approve(WANG, first.change_id) == done
    assert len(office.acts()) == entries
    zhao = replace(WANG, name="zhao", key="dddddddddddddddd")
    assert refusal(lambda: admin.approve(zhao, first.change_id)) == "decided-already"


def test_a_key_that_changed_meanwhile_is_not_what_was_approved(office: Office, admin: KeyAdmin, pending: Any) -> None:
    entry = pending()
    change = admin.propose(LI, KeyAction.ACTIVATE, entry.alias, entry.key_id, "go")
    behind = office.keys()
    behind.move(entry.alias, entry.key_id, KeyState.REVOKED)
    behind.save()
    assert refusal(lambda: admin.approve(WANG, change.change_id)) == "key-changed"
    assert admin.changes()[0].state is ChangeState.REJECTED
    assert [action for _, action in office.acts()][-2:] == ["key.overtaken", "key.refused"]


def test_one_person_revokes_at_once_and_everybody_hears_of_it(office: Office, admin: KeyAdmin, pending: Any) -> None:
    entry = pending()
    activate(admin, entry)
    waiting = admin.propose(LI, KeyAction.RETIRE, entry.alias, entry.key_id, "routine")
    revoked = admin.revoke_now(WANG, entry.alias, entry.key_id, "key was copied")
    assert revoked.state is office.state(entry.alias, entry.key_id) is KeyState.REVOKED
    assert "key-revoked-now" in office.alerts()
    assert admin.changes()[0].emergency and admin.changes()[0].state is ChangeState.APPLIED
    assert {one.change_id: one.state for one in admin.changes()}[waiting.change_id] is ChangeState.REJECTED
    entries = len(office.acts())
    assert admin.revoke_now(WANG, entry.alias, entry.key_id, "again") == revoked
    assert len(office.acts()) == entries
    assert refusal(lambda: admin.approve(WANG, waiting.change_id)) == "decided-already"


def test_what_does_not_exist_or_does_not_fit_is_refused(office: Office, admin: KeyAdmin, pending: Any) -> None:
    entry = pending()
    assert refusal(lambda: admin.approve(WANG, 99)) == "no-such-change"
    assert refusal(lambda: admin.propose(LI, KeyAction.ACTIVATE, "nobody", "k", "go")) == "unknown-key"
    assert refusal(lambda: admin.propose(LI, KeyAction.END, entry.alias, entry.key_id, "go")) == "wrong-key-state"
    assert refusal(lambda: admin.propose(LI, KeyAction.ACTIVATE, entry.alias, entry.key_id, "  ")) == "no-reason"
    personal = "call 13800138000"
    assert refusal(lambda: admin.propose(LI, KeyAction.ACTIVATE, entry.alias, entry.key_id, personal)) == "bad-reason"
    with pytest.raises(KeyUnusable):
        admin.take_in(LI, entry.alias, Purpose.VERIFY, generate_key("sm2").public_only(), owner=Owner.COUNTERPARTY)
    with pytest.raises(ValueError, match="kind"):
        admin.generate(LI, "x", Purpose.SIGN, "rot13")  # type: ignore[arg-type]
    assert [action for _, action in office.acts()][2:] == ["key.refused"] * 7
    assert len(office.keys().entries()) == 1


def test_hostile_names_are_refused_and_hidden(office: Office, admin: KeyAdmin) -> None:
    for alias in ("../../etc/passwd\x00", "张三 11010519491231002X", "x" * 5000, "'; DROP TABLE audit"):
        with pytest.raises(KeyUnusable):
            admin.generate(LI, alias, Purpose.SIGN, "ed25519")
        assert office.last().subject.startswith("hidden:")


def test_an_expired_key_is_not_put_to_use(office: Office, admin: KeyAdmin) -> None:
    entry = admin.generate(LI, "bank-sign", Purpose.SIGN, "ed25519", not_after=date(2026, 11, 25))
    change = admin.propose(LI, KeyAction.ACTIVATE, entry.alias, entry.key_id, "go")
    office.clock.now += 3 * 86_400_000
    assert refusal(lambda: admin.approve(WANG, change.change_id)) == "key-expired"
    assert admin.changes()[0].state is ChangeState.REJECTED
    assert refusal(lambda: admin.propose(LI, KeyAction.ACTIVATE, entry.alias, entry.key_id, "go")) == "key-expired"


def test_of_two_approvers_one_applies(office: Office, admin: KeyAdmin, pending: Any) -> None:
    entry = pending()
    change = admin.propose(LI, KeyAction.ACTIVATE, entry.alias, entry.key_id, "go")
    seconds = [replace(WANG, name=f"second-{number}", key=f"{number:016d}") for number in range(4)]
    outcomes: list[str] = []

    def approve(actor: Actor) -> None:
        try:
            outcomes.append(office.admin().approve(actor, change.change_id).state)
        except ChangeRefused as refused:
            outcomes.append(refused.code)

    threads = [threading.Thread(target=approve, args=(one,)) for one in seconds]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert sorted(outcomes) == ["APPLIED", *["decided-already"] * 3]
    actions = [action for _, action in office.acts()]
    assert (actions.count("key.approved"), actions.count("key.applied")) == (1, 1)


def test_the_first_two_custodians_need_nobody_and_the_third_needs_them(office: Office, admin: KeyAdmin) -> None:
    nobody = Actor("li", frozenset(), origin="local:tty")
    custodians = ["li", "wang", "zhao"]
    first = generate_key("ed25519")
    assert admin.enroll_first(nobody, "li", first, custodians).state is KeyState.ACTIVE
    assert refusal(lambda: admin.enroll_first(nobody, "wang", first, custodians)) == "same-key"
    assert admin.enroll_first(nobody, "wang", generate_key("ed25519"), custodians).state is KeyState.ACTIVE
    assert (
        refusal(lambda: admin.enroll_first(nobody, "zhao", generate_key("ed25519"), custodians)) == "four-eyes-needed"
    )
    assert [entry.sealed_secret for entry in office.keys().entries()] == [None, None]
    actions = [action for _, action in office.acts()]
    assert actions.count("operator.enrolled") == 2 and actions.count("key.refused") == 2


def test_a_key_to_verify_with_is_kept_without_its_secret_half(office: Office, admin: KeyAdmin) -> None:
    entry = admin.generate(LI, "peer-verify", Purpose.VERIFY, "sm2", owner=Owner.COUNTERPARTY)
    assert entry.sealed_secret is None


def test_an_alert_tells_of_a_change_that_cannot_be_carried_out(office: Office, pending: Any, monkeypatch: Any) -> None:
    entry = pending()
    keys = office.keys()
    admin = office.admin(keys)
    change = admin.propose(LI, KeyAction.ACTIVATE, entry.alias, entry.key_id, "go")

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr("crypto.keystore_file.replace_file", full)
        with pytest.raises((OSError, KeyUnusable)):
            admin.approve(WANG, change.change_id)
        assert admin.catch_up() == 0
    assert "key-change-stuck" in office.alerts()
    assert (
        office.state(entry.alias, entry.key_id) is entry_of(keys, entry.alias, entry.key_id).state is KeyState.PENDING
    )  # type: ignore[union-attr]
    assert admin.catch_up() == 1
    assert office.state(entry.alias, entry.key_id) is KeyState.ACTIVE
    assert office.last().action == "key.applied"


def test_no_secret_reaches_the_audit(office: Office, admin: KeyAdmin) -> None:
    material = KeyMaterial(generate_key("secret").algorithm, secret=b"correct horse battery staple")
    admin.take_in(LI, "broker-password", Purpose.TRANSPORT, material, owner=Owner.COUNTERPARTY)
    with office.store.read() as tx:
        assert "horse" not in repr(audit.entries(tx))
