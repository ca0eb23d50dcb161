"""Reading the province's SMS templates (省级短信模板) from ``config/notices/<province>.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from gateway.core.notices import Template
from messages.layout.checking import checked
from messages.layout.positions import ConfigurationRefused, read_document


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str = Field(min_length=1, max_length=64)
    text: str = Field(min_length=10, max_length=500)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    province: str
    sign: str = Field(min_length=2, max_length=20)
    templates: dict[str, _Entry]
    projects: dict[str, str]  # project code -> template name; "default" for all others


class TemplatesInvalid(Exception):
    """The template file cannot be used; says which file and why."""


class Templates(Mapping[str, Template]):
    """The template of each project code."""

    PLACES = ("{policy}", "{amount}", "{date}", "{tail}")

    def __init__(self, by_project: dict[str, Template], default: Template):
        self._by_project, self._default = by_project, default

    @classmethod
    def read(cls, path: Path) -> Templates:
        """Raises TemplatesInvalid naming the file and the key."""
        try:
            file = _read(path)
            made = {name: Template(entry.code, file.sign, entry.text) for name, entry in file.templates.items()}
            for name, entry in file.templates.items():
                if missing := [place for place in ("{policy}", "{amount}") if place not in entry.text]:
                    raise TemplatesInvalid(f"{path}: templates.{name}.text lacks {missing[0]} (seed 002 二(三))")
            return cls({code: made[name] for code, name in file.projects.items()}, made["default"])
        except KeyError as error:
            raise TemplatesInvalid(f"{path}: there is no template {error}") from error

    def __getitem__(self, project_code: str) -> Template:
        return self._by_project.get(project_code, self._default)

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self._by_project)

    def __len__(self) -> int:
        return len(self._by_project)


def _read(path: Path) -> _File:
    try:
        file, problems = checked(read_document(path), _File)
    except ConfigurationRefused as refused:
        raise TemplatesInvalid(str(refused)) from None
    if file is None:
        raise TemplatesInvalid(str(ConfigurationRefused(problems)))
    return file
