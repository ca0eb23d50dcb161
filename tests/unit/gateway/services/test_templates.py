"""The file of SMS templates: whatever is in it, it is read or refused with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.services.templates import Templates, TemplatesInvalid
from gateway.setup import config_directory

SHIPPED = config_directory() / "notices/demo-province.yaml"


def written(directory: Path, content: bytes) -> Path:
    path = directory / "notices.yaml"
    path.write_bytes(content)
    return path


def test_what_is_shipped_is_read() -> None:
    templates = Templates.read(SHIPPED)
    assert templates["whatever"].code


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (SHIPPED.read_bytes()[:4], "not UTF-8"),  # cut within a character
        (b"[" * 3_000, "cannot be read as YAML"),
        (b"a: &a [1]\nb: *a\n", "anchors and aliases"),
        (SHIPPED.read_bytes() + b"province: again\n", "already"),
        (b"province: x\n", "is missing"),
    ],
)
def test_anything_else_is_refused_with_its_place(tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(TemplatesInvalid, match=why) as refused:
        Templates.read(written(tmp_path, content))
    assert "notices.yaml:" in str(refused.value)


def test_a_template_that_is_not_there_is_named(tmp_path: Path) -> None:
    content = SHIPPED.read_text("utf-8").replace("  default:", "  other:", 1)
    with pytest.raises(TemplatesInvalid, match="no template 'default'"):
        Templates.read(written(tmp_path, content.encode()))
