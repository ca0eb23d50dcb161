"""How messages are told apart on a TCP line (长度前缀报文): a decimal length in characters before each body.

========================  =====================================================  ================  ===========
name                      head                                                   largest body      heartbeat
========================  =====================================================  ================  ===========
``length-8``              8 digits: octets of the body (村镇、农商银行)              99,999,999        ``00000000``
``length-5``              5 digits: octets of the body                           99,999            ``00000``
``length-6-inclusive``    6 digits: octets of the body and of these 6 (浦发)       999,993           ``000006``
``flag-length-6``         ``0`` (not encrypted, 加密标志), then the octets of      999,999           ``00     ``
                          the body in 6 characters, blanks on the right (农行)
========================  =====================================================  ================  ===========
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from messages.framing.decoder import Decoder
from messages.framing.errors import FrameRefused


@dataclass(frozen=True, slots=True)
class Framing:
    """One way to write a frame's head; all of them count octets, never characters."""

    name: str
    digits: int
    flag: bytes = b""  # the octet before the length; only this one is taken
    counts_itself: bool = False
    blanks_right: bool = False

    @property
    def head_bytes(self) -> int:
        """Octets before the body."""
        return len(self.flag) + self.digits

    @property
    def largest_body(self) -> int:
        """Octets of the longest body that the head can tell."""
        return int(10**self.digits - 1 - self._own)

    @property
    def heartbeat(self) -> bytes:
        """The frame without a body; whoever accepted the connection answers it in kind."""
        return self.head(0)

    @property
    def _own(self) -> int:
        return self.head_bytes if self.counts_itself else 0

    def head(self, body_bytes: int) -> bytes:
        """The head of a body of this many octets; raises FrameRefused above ``largest_body``."""
        if not 0 <= body_bytes <= self.largest_body:
            raise FrameRefused(
                f"a body of {body_bytes} octets does not fit into a {self.name} frame (at most {self.largest_body}); "
                "send fewer rows in a message"
            )
        told = str(body_bytes + self._own)
        return self.flag + (told.ljust(self.digits) if self.blanks_right else told.zfill(self.digits)).encode("ascii")

    def encode(self, body: bytes) -> bytes:
        """The whole frame; raises FrameRefused for a body that does not fit."""
        return self.head(len(body)) + body

    def decoder(self, limit: int) -> Decoder:
        """Takes frames of bodies up to ``limit`` octets from a line."""
        return Decoder(self, limit)

    def check_start(self, start: bytes) -> None:
        """Refuse a head as soon as its first octets are wrong, however few of them are there."""
        flag, length = start[: len(self.flag)], start[len(self.flag) :]
        if flag and flag != self.flag:
            raise FrameRefused(
                f"a {self.name} frame must begin with the flag {self.flag!r} (not encrypted), not {flag!r}; "
                "check the framing in the bank's profile"
            )
        number = length.rstrip(b" ") if self.blanks_right else length
        if length and not number.isdigit():
            raise FrameRefused(
                f"the length of a {self.name} frame must be decimal digits, not {length!r}; "
                "check the framing in the bank's profile"
            )

    def body_bytes(self, head: bytes) -> int:
        """What a whole head says; raises FrameRefused."""
        self.check_start(head)
        told = int(head[len(self.flag) :])
        if told < self._own:
            raise FrameRefused(f"the length of a {self.name} frame counts itself: {told} is below {self._own}")
        return told - self._own


_ALL: Final = (
    Framing("length-8", 8),
    Framing("length-5", 5),
    Framing("length-6-inclusive", 6, counts_itself=True),
    Framing("flag-length-6", 6, flag=b"0", blanks_right=True),
)
FRAMINGS: Final = {framing.name: framing for framing in _ALL}


def framer(name: str) -> Framing:
    """The framing called ``name`` in a bank's profile; raises ValueError."""
    try:
        return FRAMINGS[name]
    except KeyError:
        raise ValueError(f"no framing is called {name!r}; there are {', '.join(FRAMINGS)}") from None
