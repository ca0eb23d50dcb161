"""The platform's side of a certification (认证平台端): batches go in and answers come out by the gateway's own API."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import orjson

from gateway.certify.batch import CaseBatch
from simulators.platform_client import ApiAnswer, ApiRefused, PlatformClient

__all__ = ["ApiRefused", "Caller"]


class Caller(PlatformClient):
    """A client of the gateway that submits cases; raises ApiRefused for every answer that is an error."""

    def submit_case(self, batch: CaseBatch) -> None:
        """Open and fill, as often as the case wants."""
        for _ in range(batch.case.submissions):
            _read(f"opening {batch.batch_no}", self.open(batch.header))
            filled = self.put_items(batch.batch_no, batch.content(), "application/x-ndjson")
            _read(f"filling {batch.batch_no}", filled)

    def status(self, batch_no: str) -> dict[str, Any]:
        """Where the batch stands (gateway.services.answer_shapes.BatchStatus)."""
        found: dict[str, Any] = orjson.loads(_read(f"status of {batch_no}", self.batch(batch_no)))
        return found

    def items(self, batch_no: str) -> dict[str, dict[str, Any]]:
        """Every accepted item's result by item id (ItemResult)."""
        return {line["item_id"]: line for line in _lines(f"results of {batch_no}", self.results(batch_no))}

    def rejected(self, batch_no: str) -> dict[str, str]:
        """Why each rejected item was rejected: item id to the first finding's code."""
        path = f"/v1/batches/{quote(batch_no, safe='')}/rejections"
        found: dict[str, str] = {}
        for line in _lines(f"rejections of {batch_no}", self._call("GET", path)):
            if line["severity"] == "REJECT":
                found.setdefault(line["item_id"], line["code"])
        return found


def _read(what: str, answer: ApiAnswer) -> bytes:
    if answer.status >= 300:
        raise ApiRefused(what, answer)
    return answer.body


def _lines(what: str, answer: ApiAnswer) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in _read(what, answer).splitlines() if line]
