"""What must hold for a bank's endpoint (接入端点核对): keys, paths, names and TLS, by kind of transport."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from adapters.endpoints import AmqpEndpoint, HttpsEndpoint, SftpEndpoint, SftpServerEndpoint, TcpEndpoint
from adapters.profile import BankProfile
from adapters.wrong import Wrong
from messages.layout.positions import Key

_PUBLIC_KEY: Final = re.compile(
    r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) AAAA[A-Za-z0-9+/]{20,}={0,2}( \S+)?", re.ASCII
)
_PLACEHOLDER: Final = re.compile(r"\{[^{}]*\}")
_DIRECTORIES: Final = ("outgoing_directory", "acknowledgement_directory", "result_directory")


def endpoint_wrongs(profile: BankProfile) -> Iterator[Wrong]:
    """Everything that does not hold in the transport of ``profile``, or between it and the rest."""
    endpoint = profile.transport
    if isinstance(endpoint, SftpEndpoint):
        yield from _public_keys("host_keys", endpoint.host_keys)
    elif isinstance(endpoint, SftpServerEndpoint):
        yield from _public_keys("user_keys", endpoint.user_keys)
        yield from _own_directories(endpoint)
    elif isinstance(endpoint, HttpsEndpoint):
        yield from _https_wrongs(endpoint)
    else:
        yield from _line_wrongs(endpoint)
    yield from _names_and_asking(profile)


def _public_keys(name: str, keys: tuple[str, ...]) -> Iterator[Wrong]:
    for index, key in enumerate(keys):
        if not _PUBLIC_KEY.fullmatch(key):
            yield Wrong(("transport", name, index), "is not an OpenSSH public key", "write: ssh-ed25519 AAAA...")


def _own_directories(endpoint: SftpServerEndpoint) -> Iterator[Wrong]:
    for name in _DIRECTORIES:
        directory: str = getattr(endpoint, name)
        if not directory.startswith("/") or any(part in ("", ".", "..") for part in directory[1:].split("/")):
            yield Wrong(("transport", name), "is not a directory below the bank's root", "for example /out")


def _https_wrongs(endpoint: HttpsEndpoint) -> Iterator[Wrong]:
    asked = endpoint.inquiry_path
    if asked is not None and (asked.count("{message_id}") != 1 or len(_PLACEHOLDER.findall(asked)) != 1):
        key: Key = ("transport", "inquiry_path")
        yield Wrong(
            key, "must contain {message_id} once and no other placeholder", "for example /payments/{message_id}"
        )
    for name in ("submit_path", "inquiry_path"):
        if not (getattr(endpoint, name) or "/").startswith("/"):
            yield Wrong(("transport", name), "does not begin with /", "write the path as it follows base_url")
    if _PLACEHOLDER.search(endpoint.submit_path):
        yield Wrong(("transport", "submit_path"), "takes no placeholder", "remove it")


def _line_wrongs(endpoint: TcpEndpoint | AmqpEndpoint) -> Iterator[Wrong]:
    """TLS both ways, or a line that is closed itself and is said to be."""
    ours, theirs = endpoint.client_certificate, endpoint.trusted_ca
    if (ours is None) != (theirs is None):
        missing = "client_certificate" if ours is None else "trusted_ca"
        yield Wrong(("transport", missing), "is missing: TLS needs both sides' certificates", "add it")
    elif ours is None and not endpoint.leased_line:
        what = "has neither certificates nor a leased line: anybody on the way could read and write"
        yield Wrong(("transport",), what, "add client_certificate and trusted_ca, or say leased_line: yes")


def _names_and_asking(profile: BankProfile) -> Iterator[Wrong]:
    kind, by = profile.transport.kind, profile.inquiry.by
    if profile.by_files:
        if profile.file_names is None:
            yield Wrong(("file_names",), "is missing for a file transport", "add the name patterns")
        if by == "message":
            yield Wrong(("inquiry", "by"), f"a bank over {kind} is sent files, not messages", "write files")
        return
    if profile.file_names is not None:
        yield Wrong(("file_names",), f"a bank over {kind} has no files", "remove it")
    if by == "files":
        yield Wrong(("inquiry", "by"), f"a bank over {kind} has no files", "write message, path or none")
    if by == "path" and not (isinstance(profile.transport, HttpsEndpoint) and profile.transport.inquiry_path):
        what = "needs an inquiry_path of the transport" if kind == "https" else f"does not go with {kind}"
        yield Wrong(("inquiry", "by"), f"path {what}", "add it, or write message or none")
