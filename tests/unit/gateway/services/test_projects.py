"""The annual list of projects is read strictly: every scalar as text, every mistake named."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.services.projects import read_projects
from messages.layout.positions import ConfigurationRefused

GOOD = """
year: 2026
projects:
  - code: "0102"
    policy_name: 耕地地力保护补贴
    department_code: 126001
    department_name: 农业农村局
    sms_template: farmland
  - code: YLJ
    policy_name: 养老保险待遇
    department_code: 126002
    department_name: 人社局
    social_insurance: true
"""


def test_a_list_is_read(tmp_path: Path) -> None:
    """Codes keep their zeros; flags and years are typed."""
    path = tmp_path / "2026.yaml"
    path.write_text(GOOD.replace('"0102"', "0102"), encoding="utf-8")
    listed = read_projects(path)
    farmland, insurance = listed.find("0102"), listed.find("YLJ")
    assert farmland is not None
    assert insurance is not None
    assert (listed.year, farmland.sms_template, insurance.social_insurance) == (2026, "farmland", True)
    assert listed.find("102") is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("sms_template", "sms_templat"),
        ("code: YLJ", 'code: "0102"'),
        ("year: 2026", "year: soon"),
        ("social_insurance: true", "social_insurance: perhaps"),
        ("projects:", "projects: ["),
        ("year: 2026", "year: 2026\nyear: 2027"),
    ],
)
def test_a_mistake_is_named_with_its_file(tmp_path: Path, old: str, new: str) -> None:
    """Unknown keys, repeated codes and keys, wrong types, broken YAML."""
    path = tmp_path / "2026.yaml"
    path.write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigurationRefused, match=r"2026\.yaml:\d+:\d+: "):
        read_projects(path)
