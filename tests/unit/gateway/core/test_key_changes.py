"""What may become of a key change: every pair of state and event, and every check of an approval."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from crypto.key_entry import TRANSITIONS, KeyState
from gateway.core.key_changes import (
    EXPIRY_MS,
    NEXT,
    STARTS,
    TARGETS,
    ChangeEvent,
    ChangeRefused,
    ChangeState,
    KeyAction,
    KeyChange,
    KeyPicture,
    after,
    expired,
    require_possible,
    require_second_person,
    require_unchanged,
)

P, A, D, R, X = (ChangeState[n] for n in ("PROPOSED", "APPLYING", "APPLIED", "REJECTED", "EXPIRED"))
LIFE = {
    (P, ChangeEvent.APPROVE): A,
    (P, ChangeEvent.REJECT): R,
    (P, ChangeEvent.EXPIRE): X,
    (P, ChangeEvent.OVERTAKEN): R,
    (A, ChangeEvent.DONE): D,
    (A, ChangeEvent.OVERTAKEN): R,
}
CHANGE = KeyChange(
    *(1, KeyAction.ACTIVATE, "bank-verify", "k1", "f1", "new key", True, "li", 1000, P),
    from_state="PENDING",
    digest="d1",
    proposed_key="li-key",
)


@pytest.mark.parametrize(("state", "event"), [*product(ChangeState, ChangeEvent)])
def test_every_pair_of_state_and_event(state: ChangeState, event: ChangeEvent) -> None:
    if (state, event) in LIFE:
        assert after(state, event) is LIFE[state, event]
        return
    with pytest.raises(ChangeRefused) as refused:
        after(state, event)
    assert refused.value.code == "decided-already"


def test_what_is_over_stays_over() -> None:
    assert not any(state in (D, R, X) for state, _ in NEXT)
    assert [replace(CHANGE, state=state).open for state in (P, A, D, R, X)] == [True, True, False, False, False]


@pytest.mark.parametrize(("action", "state"), [*product(KeyAction, KeyState)])
def test_actions_follow_the_life_of_a_key(action: KeyAction, state: KeyState) -> None:
    """Whatever is possible here the keystore can do too, and nothing goes from a state to itself."""
    picture = KeyPicture("k1", state, "d1")
    if state in STARTS[action]:
        require_possible(action, picture)
        assert KeyState(TARGETS[action]) in TRANSITIONS[state]
    else:
        with pytest.raises(ChangeRefused, match=state) as refused:
            require_possible(action, picture)
        assert refused.value.code == "wrong-key-state"


def test_together_the_actions_reach_all_that_the_keystore_can_do() -> None:
    reached = {(start, TARGETS[action]) for action in KeyAction for start in STARTS[action]}
    assert reached == {(start, end) for start, ends in TRANSITIONS.items() for end in ends}


def test_a_proposal_lives_for_seven_days() -> None:
    assert not expired(CHANGE, 1000 + EXPIRY_MS)
    assert expired(CHANGE, 1000 + EXPIRY_MS + 1)
    assert not expired(replace(CHANGE, state=A), 10**15)


@pytest.mark.parametrize(
    ("name", "key", "code"),
    [
        ("li", "other-key", "own-proposal"),
        ("li", "", "own-proposal"),
        ("wang", "li-key", "same-key"),
        ("wang", "wang-key", None),
        ("wang", "", None),
    ],
)
def test_the_second_person_is_another_person_with_another_key(name: str, key: str, code: str | None) -> None:
    if code is None:
        require_second_person(CHANGE, name, key)
        return
    with pytest.raises(ChangeRefused) as refused:
        require_second_person(CHANGE, name, key)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "picture",
    [None, KeyPicture("k1", "REVOKED", "d1"), KeyPicture("k1", "PENDING", "d2"), KeyPicture("k1", "ACTIVE", "d1")],
)
def test_an_approval_is_for_what_was_proposed(picture: KeyPicture | None) -> None:
    require_unchanged(CHANGE, KeyPicture("k1", "PENDING", "d1"))
    with pytest.raises(ChangeRefused) as refused:
        require_unchanged(CHANGE, picture)
    assert refused.value.code == "key-changed"
