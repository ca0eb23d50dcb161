"""pika's AMQP 0-9-1 (消息队列协议) on a Twisted connection.

pika brings an adapter of its own, which does not serve here: importing it installs a reactor; it loses the broker's
reason for hanging up, so that a refused login looks like a broken line; and its confirms go wrong when several
messages are returned at once. What remains to be written is where bytes, timers and the end of a connection go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pika.connection import Connection, ConnectionParameters

GREATEST_FRAME = 128 * 1024 + 8  # negotiated in Tune; a longer one is no AMQP


class BrokerConnection(Connection):
    """The protocol's state; ``transport`` is set by whoever has the connection."""

    def __init__(
        self,
        clock: Any,
        parameters: ConnectionParameters,
        opened: Callable[[Connection], None],
        over: Callable[[Connection, BaseException], None],
    ):
        self._clock = clock
        self.transport: Any = None
        super().__init__(parameters, opened, over, over, internal_connection_workflow=False)

    def begin(self, transport: Any) -> None:
        """Speak first, as AMQP wants."""
        self.transport = transport
        self._on_stream_connected()

    def take(self, data: bytes) -> None:
        """Bytes of the broker; raises what pika makes of nonsense."""
        self._on_data_available(data)
        if len(self._frame_buffer) > GREATEST_FRAME:
            raise ValueError("the broker announces a frame above what was agreed")

    def lost(self, error: Exception) -> None:
        """The connection is over; the broker's own reason, if it gave one, is worth more than ``error``."""
        self.transport = None
        self._on_stream_terminated(None if self._error is not None else error)

    def _adapter_call_later(self, delay: float, callback: Callable[[], None]) -> Any:
        return self._clock.callLater(delay, callback)

    def _adapter_remove_timeout(self, timeout_id: Any) -> None:
        if timeout_id.active():
            timeout_id.cancel()

    def _adapter_add_callback_threadsafe(self, callback: Callable[[], None]) -> None:
        self._clock.callFromThread(callback)

    def _adapter_connect_stream(self) -> None:
        raise RuntimeError("connections are made by an endpoint")

    def _adapter_disconnect_stream(self) -> None:
        if self.transport is not None:
            self.transport.abortConnection()

    def _adapter_emit_data(self, data: bytes) -> None:
        if self.transport is not None:
            self.transport.write(data)
