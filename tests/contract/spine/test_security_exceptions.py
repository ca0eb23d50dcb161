"""What a bank's profile tolerates up to a day (安全例外): taken while it lasts, alerted daily, refused from the day after."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.profile import SecurityException
from crypto.contract import SignatureInvalid
from gateway.clock import CHINA
from gateway.services import outdated
from gateway.services.applying import apply
from gateway.services.arrivals import keep
from gateway.services.building import build
from gateway.services.context import Context
from gateway.services.file_collection import poll_files
from gateway.services.reading import read
from gateway.store import alerts, inbox, instructions
from gateway.store import work as work_store
from gateway.store.records import InboxMessage, InboxState, Instruction, Work
from gateway.transports.contract import RemoteFile
from simulators.bank_parts import codec_of, signatures_of
from simulators.declaration import read_bank

RURAL, CITY = "rural-fixed", "city-iso"
CONFIG = Path(__file__).parents[3] / "config"
LAST, AFTER = "2099-12-31T23:59", "2100-01-01T00:00"  # the keystore goes by the real day
SHA1 = SecurityException(allows="sha-1", until=date(2099, 12, 31), reason="agreed with the bureau")
UNSIGNED = SHA1.model_copy(update={"allows": "unsigned"})


@dataclass
class Standing:
    """A clock that stands where it is put."""

    text: str

    def now_ms(self) -> int:
        return int(datetime.fromisoformat(self.text).replace(tzinfo=CHINA).timestamp() * 1000)


@pytest.fixture
def at(context: Context) -> Callable[[str], None]:
    return lambda text: object.__setattr__(context, "clock", Standing(text))


def secured(context: Context, **security: Any) -> None:
    """The rural bank with a changed ``security``, in the place of the shipped one."""
    bank = context.banks[RURAL]
    changed = bank.profile.security.model_copy(update=security)
    profile = bank.profile.model_copy(update={"security": changed})
    context.banks[RURAL] = replace(bank, profile=profile)  # type: ignore[index]


def with_sha_1(context: Context) -> None:
    """By the RSA keys of another bank, since the rural one has SM2 keys."""
    other = context.banks[CITY].profile.security
    keys = {"signing_key": other.signing_key, "verification_key": other.verification_key}
    secured(context, scheme="rsa-pkcs1-sha1", exception=SHA1, **keys)


@pytest.fixture
def instruction(context: Context, batch: Any, submit: Callable[..., Any]) -> Instruction:
    taken = submit(batch.header, batch.content(), batch.content_type)
    with context.store.read() as tx:
        return next(made for made in instructions.of_batch(tx, taken.batch_id) if made.bank == RURAL)


@pytest.fixture
def answer(instruction: Instruction) -> bytes:
    """The bank's acknowledgement of the instruction, unsigned."""
    data = read_bank(CONFIG, RURAL)
    said = codec_of(data).acknowledgement(instruction.message_id, date(2026, 11, 24), None, "")
    assert said is not None
    return said


def arrived(context: Context, instruction: Instruction, answer: bytes, signature: bytes | None) -> InboxMessage:
    with context.vault.create("application/octet-stream") as writer:
        writer.write(answer)
        content = writer.commit()
    names = context.banks[RURAL].profile.file_names
    assert names is not None and names.acknowledgement is not None
    name = names.acknowledgement.format(message_id=instruction.message_id)
    keep(context, RURAL, name, content, signature.decode() if signature else None)
    with context.store.read() as tx:
        return inbox.by_id(tx, 1)


def applied(context: Context) -> tuple[InboxMessage, list[str]]:
    """What became of the message when its work was done, and which alerts were raised."""
    with context.store.begin() as tx:
        (work,) = work_store.claim(tx, ["apply"], "test", context.clock.now_ms(), 60_000, 9)
    apply(context, work)
    with context.store.read() as tx:
        return inbox.by_id(tx, 1), [alert.kind for alert in alerts.recent(tx, 10)]


def signed_with_sha_1(keys: Path, answer: bytes) -> bytes:
    signing = read_bank(CONFIG, CITY).declaration.security.model_copy(update={"scheme": "rsa-pkcs1-sha1"})
    return signatures_of(signing, keys / CITY).sign(answer)


def test_sha_1_is_read_up_to_its_day_and_quarantined_after(context, keys, instruction, answer, at) -> None:
    at(LAST)
    with_sha_1(context)
    message = arrived(context, instruction, answer, signed_with_sha_1(keys, answer))
    assert read(context, message).key_id
    at(AFTER)
    with pytest.raises(SignatureInvalid, match=r"SHA-1, and the exception for it ended on 2099-12-31"):
        read(context, message)
    kept, told = applied(context)
    assert (kept.state, told) == (InboxState.QUARANTINED, ["message-quarantined"])
    assert kept.reason is not None and "security.exception in the profile of rural-fixed" in kept.reason


def test_a_false_signature_with_sha_1_is_refused_like_any_other(context, keys, instruction, answer, at) -> None:
    at(LAST)
    with_sha_1(context)
    message = arrived(context, instruction, answer, signed_with_sha_1(keys, answer + b"."))
    with pytest.raises(SignatureInvalid, match="not by a key we trust"):
        read(context, message)


def test_what_we_send_is_signed_with_sha_1_only_while_the_exception_lasts(context, instruction, at) -> None:
    at(LAST)
    with_sha_1(context)
    with context.store.begin() as tx:
        claimed = work_store.claim(tx, ["build"], "test", context.clock.now_ms(), 60_000, 9)
    (work,) = [one for one in claimed if one.subject["bank"] == RURAL]
    build(context, work)
    with context.store.read() as tx:
        assert instructions.by_id(tx, instruction.instruction_id).key_id


@pytest.mark.parametrize("with_key", [True, False])
def test_unsigned_is_read_up_to_its_day_and_quarantined_after(context, instruction, answer, at, with_key) -> None:
    at(LAST)
    secured(context, exception=UNSIGNED, **({} if with_key else {"verification_key": None}))
    message = arrived(context, instruction, answer, None)
    assert read(context, message).key_id is None
    at(AFTER)
    kept, told = applied(context)
    assert (kept.state, told) == (InboxState.QUARANTINED, ["message-quarantined"])
    assert kept.reason is not None and "has no signature, and the exception for it ended on 2099-12-31" in kept.reason


def test_a_signature_that_is_there_must_be_right_all_the_same(context, instruction, answer, at) -> None:
    at(LAST)
    secured(context, exception=UNSIGNED)
    signing = read_bank(CONFIG, RURAL).declaration.security
    message = arrived(context, instruction, answer, b"AAAA")
    assert signing.scheme == "sm2-sm3"
    with pytest.raises(SignatureInvalid):
        read(context, message)


def test_without_an_exception_unsigned_is_refused(context, instruction, answer) -> None:
    message = arrived(context, instruction, answer, None)
    with pytest.raises(SignatureInvalid, match=r"^the message has no signature$"):
        read(context, message)


@pytest.mark.parametrize("granted", [SHA1, UNSIGNED])
def test_an_exception_alerts_once_a_day_until_it_ends(context, at, granted: SecurityException) -> None:
    secured(context, exception=granted.model_copy(update={"until": date(2026, 11, 25)}))
    for text in ("2026-11-24T10:00", "2026-11-24T15:00", "2026-11-25T23:59", "2026-11-26T00:00"):
        at(text)
        outdated.watch(context)
    with context.store.read() as tx:
        raised = {alert.key: alert for alert in alerts.recent(tx, 100) if alert.kind == "security-exception"}
    assert sorted(raised) == ["rural-fixed/2026-11-24", "rural-fixed/2026-11-25"]
    assert all("2026-11-25" in alert.text_en and "2026-11-25" in alert.text_zh for alert in raised.values())


@dataclass
class Shelf:
    """``gateway.transports.contract.FileTransport`` over a few files in memory."""

    files: dict[str, bytes]
    modified_at: int
    asked: list[str] = field(default_factory=list)

    def list(self, directory: str) -> list[RemoteFile]:
        found = self.files if directory == "/ack" else {}
        return [RemoteFile(name, len(content), self.modified_at) for name, content in found.items()]

    def get(self, directory: str, name: str, limit_bytes: int) -> Iterator[bytes]:
        assert directory and limit_bytes
        self.asked.append(name)
        return iter((self.files[name],))

    def put(self, directory: str, name: str, chunks: Iterable[bytes], size: int) -> None:
        raise AssertionError((directory, name, chunks, size))

    def find(self, directory: str, name: str) -> RemoteFile | None:
        raise AssertionError((directory, name))

    def close(self) -> None:
        """Nothing is held."""


def polled(context: Context, shelf: Shelf) -> list[str]:
    """What of the shelf is in the inbox after one round."""
    object.__setattr__(context, "files", lambda _bank: shelf)
    poll_files(context, Work(1, "poll-files", RURAL, {"bank": RURAL}, 0, 1, 0, 1))
    return shelf.asked


def test_files_without_a_signature_are_fetched_while_the_exception_lasts(context, at) -> None:
    names = context.banks[RURAL].profile.file_names
    name = names.acknowledgement.format(message_id="0123456789ABF0001")
    at(LAST)
    now = context.clock.now_ms() // 1000
    assert polled(context, Shelf({name: b"x"}, now - 120)) == []  # no exception: a signature is waited for
    secured(context, exception=UNSIGNED)
    assert polled(context, Shelf({name: b"x"}, now - 10)) == []  # its signature may yet come
    assert polled(context, Shelf({name: b"x", name + ".sig": b"y"}, now - 10)) == [name + ".sig", name]


def test_files_of_a_bank_that_never_signs_are_fetched_at_once_and_no_more_afterwards(context, at) -> None:
    name = context.banks[RURAL].profile.file_names.acknowledgement.format(message_id="0123456789ABF0001")
    secured(context, exception=UNSIGNED, verification_key=None)
    at(AFTER)
    now = context.clock.now_ms() // 1000
    assert polled(context, Shelf({name: b"x"}, now - 120)) == []
    with context.store.read() as tx:
        assert [alert.kind for alert in alerts.recent(tx, 9)] == ["signature-missing"]
    at(LAST)
    assert polled(context, Shelf({name: b"x"}, now - 61)) == [name]
