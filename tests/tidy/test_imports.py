"""Who may import whom (architecture: rooms). A wrong arrow is a failing test, not a matter of taste."""

from __future__ import annotations

import importlib
from pathlib import Path

PACKAGES = ("adapters", "crypto", "gateway", "messages", "simulators")
TWISTED_ROOMS = (
    "gateway.transports",
    "gateway.services",
    "gateway.api",
    "gateway.wiring",
    "gateway.serve",
    "simulators",
)
MAY_SEE = {
    "messages": {"messages"},
    "crypto": {"crypto"},
    "adapters": {"adapters", "messages", "crypto"},
    "simulators": {"simulators", "messages", "crypto"},
    "gateway.core": {"gateway.core", "messages"},
    "gateway.store": {"gateway.store", "gateway.core", "messages", "crypto"},
    "gateway.transports": {"gateway.transports", "adapters", "crypto", "messages"},
}
ADAPTERS_MAY_ASK = ("crypto.contract", "crypto.signature_text", "crypto.xmldsig.algorithms")  # shapes, texts, names
IMPURE = {
    "time",
    "random",
    "os",
    "socket",
    "datetime.datetime.now",
    "secrets",
    "pathlib",
    "sqlalchemy",
    "twisted",
    "requests",
}


def room_of(name: str) -> str | None:
    fitting = [room for room in MAY_SEE if name == room or name.startswith(room + ".")]
    return max(fitting, key=len) if fitting else None


def may_see(room: str, target: str) -> bool:
    return any(target == allowed or target.startswith(allowed + ".") for allowed in MAY_SEE[room])


def test_every_room_sees_only_what_it_may(modules) -> None:
    wrong = []
    for module in modules:
        room = room_of(module.name)
        if room is None:
            continue
        ours = [target for target in module.imports() if target.split(".")[0] in PACKAGES]
        wrong += [f"{module.path} imports {target}" for target in ours if not may_see(room, target)]
    assert not wrong, "\n".join(wrong)


def test_adapters_see_only_the_contract_of_crypto(modules) -> None:
    wrong = [
        f"{m.path} imports {t}"
        for m in modules
        if m.name.startswith("adapters")
        for t in m.imports()
        if t.startswith("crypto") and not t.startswith(ADAPTERS_MAY_ASK) and t != "crypto"
    ]
    assert not wrong, "\n".join(wrong)


def test_twisted_stays_in_its_rooms(modules) -> None:
    wrong = [
        str(m.path)
        for m in modules
        if any(t.split(".")[0] in {"twisted", "klein", "treq"} for t in m.imports())
        and not m.name.startswith(TWISTED_ROOMS)
    ]
    assert not wrong, "\n".join(wrong)


def test_the_core_is_pure(modules) -> None:
    wrong = [
        f"{m.path} imports {t}"
        for m in modules
        if m.name.startswith("gateway.core")
        for t in m.imports()
        if t in IMPURE
    ]
    assert not wrong, "\n".join(wrong)


def test_no_reactor_at_module_level(modules) -> None:
    wrong = [
        str(m.path)
        for m in modules
        for node in m.tree.body
        if getattr(node, "module", None) == "twisted.internet" and any(a.name == "reactor" for a in node.names)
    ]
    assert not wrong, "\n".join(wrong)


def test_the_packages_are_ours(root: Path) -> None:
    for name in PACKAGES:
        origin = Path(str(importlib.import_module(name).__file__)).resolve()
        assert origin.is_relative_to(root), f"{name} comes from {origin}: another distribution shadows it"
