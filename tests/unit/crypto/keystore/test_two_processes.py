"""Writers in processes of their own: every change arrives, none is lost, none is half."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from crypto.generate import generate_key
from crypto.keystore import Keystore

ROOT = Path(__file__).parents[4]
WRITER = """
import sys
from pathlib import Path
from crypto.generate import generate_key
from crypto.keystore import Keystore
store = Keystore.open(Path(sys.argv[1]), sys.argv[2])
for number in range(6):
    with store.changing() as draft:
        draft.add(f"{sys.argv[3]}-{number}", "field", generate_key("hmac"))
"""


def test_two_writers_and_a_reader(keystore: Keystore, passphrase: str) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(keystore.path), passphrase, name], cwd=ROOT)
        for name in ("one", "two")
    ]
    seen = {0}
    while any(writer.poll() is None for writer in writers):
        keystore.reload()
        seen.add(len(keystore.entries()))
    assert [writer.returncode for writer in writers] == [0, 0]
    with keystore.changing() as draft:
        draft.add("mine", "field", generate_key("hmac"))
    assert {entry.alias for entry in keystore.entries()} == {f"{w}-{n}" for w in ("one", "two") for n in range(6)} | {
        "mine"
    }
    assert keystore.revision == 14
    assert max(seen) <= 12
    assert [path.name for path in keystore.path.parent.iterdir()] == ["keys.json"]
