"""The annual project list (年度补贴项目清单): only what is on it may be paid, and never 社会保险待遇.

Source: seeds 001 四(一), 五(一) (annual list); 000 二(七), 002 二(八) (social insurance excluded).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from messages.layout.checking import checked
from messages.layout.positions import ConfigurationRefused, read_document

Code = Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,39}$")]


class Project(BaseModel):
    """One subsidy project (补贴项目)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Code  # 补贴项目代码
    policy_name: str = Field(min_length=1, max_length=200)  # 政策名称
    department_code: Code  # 补贴项目主管部门代码
    department_name: str = Field(min_length=1, max_length=200)
    social_insurance: bool = False  # 社会保险待遇: listed so that its refusal can say why
    sms_template: str | None = None  # config/notices


class ProjectList(BaseModel):
    """The list of one year."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    year: int = Field(ge=2000, le=2999)
    projects: tuple[Project, ...]

    @model_validator(mode="after")
    def _codes_are_unique(self) -> ProjectList:
        codes = [project.code for project in self.projects]
        twice = sorted({code for code in codes if codes.count(code) > 1})
        if twice:
            raise ValueError(f"project code listed twice: {', '.join(twice)}")
        return self

    def find(self, code: str) -> Project | None:
        """The project called ``code``, or None when it is not on this year's list."""
        return next((project for project in self.projects if project.code == code), None)


def read_projects(path: Path) -> ProjectList:
    """Read ``config/projects/<year>.yaml``; raises ConfigurationRefused naming file, line, column and key."""
    projects, problems = checked(read_document(path), ProjectList)
    if projects is None:
        raise ConfigurationRefused(problems)
    return projects
