"""The table of everything that reads octets of others (模糊测试目标表): by name, one line each, nothing is discovered.

The parts differ by who wrote the octets; each names the call, what it may raise, and its first inputs.
"""

from __future__ import annotations

from itertools import chain
from typing import Final

from fuzzing.banks import bank_targets
from fuzzing.configuration import configuration_targets
from fuzzing.documents import document_targets
from fuzzing.intake import intake_targets
from fuzzing.keyed import secret_targets
from fuzzing.standards import standard_targets
from fuzzing.target import Target
from fuzzing.tools import tool_targets

TARGETS: Final[dict[str, Target]] = {
    target.name: target
    for target in chain(
        bank_targets(),  # per shipped profile: dialect, envelope, the simulated bank's codec and seal
        standard_targets(),  # ISO 20022, CNAPS2, vouchers, bounded XML, frames
        intake_targets(),  # items, header, submission, signed requests
        configuration_targets(),  # profiles, layouts, code tables, calendars, lists
        secret_targets(),  # signatures, sealed blocks, key files
        document_targets(),  # CMS, XML signatures
        tool_targets(),  # what the engineer's tools show
    )
}
