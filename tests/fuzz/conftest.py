"""The table; the modules beside this file are found as themselves, as they are when the fuzzer runs."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
