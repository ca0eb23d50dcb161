"""What a bank cannot be made to show is said to be not run; a case of many codes keeps those that it can."""

from __future__ import annotations

from gateway.certify.arranging import playable, script_of
from gateway.certify.cases import Line


def refuses(*codes: str):
    """A bank that cannot say these codes, nor lose a reply."""

    def play(script):
        said = [rule["action"].get("code") for rule in script["rules"]]
        effects = [effect["do"] for file in script["files"] for effect in file["effects"]]
        return "cannot be said" if set(said) & set(codes) or "lose-reply" in effects else None

    return play


def failing(*codes: str) -> tuple[Line, ...]:
    return tuple(Line(f"code {code}", action={"do": "failed", "code": code}) for code in codes)


def test_codes_that_cannot_be_said_are_left_out_and_named(a_case) -> None:
    plan = playable([a_case(*failing("1", "2", "3"))], refuses("2"))
    (case,) = plan.cases
    assert [line.label for line in case.lines] == ["code 1", "code 3"]
    assert case.left_out == ("code 2",)


def test_a_case_that_cannot_be_shown_at_all_is_not_run(a_case) -> None:
    plan = playable(
        [
            a_case(*failing("2")),
            a_case(Line("one"), effects=({"do": "lose-reply"},)),
            a_case(Line("one"), impossible=("没有", "there is none")),
        ],
        refuses("2"),
    )
    assert not plan.cases
    assert [one.en for one in plan.not_run] == [
        "this bank cannot be made to show it: cannot be said",
        "this bank cannot be made to show it: cannot be said",
        "there is none",
    ]


def test_a_case_without_a_script_asks_nobody(a_case) -> None:
    def never(_):
        raise AssertionError

    assert playable([a_case(Line("one"))], never).cases


def test_a_script_names_accounts_and_the_first_instruction(a_case, batched) -> None:
    batch = batched(a_case(Line("plain"), *failing("1"), effects=({"do": "reorder-rows"},)))
    made = script_of([batch])
    assert made["rules"] == [{"match": {"account": batch.items["account"][1]}, "action": {"do": "failed", "code": "1"}}]
    assert made["files"] == [{"match": {"message_id": f"{batch.reference}F0000"}, "effects": [{"do": "reorder-rows"}]}]
