"""Nobody's data and nobody's secrets are in the repository, also not in goldens and examples.

Test persons have numbers of area codes that are not assigned (530099, 500099, 410099, 520099), or one of the few written
out here; test phones are of the ranges written out here; private keys stand in tests only, where they open nothing.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

INVENTED_AREAS = {"530099", "500099", "410099", "520099"}
WRITTEN_OUT = {
    "11010519491231002X",  # the example of GB 11643-1999
    "440524188001010014",  # its other one
    "110101199003070134",
    "532301199001013014",
    "653121198803214027",
}
PHONES = ("1380013", "1380000", "1390000", "1399000", "19912345")
KEY_FILES = {".pem", ".key", ".p12", ".pfx", ".jks", ".keystore"}
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID = re.compile(
    rb"(?<![0-9A-Za-z.])[1-8]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![0-9A-Za-z])"
)
_PHONE = re.compile(rb"(?<![0-9A-Za-z.+-])1[3-9]\d{9}(?![0-9A-Za-z])")
_SECRETS = (
    re.compile(rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{40,}"),
    re.compile(rb"(?<![A-Za-z0-9])(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|xox[baprs]-[A-Za-z0-9-]{20,})"),
)


def persons_in(content: bytes) -> Iterator[str]:
    """Valid ID numbers and phone numbers that could be somebody's."""
    for found in _ID.finditer(content):
        number = found[0].decode().upper()
        valid = "10X98765432"[sum(int(d) * w for d, w in zip(number[:17], _WEIGHTS, strict=True)) % 11] == number[17]
        if valid and number[:6] not in INVENTED_AREAS and number not in WRITTEN_OUT:
            yield f"the ID number {number[:6]}…"
    for found in _PHONE.finditer(content):
        if not found[0].decode().startswith(PHONES):
            yield f"the phone number {found[0][:3].decode()}…"


def secrets_in(path: Path, content: bytes) -> Iterator[str]:
    """Private keys and access tokens, and files that hold such by their name."""
    if path.suffix.lower() in KEY_FILES:
        yield "a file of keys"
    if any(pattern.search(content) for pattern in _SECRETS):
        yield "a private key or an access token"


@pytest.fixture(scope="module")
def files(root: Path) -> list[Path]:
    """Every file that belongs to the project, those not yet committed as well."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, check=True).stdout.decode("utf-8")
    return [path for name in listed.split("\0") if name and (path := root / name).is_file()]


def test_no_persons_number_is_in_the_repository(root: Path, files: list[Path]) -> None:
    wrong = [f"{path.relative_to(root)}: {what}" for path in files for what in persons_in(path.read_bytes())]
    assert not wrong, "use an area code that is not assigned, see simulators/roster_numbers.py\n" + "\n".join(wrong)


def test_no_secret_is_outside_the_tests(root: Path, files: list[Path]) -> None:
    outside = [path for path in files if path.relative_to(root).parts[0] != "tests"]
    wrong = [f"{path.relative_to(root)}: {what}" for path in outside for what in secrets_in(path, path.read_bytes())]
    assert not wrong, "\n".join(wrong)


def test_the_search_finds_what_it_is_for() -> None:
    number = "110105194912310" + "02X"[-3:]
    other = next(
        f"11010519491231{n:03d}{c}" for n in range(3, 99) for c in "0123456789X" if _valid(f"11010519491231{n:03d}{c}")
    )
    assert list(persons_in(number.encode())) == []
    assert list(persons_in(f"a,{other},b".encode())) == ["the ID number 110105…"]
    assert list(persons_in(b"phone: 186" + b"12345678")) == ["the phone number 186…"]
    key = b"-----BEGIN EC PRIVATE KEY-----\n" + b"MHcCAQEE" * 8
    assert list(secrets_in(Path("x.txt"), key)) == ["a private key or an access token"]
    assert list(secrets_in(Path("x.pem"), b"")) == ["a file of keys"]


def _valid(number: str) -> bool:
    return "10X98765432"[sum(int(d) * w for d, w in zip(number[:17], _WEIGHTS, strict=True)) % 11] == number[17]
