"""What anybody may read (公开接口): a sign of life, the specification, and the page that explains it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.api.operation import Access, Answer, Call, Handler, Operation, Reply
from gateway.api.threads import Threads
from gateway.services.answer_shapes import Health

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Public:
    """The operations without authentication; none of them holds data of anybody."""

    threads: Threads
    ping: Callable[[], None]
    specification: Callable[[], bytes]
    page: Callable[[], bytes]
    style: bytes

    async def health(self, call: Call) -> Reply:  # noqa: ARG002 - every handler is given its call
        """GET /healthz: 200 when the store answers, 503 when it does not."""
        await self.threads.run(self.ping)
        return Reply(200, Health(status="ok"))

    async def openapi(self, call: Call) -> Reply:  # noqa: ARG002
        """GET /openapi.json."""
        return Reply(200, self.specification())

    async def docs(self, call: Call) -> Reply:  # noqa: ARG002
        """GET /docs."""
        return Reply(200, self.page(), "text/html; charset=utf-8", {"Content-Security-Policy": PAGE_POLICY})

    async def stylesheet(self, call: Call) -> Reply:  # noqa: ARG002
        """GET /docs.css."""
        return Reply(200, self.style, "text/css; charset=utf-8", {"Cache-Control": "max-age=3600"})

    def operations(self) -> list[Operation]:
        """Their descriptions."""
        return [
            _public(
                "getHealth",
                "/healthz",
                "存活检查",
                "Sign of life",
                self.health,
                "application/json",
                ("STORE_UNAVAILABLE",),
            ),
            _public("getOpenapi", "/openapi.json", "接口规范", "This specification", self.openapi, "application/json"),
            _public("getDocs", "/docs", "接口文档", "This documentation", self.docs, "text/html"),
            _public("getDocsStyle", "/docs.css", "文档样式", "Style of the documentation", self.stylesheet, "text/css"),
        ]


def _public(
    name: str, path: str, zh: str, en: str, handler: Handler, media_type: str, problems: tuple[str, ...] = ()
) -> Operation:
    shape = Health if name == "getHealth" else None
    return Operation(
        name=name,
        method="GET",
        path=path,
        zh=zh,
        en=en,
        handler=handler,
        answers=(Answer(200, zh, en, shape, media_type),),
        problems=problems,
        access=Access.PUBLIC,
    )
