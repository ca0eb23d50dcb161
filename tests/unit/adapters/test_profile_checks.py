"""What must hold between the parts of a profile, for every kind of transport, envelope and layout."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.endpoints import AmqpEndpoint, HttpsEndpoint, SftpServerEndpoint, TcpEndpoint
from adapters.profile import BankProfile, FileNames
from adapters.profile_checks import layout_wrongs, wrongs
from messages.layout.model import Layout
from messages.layout.vocabulary import MessageName

KEY = "ssh-ed25519 " + "AAAA" + "B" * 64
SERVER = SftpServerEndpoint(
    kind="sftp-server",
    username="bank",
    user_keys=(KEY,),
    outgoing_directory="/out",
    acknowledgement_directory="/ack",
    result_directory="/result",
)
HTTPS = HttpsEndpoint(kind="https", base_url="https://a", submit_path="/p", client_certificate="c", trusted_ca="t")
TCP = TcpEndpoint(kind="tcp", host="h", port=1, framing="length-8", client_certificate="c", trusted_ca="t")
AMQP = AmqpEndpoint(
    kind="amqp", host="h", username="u", password="p", send_queue="a", receive_queue="b", leased_line=True
)


@pytest.fixture
def files(profiles: dict[str, BankProfile]) -> BankProfile:
    return profiles["rural-fixed"]


@pytest.fixture
def by_message(files: BankProfile) -> BankProfile:
    """A bank over TCP that is asked by message, its signature in the message."""
    security = files.security.model_copy(update={"envelope": "xml-element", "signature_element": "Sign"})
    return changed(files, transport=TCP, file_names=None, security=security, inquiry={"by": "message"})


def changed(profile: BankProfile, **updates: Any) -> BankProfile:
    inner = {
        name: getattr(profile, name).model_copy(update=update) if isinstance(update, dict) else update
        for name, update in updates.items()
    }
    return profile.model_copy(update=inner)


def found(profile: BankProfile) -> list[tuple[str, str]]:
    return [(".".join(map(str, wrong.key)), wrong.what) for wrong in wrongs(profile, profile.bank)]


def test_every_kind_of_bank_can_be_right(files: BankProfile, by_message: BankProfile) -> None:
    detached = {"envelope": "detached", "signature_element": None}
    for profile in (
        files,
        changed(files, inquiry={"by": "files"}),
        changed(files, transport=SERVER),
        changed(files, file_names={"acknowledgement": None, "returned": None}),
        by_message,
        changed(by_message, transport=AMQP),
        changed(by_message, transport=AMQP, inquiry={"by": "none"}),
        changed(by_message, transport=HTTPS, security=detached),
        changed(
            by_message, transport=HTTPS.model_copy(update={"inquiry_path": "/p/{message_id}"}), inquiry={"by": "path"}
        ),
    ):
        assert found(profile) == []


@pytest.mark.parametrize(
    ("endpoint", "key", "what"),
    [
        (TCP.model_copy(update={"trusted_ca": None}), "transport.trusted_ca", "is missing: TLS needs both sides'"),
        (TCP.model_copy(update={"client_certificate": None}), "transport.client_certificate", "is missing: TLS"),
        (
            AMQP.model_copy(update={"leased_line": False}),
            "transport",
            "has neither certificates nor a leased line: anybody on the way could read and write",
        ),
        (AMQP.model_copy(update={"trusted_ca": "t"}), "transport.client_certificate", "is missing: TLS needs both"),
        (HTTPS.model_copy(update={"submit_path": "p"}), "transport.submit_path", "does not begin with /"),
    ],
)
def test_a_line_that_is_not_closed_is_refused(by_message: BankProfile, endpoint: Any, key: str, what: str) -> None:
    (wrong,) = found(changed(by_message, transport=endpoint))
    assert wrong[0] == key
    assert wrong[1].startswith(what)


@pytest.mark.parametrize("directory", ["out", "/", "", "/../x", "/a/../b", "/a//b", "/a/"])
def test_a_directory_that_could_leave_the_bank_s_root_is_refused(files: BankProfile, directory: str) -> None:
    profile = changed(files, transport=SERVER.model_copy(update={"result_directory": directory}))
    assert found(profile) == [("transport.result_directory", "is not a directory below the bank's root")]


def test_a_bank_s_login_key_is_an_openssh_public_key(files: BankProfile) -> None:
    profile = changed(files, transport=SERVER.model_copy(update={"user_keys": (KEY, "ssh-dss AAAA")}))
    assert found(profile) == [("transport.user_keys.1", "is not an OpenSSH public key")]


def test_files_and_questions_fit_the_transport(files: BankProfile, by_message: BankProfile) -> None:
    names = files.file_names
    assert found(changed(by_message, file_names=names)) == [("file_names", "a bank over tcp has no files")]
    assert found(changed(files, file_names=None)) == [("file_names", "is missing for a file transport")]
    assert found(changed(files, inquiry={"by": "message"})) == [
        ("inquiry.by", "a bank over sftp is sent files, not messages")
    ]
    assert found(changed(by_message, inquiry={"by": "files"})) == [("inquiry.by", "a bank over tcp has no files")]
    assert found(changed(by_message, inquiry={"by": "path"})) == [("inquiry.by", "path does not go with tcp")]
    assert found(changed(by_message, transport=HTTPS, inquiry={"by": "path"})) == [
        ("inquiry.by", "path needs an inquiry_path of the transport")
    ]


def test_how_a_bank_is_asked(files: BankProfile, by_message: BankProfile) -> None:
    assert files.inquiry.by == "path"
    assert (files.asked_by, by_message.asked_by) == ("files", "message")
    assert changed(files, inquiry={"by": "none"}).asked_by == "none"


@pytest.mark.parametrize(
    ("security", "key", "what"),
    [
        ({"signature_element": None}, "security.signature_element", "is missing: envelope xml-element needs it"),
        ({"encryption_key": "k"}, "security.encryption_key", "does not go with envelope xml-element"),
        ({"envelope": "form", "user_code": "U"}, "security.signature_element", "does not go with envelope form"),
        ({"envelope": "form", "signature_element": None}, "security.user_code", "is missing: envelope form needs it"),
        (
            {"envelope": "detached", "signature_element": None},
            "security.envelope",
            "a framed message has no place beside it for a signature",
        ),
    ],
)
def test_options_of_an_envelope_go_together(
    by_message: BankProfile, security: dict[str, Any], key: str, what: str
) -> None:
    assert found(changed(by_message, security=security)) == [(key, what)]


@pytest.mark.parametrize("missing", ["encryption_key", "user_code"])
def test_encrypted_json_needs_its_key_and_its_user(by_message: BankProfile, missing: str) -> None:
    whole = {"encryption_key": "k", "user_code": "N530100021", "sm2_user_id": "N530100021000000", "form": "raw"}
    security = {**whole, "envelope": "json-sm4", "signature_element": None, "scheme": "sm2-sm3", "encoding": "base64"}
    assert f"security.{missing}" in {key for key, _ in found(changed(by_message, security={**security, missing: None}))}
    assert not any(key.startswith("security.") for key, _ in found(changed(by_message, security=security)))


def test_a_user_code_needs_an_envelope_that_carries_it(files: BankProfile) -> None:
    assert found(changed(files, security={"user_code": "U"})) == [
        ("security.user_code", "does not go with envelope detached")
    ]


def against_layout(profile: BankProfile, *without: MessageName, **updates: Any) -> list[tuple[str, str]]:
    assert profile.record_layout is not None
    messages = {name: message for name, message in profile.record_layout.messages.items() if name not in without}
    layout: Layout = profile.record_layout.model_copy(update={"messages": messages, **updates})
    return [(".".join(map(str, wrong.key)), wrong.what) for wrong in layout_wrongs(profile, layout)]


def test_a_layout_has_what_the_profile_names(files: BankProfile, by_message: BankProfile) -> None:
    assert against_layout(files) == []
    assert against_layout(files, MessageName.RETURNED) == [("layout", "the layout rural-fixed has no message returned")]
    assert against_layout(by_message) == [("layout", "the layout rural-fixed has no message inquiry")]
    assert against_layout(by_message, MessageName.ACKNOWLEDGEMENT, MessageName.RETURNED) == [
        ("layout", "the layout rural-fixed has no message inquiry")
    ]
    assert against_layout(changed(files, dialect="delimited")) == [
        ("layout", "is of form fixed-width, the dialect is delimited")
    ]


def test_a_bank_without_returns_or_acknowledgements_names_none(files: BankProfile) -> None:
    bare = changed(files, file_names={"acknowledgement": None, "returned": None})
    assert against_layout(bare, MessageName.ACKNOWLEDGEMENT, MessageName.RETURNED) == []
    assert sorted(against_layout(bare)) == [
        ("file_names.acknowledgement", "is missing: the layout has such a message"),
        ("file_names.returned", "is missing: the layout has such a message"),
    ]


def test_messages_without_names_must_be_told_apart_by_their_headers(by_message: BankProfile) -> None:
    assert by_message.record_layout is not None
    messages = by_message.record_layout.messages
    same = {**messages, MessageName.RETURNED: messages[MessageName.RESULT]}
    profile = changed(by_message, inquiry={"by": "none"})
    (wrong,) = against_layout(profile, messages=same)
    assert wrong[1] == "result and returned of rural-fixed cannot be told apart by the constants of their headers"


def test_items_can_only_be_asked_for_where_the_inquiry_has_a_place_for_them(by_message: BankProfile) -> None:
    assert by_message.record_layout is not None
    messages = by_message.record_layout.messages
    inquiry = {**messages, MessageName.INQUIRY: messages[MessageName.ACKNOWLEDGEMENT]}
    profile = changed(by_message, inquiry={"by": "message", "per": "item"})
    assert against_layout(profile, messages=inquiry) == [
        ("inquiry.per", "the layout's inquiry has no details to name an item in")
    ]


def test_names_may_be_left_out_but_not_mixed_up() -> None:
    names = FileNames(instruction="a{message_id}", result="r{message_id}")
    assert (names.acknowledgement, names.returned) == (None, None)
