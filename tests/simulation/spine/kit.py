"""What every seed shares: keys, configuration, seals and an empty database, made once a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from adapters.code_table import CodeTable
from adapters.envelopes.registry import ENVELOPES
from adapters.profile import BankProfile
from adapters.profile_reader import read_all
from adapters.registry import DIALECTS
from crypto.keystore import Keystore
from gateway.services.context import Bank
from gateway.services.projects import ProjectList, read_projects
from gateway.services.templates import Templates
from gateway.setup import config_directory
from gateway.store.database import Store
from simulators.bank_contract import Seal
from simulators.bank_parts import seal_of
from simulators.declaration import BankData, read_bank
from simulators.keys import PASSPHRASE, create_demo_keys

CONFIG = config_directory()


@dataclass(frozen=True, slots=True)
class Kit:
    """Made once, changed by nobody."""

    keys: Keystore
    profiles: dict[str, BankProfile]
    tables: dict[str, CodeTable]
    simulated: dict[str, BankData]
    seals: dict[str, Seal]
    templates: Templates
    projects: dict[int, ProjectList]
    empty_database: Path

    @classmethod
    def make(cls, directory: Path) -> Kit:
        """Everything below ``directory``."""
        path = create_demo_keys(directory / "keys")
        words = (directory / "keys" / PASSPHRASE).read_text("ascii")
        profiles = read_all(CONFIG / "banks")
        simulated = {name: read_bank(CONFIG, name) for name in profiles}
        listed = [read_projects(file) for file in (CONFIG / "projects").glob("*.yaml")]
        return cls(
            keys=Keystore.open(path, words),
            profiles=profiles,
            tables={name: CodeTable.read(CONFIG / f"codes/{p.code_table}.csv") for name, p in profiles.items()},
            simulated=simulated,
            seals={name: seal_of(data, directory / "keys" / name) for name, data in simulated.items()},
            templates=Templates.read(CONFIG / "notices/demo-province.yaml"),
            projects={project_list.year: project_list for project_list in listed},
            empty_database=_empty_database(directory / "empty.sqlite"),
        )

    def bank(self, name: str, rows_per_file: int, inquiry: Mapping[str, float | bool]) -> Bank:
        """A bank with small files and its own patience."""
        profile = self.profiles[name]
        limits = profile.limits.model_copy(update={"rows_per_file": rows_per_file, "result_bytes": 200_000})
        changed = {"limits": limits, "inquiry": profile.inquiry.model_copy(update=inquiry)}
        envelope = ENVELOPES.get(profile.security.envelope)
        return Bank(profile.model_copy(update=changed), DIALECTS[profile.dialect], self.tables[name], envelope)


def _empty_database(path: Path) -> Path:
    store = Store(f"sqlite:///{path}")
    store.migrate()
    store.dispose()
    return path
