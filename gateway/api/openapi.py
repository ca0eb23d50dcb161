"""The OpenAPI 3.1 document (接口规范), made from the same operations that are served."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from gateway.api.operation import Access, Answer, Operation, Parameter
from gateway.api.problems import KINDS, MEDIA_TYPE, ProblemDocument

PATH_PARAMETERS: Final[dict[str, Parameter]] = {
    "batch_no": Parameter("batch_no", "批次号", "the client's own batch number", {"type": "string"}, required=True),
    "item_id": Parameter("item_id", "明细编号", "the client's own item id", {"type": "string"}, required=True),
    "alias": Parameter("alias", "密钥别名", "the key's alias", {"type": "string"}, required=True),
    "key_id": Parameter("key_id", "密钥编号", "the key's id, in full", {"type": "string"}, required=True),
    "change_id": Parameter("change_id", "变更编号", "the change's number", {"type": "integer"}, required=True),
}
_EVERYWHERE: Final = ("NOT_AUTHENTICATED", "SIGNATURE_REPLAYED", "STORE_UNAVAILABLE", "INTERNAL")
_REF: Final = "#/components/schemas/{model}"


def document(operations: Sequence[Operation], version: str) -> dict[str, Any]:
    """The whole document as JSON-ready data."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "惠民惠农补贴资金银行与国库集成网关 · Benefit payment gateway",
            "version": version,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {"schemas": _schemas(operations), "securitySchemes": _security_schemes()},
    }


def problem_codes(operation: Operation) -> list[str]:
    """Every problem code that the operation can answer with."""
    if operation.access is Access.PUBLIC:
        return list(operation.problems)
    return [*_EVERYWHERE, "NOT_ALLOWED", *operation.problems]


def path_parameters(operation: Operation) -> list[Parameter]:
    """The parameters in the operation's path."""
    return [PATH_PARAMETERS[name] for name in re.findall(r"{(\w+)}", operation.path)]


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": f"{operation.zh} · {operation.en}",
        "description": f"{operation.detail_zh}\n\n{operation.detail_en}".strip(),
        "parameters": _parameters(operation),
        "responses": {**_problems(operation), **{str(a.status): _answer(a) for a in operation.answers}},
        "security": [] if operation.access is Access.PUBLIC else [{"clientCertificate": []}, {"messageSignature": []}],
    }
    if operation.body is not None:
        described["requestBody"] = {
            "required": True,
            "content": {
                media: {"schema": _body_schema(operation.body.shape, media)} for media in operation.body.media_types
            },
        }
    return described


def _body_schema(shape: type[BaseModel] | None, media_type: str) -> dict[str, Any]:
    if media_type == "application/json":
        return _reference(shape) if shape is not None else {"type": "object"}
    about = f" Each line: {_reference(shape)['$ref']}." if shape is not None else ""
    return {"type": "string", "description": f"A stream, read as it arrives.{about}"}


def _answer(answer: Answer) -> dict[str, Any]:
    described: dict[str, Any] = {"description": f"{answer.zh} · {answer.en}"}
    described["content"] = {answer.media_type: {"schema": _body_schema(answer.shape, answer.media_type)}}
    return described


def _problems(operation: Operation) -> dict[str, Any]:
    by_status: dict[int, list[str]] = {}
    for code in problem_codes(operation):
        by_status.setdefault(KINDS[code].status, []).append(code)
    return {
        str(status): {
            "description": "; ".join(f"{code}: {KINDS[code].zh} · {KINDS[code].en}" for code in codes),
            "content": {MEDIA_TYPE: {"schema": _reference(ProblemDocument)}},
        }
        for status, codes in by_status.items()
    }


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    placed = [(p, "path") for p in path_parameters(operation)] + [(p, "header") for p in operation.headers]
    listed = [
        {
            "name": parameter.name,
            "in": where,
            "required": parameter.required,
            "description": f"{parameter.zh} · {parameter.en}",
            "schema": dict(parameter.schema),
        }
        for parameter, where in placed
    ]
    return listed + _query_parameters(operation)


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    if operation.query is None:
        return []
    schema = operation.query.model_json_schema()
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": part.pop("description", ""),
            "schema": part,
        }
        for name, part in schema.get("properties", {}).items()
    ]


def _schemas(operations: Sequence[Operation]) -> dict[str, Any]:
    taken = {o.body.shape for o in operations if o.body is not None and o.body.shape is not None}
    given = {a.shape for o in operations for a in o.answers if a.shape is not None} | {ProblemDocument}
    wanted = [(model, "validation") for model in taken] + [(model, "serialization") for model in given]
    wanted.sort(key=lambda pair: (pair[0].__name__, pair[1]))
    _, schema = models_json_schema(wanted, ref_template=_REF)  # type: ignore[arg-type]
    return dict(sorted(schema["$defs"].items()))


def _reference(shape: type[BaseModel]) -> dict[str, Any]:
    return {"$ref": _REF.format(model=shape.__name__)}


def _security_schemes() -> dict[str, Any]:
    return {
        "clientCertificate": {"type": "mutualTLS", "description": "客户端证书 · registered client certificate"},
        "messageSignature": {
            "type": "apiKey",
            "in": "header",
            "name": "Signature",
            "description": "RFC 9421 报文签名 (Ed25519) · HTTP message signature over @method, @target-uri, created, "
            "nonce and, with a body, content-digest and content-type; fields Signature and Signature-Input",
        },
    }
