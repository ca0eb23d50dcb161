"""The connection breaks at any byte, either way: what the fault says agrees with what the peer has."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_twisted

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:twisted")

MOST_CUTS = {"https": 24, "tcp tls": 24, "amqp": 24, "amqp tls": 10}
LAST = 12  # the borders where a message becomes whole


def borders(total: int, most: int) -> list[int]:
    """Every border where there are few; else evenly spread ones, and each of the last."""
    if total <= most:
        return list(range(total + 1))
    spread = {total * step // most for step in range(most + 1)}
    return sorted(spread | set(range(max(0, total - LAST), total + 1)))


async def measured(rigs: Any, rig: Any) -> tuple[int, int]:
    """Bytes up and down of one exchange on a fresh connection."""
    rig.proxy.arm()
    await rig.submit(b"<order number='0000'/>")
    total = rig.proxy.up, rig.proxy.down
    rig.proxy.drop()
    await rigs.settle(rig)
    return total


async def told_and_had(rigs: Any, rig: Any, way: str, cuts: list[int]) -> dict[bytes, bool | None]:
    """Per message what its submission said, one for each cut, on one client that has to find its peer again."""
    told = {}
    for number, cut in enumerate(cuts, 1):
        content = b"<order number='%04d'/>" % number
        rig.proxy.arm(**{way: cut}, reset=bool(number % 2))
        told[content] = await rig.outcome(content)
        rig.proxy.arm()
        rig.proxy.drop()
        await rigs.settle(rig)
    return told


@pytest.mark.parametrize("way", ["up", "down"])
@pytest_twisted.ensureDeferred
async def test_what_is_said_of_a_broken_line_is_true(rigs: Any, transport: str, way: str) -> None:
    rig = await rigs.make(transport)
    up, down = await measured(rigs, rig)
    cuts = borders(up if way == "up" else down, MOST_CUTS.get(transport, 100))
    told = await told_and_had(rigs, rig, way, cuts)
    await rig.submit(b"the last")
    had = await rig.received()
    assert b"the last" in had
    for content, maybe_sent in told.items():
        if maybe_sent is False:
            assert content not in had, "it is there, and was said not to be"
        if maybe_sent is None:
            assert content in had, "it was acknowledged, and is not there"
    assert set(told.values()) - {None}, "nothing was interrupted"
    if transport in {"https", "tcp tls", "amqp", "amqp tls"}:
        assert False in told.values(), "before anything of the message is written, that is known"
    if way == "down" and transport.startswith(("tcp length", "tcp flag")):
        assert all(content in had for content in told), "the order was there, whatever became of the answer"
