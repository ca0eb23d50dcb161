"""Checksums over the octets of all details, record ends included (校验值): hexadecimal capitals."""

from __future__ import annotations

import hashlib
import zlib
from typing import Final

from messages.layout.kinds import ChecksumForm

HEX_DIGITS: Final = {ChecksumForm.CRC32: 8, ChecksumForm.SHA256: 64, ChecksumForm.SM3: 64}


def available(form: ChecksumForm) -> bool:
    """Whether this Python's OpenSSL can make it: SM3 (GB/T 32905) is left out of some builds."""
    return form is ChecksumForm.CRC32 or form.value in hashlib.algorithms_available


class Checksum:
    """One running checksum."""

    def __init__(self, form: ChecksumForm):
        self._crc = 0
        self._digest = None if form is ChecksumForm.CRC32 else hashlib.new(form.value)

    def update(self, octets: bytes) -> None:
        """More details."""
        if self._digest is None:
            self._crc = zlib.crc32(octets, self._crc)
        else:
            self._digest.update(octets)

    def text(self) -> str:
        """As it is written in the trailer."""
        return f"{self._crc:08X}" if self._digest is None else self._digest.hexdigest().upper()
