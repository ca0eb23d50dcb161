"""What must hold between the parts of one bank profile (接入档案核对), beyond what its types say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import permutations
from typing import Final, NamedTuple

from adapters.endpoints import HttpsEndpoint, SftpEndpoint
from adapters.file_names import INWARD, pattern
from adapters.profile import BankProfile, FileNames
from messages.checks.bank_code import is_bank_code
from messages.layout.positions import Key
from messages.layout.vocabulary import MessageName

_HOST_KEY: Final = re.compile(
    r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) AAAA[A-Za-z0-9+/]{20,}={0,2}( \S+)?", re.ASCII
)
_PLACEHOLDER: Final = re.compile(r"\{[^{}]*\}")
_SAFE_NAME: Final = re.compile(r"[0-9A-Za-z._-]+", re.ASCII)
_SAMPLE: Final = {"{message_id}": "0123456789ABF0001", "{part}": "001"}


class Wrong(NamedTuple):
    """One thing that does not hold: at which key, what, and what to do."""

    key: Key
    what: str
    remedy: str


def wrongs(profile: BankProfile, stem: str) -> Iterator[Wrong]:
    """Everything that does not hold in ``profile``, read from a file called ``stem``.yaml."""
    if profile.bank != stem:
        yield Wrong(("bank",), "is not the file's own name", f"write {stem} or rename the file")
    for index, code in enumerate(profile.bank_codes):
        if not is_bank_code(code):
            yield Wrong(("bank_codes", index), "has a wrong check digit", "compare it with the bank's 行号")
    if len(set(profile.serves.bank_codes)) != len(profile.serves.bank_codes):
        yield Wrong(("serves", "bank_codes"), "names a prefix twice", "keep one")
    yield from _dialect_wrongs(profile)
    if isinstance(profile.transport, SftpEndpoint):
        yield from _sftp_wrongs(profile, profile.transport)
    else:
        yield from _https_wrongs(profile, profile.transport)


def _dialect_wrongs(profile: BankProfile) -> Iterator[Wrong]:
    if (profile.dialect == "fixed-width") != (profile.layout is not None):
        remedy = "name the layout" if profile.layout is None else "remove it"
        yield Wrong(("layout",), f"does not go with dialect {profile.dialect}", remedy)
    if profile.dialect == "iso20022" and profile.encoding != "utf-8":
        yield Wrong(("encoding",), "ISO 20022 messages are UTF-8", "write utf-8")


def _https_wrongs(profile: BankProfile, endpoint: HttpsEndpoint) -> Iterator[Wrong]:
    if profile.file_names is not None:
        yield Wrong(("file_names",), "an HTTPS bank has no files", "remove it")
    if endpoint.inquiry_path.count("{message_id}") != 1 or len(_PLACEHOLDER.findall(endpoint.inquiry_path)) != 1:
        key: Key = ("transport", "inquiry_path")
        yield Wrong(
            key, "must contain {message_id} once and no other placeholder", "for example /payments/{message_id}"
        )
    for name in ("submit_path", "inquiry_path"):
        if not getattr(endpoint, name).startswith("/"):
            yield Wrong(("transport", name), "does not begin with /", "write the path as it follows base_url")
    if _PLACEHOLDER.search(endpoint.submit_path):
        yield Wrong(("transport", "submit_path"), "takes no placeholder", "remove it")


def _sftp_wrongs(profile: BankProfile, endpoint: SftpEndpoint) -> Iterator[Wrong]:
    for index, key in enumerate(endpoint.host_keys):
        if not _HOST_KEY.fullmatch(key):
            yield Wrong(("transport", "host_keys", index), "is not an OpenSSH public key", "write: ssh-ed25519 AAAA...")
    if profile.file_names is None:
        yield Wrong(("file_names",), "is missing for a file transport", "add the four name patterns")
        return
    for name in MessageName:
        yield from _name_wrongs(profile.file_names, name)
    yield from _ambiguities(profile.file_names)


def _name_wrongs(names: FileNames, message: MessageName) -> Iterator[Wrong]:
    template = getattr(names, message.value)
    key: Key = ("file_names", message.value)
    allowed = {"{message_id}", "{part}"} if message in (MessageName.RESULT, MessageName.RETURNED) else {"{message_id}"}
    found = _PLACEHOLDER.findall(template)
    if found.count("{message_id}") != 1 or len(set(found)) != len(found):
        yield Wrong(key, "must contain {message_id}, and each placeholder once", "for example X{message_id}.txt")
    if set(found) - allowed:
        yield Wrong(key, f"has a placeholder other than {' '.join(sorted(allowed))}", "remove it")
    if not _SAFE_NAME.fullmatch(_PLACEHOLDER.sub("", template)):
        yield Wrong(key, "has something other than letters, digits, '.', '_' and '-'", "correct it")


def _ambiguities(names: FileNames) -> Iterator[Wrong]:
    """A sample of each inward name must not be read as another message."""
    for message, other in permutations(INWARD, 2):
        sample = getattr(names, message.value)
        for placeholder, text in _SAMPLE.items():
            sample = sample.replace(placeholder, text)
        if pattern(getattr(names, other.value)).fullmatch(sample):
            key: Key = ("file_names", message.value)
            yield Wrong(key, f"cannot be told from {other.value}", "give each message its own beginning")
