"""The documentation page (接口文档页): one page of HTML, made from the operations, Chinese and English.

No script, nothing from elsewhere: it is readable on a machine without internet and under a strict policy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from gateway.api.openapi import problem_codes
from gateway.api.operation import Operation
from gateway.api.problems import KINDS
from gateway.api.submission import ITEM_JSON_SCHEMA


def style() -> bytes:
    """The page's style sheet."""
    return files("gateway.api").joinpath("docs_page.css").read_bytes()


def page(operations: Sequence[Operation], document: Mapping[str, Any]) -> bytes:
    """The page; ``document`` is the OpenAPI document of the same operations."""
    source = files("gateway.api").joinpath("docs_page.html").read_text(encoding="utf-8")
    template = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(source)
    html = template.render(
        version=document["info"]["version"],
        operations=[_shown(operation, document) for operation in operations],
        shapes=_shapes({**document["components"]["schemas"], "Item": ITEM_JSON_SCHEMA}),
        kinds=KINDS,
    )
    return html.encode()


def _shown(operation: Operation, document: Mapping[str, Any]) -> dict[str, Any]:
    names = ("name", "method", "path", "zh", "en", "access", "detail_zh", "detail_en", "body", "answers")
    return {
        **{name: getattr(operation, name) for name in names},
        "parameters": document["paths"][operation.path][operation.method.lower()]["parameters"],
        "problem_codes": problem_codes(operation),
    }


def _shapes(schemas: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"name": name, "description": schema.get("description", ""), "fields": _fields(schema)}
        for name, schema in sorted(schemas.items())
    ]


def _fields(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    required = schema.get("required", [])
    found = []
    for name, part in schema.get("properties", {}).items():
        shown, link = _type(part)
        found.append(
            {
                "name": name,
                "type": shown,
                "link": link,
                "required": name in required,
                "description": part.get("description", ""),
            }
        )
    return found


def _type(part: Mapping[str, Any]) -> tuple[str, str | None]:
    """How a field's type reads, and the shape that it links to."""
    if "$ref" in part:
        name = part["$ref"].rsplit("/", 1)[1]
        return name, name
    if "anyOf" in part:
        shown = [_type(one) for one in part["anyOf"]]
        return " | ".join(text for text, _ in shown), next((link for _, link in shown if link), None)
    if part.get("type") == "array":
        shown_item, link = _type(part.get("items", {}))
        return f"[{shown_item}]", link
    if part.get("title") == "Item":
        return "Item", "Item"
    if "enum" in part or "const" in part:
        return " | ".join(str(value) for value in part.get("enum", [part.get("const")])), None
    kinds = part.get("type", "any")
    text = " | ".join(kinds) if isinstance(kinds, list) else str(kinds)
    return (f"{text} ({part['format']})" if "format" in part else text), None
