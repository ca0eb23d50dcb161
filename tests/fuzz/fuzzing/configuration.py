"""The lines of the table for what people write: profiles, layouts, code tables, calendars, lists (配置文件)."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Final

from adapters.code_table import CodeTable
from adapters.profile_reader import read_profile
from fuzzing.target import Target
from fuzzing.world import CONFIG, place
from gateway.services.calendars import read_calendars
from gateway.services.projects import read_projects
from gateway.services.templates import Templates, TemplatesInvalid
from messages.layout.positions import ConfigurationRefused
from messages.layout.reader import read_layout
from simulators.declaration import read_declaration

_LAYOUT: Final = "rural-fixed"


def configuration_targets() -> Iterator[Target]:
    """Every line about files of ``config``."""
    profiles = partial(_shipped, "banks", "*.yaml")
    refused = (ConfigurationRefused,)
    yield Target("config.profile", partial(_written, "banks/rural-fixed.yaml", read_profile), refused, profiles, True)
    layout = partial(_written, f"layouts/{_LAYOUT}.yaml", read_layout)
    yield Target("config.layout", layout, refused, partial(_shipped, "layouts", "*.yaml"), True)
    codes = partial(_shipped, "codes", "*.csv")
    yield Target("config.codes", partial(_written, "codes/fuzz.csv", CodeTable.read), refused, codes)
    calendar = partial(_written, "calendars/cn-2026.yaml", lambda path: read_calendars(path.parent))
    yield Target("config.calendar", calendar, refused, partial(_shipped, "calendars", "*.yaml"))
    listed = partial(_written, "projects/2026.yaml", read_projects)
    yield Target("config.projects", listed, refused, partial(_shipped, "projects", "*.yaml"), True)
    notices = partial(_written, "notices/fuzz.yaml", Templates.read)
    yield Target("config.notices", notices, (TemplatesInvalid,), partial(_shipped, "notices", "*.yaml"))
    declaration = partial(_written, "banks/declared.yaml", read_declaration)
    yield Target("config.declaration", declaration, refused, profiles)


def _shipped(folder: str, names: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((CONFIG / folder).glob(names))]


@cache
def _room() -> Path:
    """A copy of what is shipped, so that what a profile names is there."""
    room = place() / "config"
    for folder in ("layouts", "codes"):
        shutil.copytree(CONFIG / folder, room / folder)
    for folder in ("banks", "calendars", "projects", "notices"):
        (room / folder).mkdir()
    return room


def _written(name: str, read: Callable[[Path], object], content: bytes) -> object:
    path = _room() / name
    kept = path.read_bytes() if path.exists() and path.parent.name == "layouts" else None
    path.write_bytes(content)
    try:
        return read(path)
    finally:
        if kept is not None:
            path.write_bytes(kept)
