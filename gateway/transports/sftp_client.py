"""paramiko's SFTP client made honest: status codes kept, names in any encoding, no answer left unread.

Four things in paramiko 5.1 would cost us money or files, and are why this subclass exists:

* the answers to the last hundred pipelined writes are thrown away by ``close``, so a write that failed
  in the middle leaves a hole of zeros in a file of the right size;
* answers that come out of order (SFTP allows it) are discarded unread, and then waited for for ever;
* refusals lose their code and become ``OSError``, the same type as a broken connection;
* one file name or message that is not UTF-8 (a GBK name on a Windows server) fails the whole listing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

import paramiko
from paramiko.message import Message
from paramiko.sftp import (
    CMD_CLOSE,
    CMD_DATA,
    CMD_HANDLE,
    CMD_NAME,
    CMD_OPENDIR,
    CMD_READ,
    CMD_READDIR,
    CMD_STATUS,
    CMD_WRITE,
    SFTP_EOF,
    SFTP_NO_SUCH_FILE,
    SFTP_OK,
    SFTPError,
    int64,
)

BLOCK_BYTES = 32 * 1024  # every server takes requests of this size (SFTP v3 section 3)
WINDOW_BLOCKS = 64  # 2 MB in flight, which is also the channel's window: more only queues inside paramiko


class Refused(Exception):
    """The server answered, and the answer is no. The connection is still good."""

    def __init__(self, code: int, text: str):
        super().__init__(f"the server refused (SFTP status {code}: {text[:120]!r})")
        self.code = code

    @property
    def absent(self) -> bool:
        """There is no such file."""
        return self.code == SFTP_NO_SUCH_FILE


class Client(paramiko.SFTPClient):
    """SFTP requests whose refusals raise ``Refused``; anything else that it raises is a broken connection."""

    def _convert_status(self, msg: Message) -> None:
        code = msg.get_int()
        text = msg.get_string().decode("utf-8", "replace")
        if code == SFTP_EOF:
            raise EOFError(text)
        if code != SFTP_OK:
            raise Refused(code, text)

    def ask(self, collector: object, command: int, *arguments: object) -> int:
        """Send a request whose answer goes to ``collector._async_response``; the request's number."""
        number: int = self._async_request(collector, command, *arguments)  # type: ignore[attr-defined]
        return number

    def hear(self) -> None:
        """Wait for one answer and hand it to its collector."""
        self._read_response()  # type: ignore[attr-defined]

    def status(self, kind: int, message: Message) -> None:
        """Raise Refused, or EOFError at the end of a file, unless a status answer says OK."""
        if kind != CMD_STATUS:
            raise SFTPError(f"expected a status, the server sent packet type {kind}")
        self._convert_status(message)

    def attributes(self, path: str) -> paramiko.SFTPAttributes | None:
        """The file's attributes, or None where there is no such file."""
        try:
            return self.stat(path)
        except Refused as refusal:
            if refusal.absent:
                return None
            raise

    def entries(self, path: str) -> Iterator[paramiko.SFTPAttributes]:
        """A directory's entries in the server's order; undecodable bytes in names become lone surrogates."""
        handle = self._expect(CMD_HANDLE, CMD_OPENDIR, path).get_binary()
        while True:
            try:
                page = self._expect(CMD_NAME, CMD_READDIR, handle)
            except EOFError:
                break
            for _ in range(page.get_int()):
                yield _entry(page)
        self._expect(CMD_STATUS, CMD_CLOSE, handle)

    def _expect(self, wanted: int, command: int, *arguments: object) -> Message:
        kind, message = self._request(command, *arguments)  # type: ignore[attr-defined]
        if kind != wanted:
            raise SFTPError(f"expected packet type {wanted}, the server sent {kind}")
        answer: Message = message
        return answer


def _entry(page: Message) -> paramiko.SFTPAttributes:
    name = page.get_string().decode("utf-8", "surrogateescape")
    page.get_string()  # the "ls -l" line, whose form no standard fixes
    attributes: paramiko.SFTPAttributes = paramiko.SFTPAttributes._from_msg(page, name)  # type: ignore[attr-defined]
    return attributes


class PipelinedWrites:
    """Writes to one open handle with many requests in flight; every answer is looked at."""

    def __init__(self, client: Client, handle: bytes):
        self._client = client
        self._handle = handle
        self._outstanding = 0
        self._failure: Exception | None = None
        self.written = 0

    def write(self, chunks: Iterable[bytes]) -> int:
        """Write all chunks one after the other from offset 0; the number of bytes that the server confirmed."""
        for chunk in chunks:
            view = memoryview(chunk)
            for start in range(0, len(view), BLOCK_BYTES):
                self._send(view[start : start + BLOCK_BYTES])
        while self._outstanding:
            self._hear()
        return self.written

    def _send(self, block: memoryview) -> None:
        while self._outstanding >= WINDOW_BLOCKS:
            self._hear()
        self._client.ask(self, CMD_WRITE, self._handle, int64(self.written), block)
        self._outstanding += 1
        self.written += len(block)

    def _hear(self) -> None:
        self._client.hear()
        if self._failure is not None:
            raise self._failure

    def _async_response(self, kind: int, message: Message, _number: int) -> None:
        self._outstanding -= 1
        try:
            self._client.status(kind, message)
        except (Refused, SFTPError, EOFError) as failure:
            self._failure = self._failure or failure


class PipelinedReads:
    """Reads of one open handle with many requests in flight, delivered in order."""

    def __init__(self, client: Client, handle: bytes, size: int):
        self._client = client
        self._handle = handle
        self._size = size
        self._asked: dict[int, tuple[int, int]] = {}  # request number -> offset, length
        self._arrived: dict[int, bytes] = {}  # offset -> data
        self._wanted: deque[tuple[int, int]] = deque()  # what a short answer left out, offset and length
        self._next_offset = 0
        self._failure: Exception | None = None

    def blocks(self) -> Iterator[bytes]:
        """The file's bytes from the start; raises EOFError if it is shorter than ``size``."""
        position = 0
        while position < self._size:
            self._fill_window(position)
            while position not in self._arrived:
                self._client.hear()
                if self._failure is not None:
                    raise self._failure
                self._fill_window(position)
            data = self._arrived.pop(position)
            position += len(data)
            yield data

    def _fill_window(self, position: int) -> None:
        """Keep the window full, counted from what was delivered: blocks waiting in memory count too."""
        end = min(self._size, position + WINDOW_BLOCKS * BLOCK_BYTES)
        while self._wanted:
            self._ask(*self._wanted.popleft())
        while self._next_offset < end:
            length = min(BLOCK_BYTES, self._size - self._next_offset)
            self._ask(self._next_offset, length)
            self._next_offset += length

    def _ask(self, offset: int, length: int) -> None:
        number = self._client.ask(self, CMD_READ, self._handle, int64(offset), length)
        self._asked[number] = (offset, length)

    def _async_response(self, kind: int, message: Message, number: int) -> None:
        offset, length = self._asked.pop(number)
        if kind != CMD_DATA:
            self._failure = self._failure or self._refusal(kind, message)
            return
        data: bytes = message.get_string()
        if not 0 < len(data) <= length:
            self._failure = self._failure or SFTPError(f"asked for {length} bytes, the server sent {len(data)}")
        elif len(data) < length:
            self._wanted.append((offset + len(data), length - len(data)))
        self._arrived[offset] = data

    def _refusal(self, kind: int, message: Message) -> Exception:
        try:
            self._client.status(kind, message)
        except (Refused, SFTPError, EOFError) as failure:
            return failure
        return SFTPError("the server answered a read with OK instead of data")


def file_handle(file: paramiko.SFTPFile) -> bytes:
    """The server's handle of an open file."""
    handle: bytes = file.handle  # type: ignore[assignment]
    return handle
