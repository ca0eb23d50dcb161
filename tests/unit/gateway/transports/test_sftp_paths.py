"""Whatever path a bank sends, it means the root, one of its directories, a file directly in one, or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.endpoints import SftpServerEndpoint
from gateway.transports.sftp_server_paths import NoSuchPath, Spot, canonical, spot_of
from gateway.transports.sftp_server_root import BankRoot

ROOT = BankRoot(
    Path("/nowhere"),
    SftpServerEndpoint(
        kind="sftp-server", username="village", user_keys=("x",), outgoing_directory="/out",
        acknowledgement_directory="ack/", result_directory="/result",
    ),
)  # fmt: skip
STEPS = st.sampled_from([b"..", b".", b"", b"out", b"ack", b"result", b".upload", b".taken", b"x", b"\xff", b"a\x00b"])


@pytest.mark.parametrize(
    ("path", "spot"),
    [
        (b"", Spot()),
        (b"/", Spot()),
        (b"../..", Spot()),
        (b"//out", Spot("out")),
        (b"out/DF1.txt", Spot("out", "DF1.txt")),
        (b"/out/../ack/./x", Spot("ack", "x")),
        ("/result/回单".encode(), Spot("result", "回单")),
    ],
)
def test_paths_that_mean_something(path: bytes, spot: Spot) -> None:
    assert spot_of(ROOT, path) == spot


@pytest.mark.parametrize(
    "path", [b"/etc/passwd", b"/.upload/x", b"/.taken", b"/out/a/b", b"/other", "/out/回单".encode("gbk"), b"/OUT"]
)
def test_paths_that_mean_nothing(path: bytes) -> None:
    with pytest.raises(NoSuchPath):
        spot_of(ROOT, path)


@given(st.lists(STEPS, max_size=8), st.booleans())
def test_no_path_leads_out(steps: list[bytes], absolute: bool) -> None:
    path = (b"/" if absolute else b"") + b"/".join(steps)
    assert canonical(path).startswith(b"/") and b".." not in canonical(path).split(b"/")
    try:
        spot = spot_of(ROOT, path)
    except NoSuchPath:
        return
    assert spot.place in {"", "out", "ack", "result"}
    assert "/" not in spot.name and spot.name not in {".", ".."} and (spot.place or not spot.name)
