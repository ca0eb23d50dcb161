"""Reading a script from YAML: every scalar as text, no key twice, every mistake named by its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from simulators.script import Script


class ScriptRefused(ValueError):
    """A script that cannot be played; says where and what is wrong."""


class _StrictLoader(yaml.BaseLoader):
    """Every scalar as text (``0004`` stays ``0004``), and no key twice."""


def _mapping_without_duplicates(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in keys:
            line = key_node.start_mark.line + 1
            raise ScriptRefused(f"line {line}: key {key!r} stands twice")
        keys.add(key)
    return dict(loader.construct_mapping(node, deep=True))


_StrictLoader.add_constructor("tag:yaml.org,2002:map", _mapping_without_duplicates)


def read_script(text: str) -> Script:
    """A script from YAML (or JSON, which is YAML); raises ScriptRefused."""
    try:
        tree = yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - a BaseLoader: builds text, lists and maps only
    except yaml.YAMLError as error:
        raise ScriptRefused(f"the script is not YAML: {error}") from error
    try:
        return Script.model_validate({} if tree in (None, "") else tree)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ScriptRefused(f"the script cannot be played: {problems}") from None


def load_script(path: Path | None, seed: int | None = None) -> Script:
    """The script in a file, or the one where everything is paid; ``seed`` overrides the file's."""
    script = Script() if path is None else read_script(path.read_text("utf-8"))
    return script if seed is None else script.model_copy(update={"seed": seed})
