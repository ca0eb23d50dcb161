"""Connections that are kept open between requests (长连接)."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.web.client import Agent, HTTPConnectionPool

from gateway.transports.http_tls import Endpoints

CONNECTIONS_PER_HOST = 8
IDLE_SECONDS = 10  # shorter than servers usually keep one, so that we do not write into a closing one


class Connections:
    """An agent over a pool. A request with a body is never repeated by it; one without may be, once."""

    def __init__(self, reactor: Any, endpoints: Endpoints):
        self._pool: Any = HTTPConnectionPool(reactor)  # type: ignore[no-untyped-call]
        self._pool.maxPersistentPerHost = CONNECTIONS_PER_HOST
        self._pool.cachedConnectionTimeout = IDLE_SECONDS
        self.agent: Any = Agent.usingEndpointFactory(reactor, endpoints, self._pool)  # type: ignore[no-untyped-call]

    def close(self) -> Deferred[None]:
        """Close the connections that are kept for reuse."""
        closed: Deferred[None] = self._pool.closeCachedConnections()
        return closed
