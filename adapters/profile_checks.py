"""What must hold between the parts of one bank profile (接入档案核对), beyond what its types say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import permutations
from typing import Final

from adapters.endpoint_checks import endpoint_wrongs
from adapters.envelopes import cms, json_sm4, xmldsig
from adapters.file_names import INWARD, pattern, template_of
from adapters.profile import BankProfile, FileNames
from adapters.security_checks import security_wrongs
from adapters.wrong import Wrong
from messages.checks.bank_code import is_bank_code
from messages.layout.model import Form, Layout
from messages.layout.positions import Key
from messages.layout.recognising import indistinct
from messages.layout.vocabulary import MessageName

_PLACEHOLDER: Final = re.compile(r"\{[^{}]*\}")
_SAFE_NAME: Final = re.compile(r"[0-9A-Za-z._-]+", re.ASCII)
_SAMPLE: Final = {"{message_id}": "0123456789ABF0001", "{part}": "001"}
_OF_LAYOUTS: Final = frozenset(form.value for form in Form)
_ENCODINGS: Final = {"iso20022": "utf-8", "signed-json": "utf-8", "cnaps2": "utf-8", "treasury-voucher": "gbk"}
_NAMED: Final = (MessageName.INSTRUCTION, *INWARD)


_PARTICULAR: Final = {
    "json-sm4": json_sm4.profile_wrongs,
    "xmldsig": xmldsig.profile_wrongs,
    "cms": cms.profile_wrongs,
}
_OWNED: Final = (
    ("signature_element", "xml-element"),
    ("encryption_key", "json-sm4"),
    ("xml", "xmldsig"),
    ("cms", "cms"),
)


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
    yield from _envelope_wrongs(profile)
    yield from security_wrongs(profile)
    yield from endpoint_wrongs(profile)
    if profile.file_names is not None:
        for name in _NAMED:
            yield from _name_wrongs(profile.file_names, name)
        yield from _ambiguities(profile.file_names)


def layout_wrongs(profile: BankProfile, layout: Layout) -> Iterator[Wrong]:
    """Everything that does not hold between ``profile`` and the layout that it names."""
    if layout.form != profile.dialect:
        yield Wrong(("layout",), f"is of form {layout.form}, the dialect is {profile.dialect}", "correct one of them")
    for name in sorted(_needed(profile) - layout.messages.keys()):
        what = f"the layout {layout.layout} has no message {name}"
        yield Wrong(("layout",), what, "add the document's table for it")
    inquiry = layout.messages.get(MessageName.INQUIRY)
    if inquiry is not None and profile.inquiry.per == "item" and not inquiry.detail:
        yield Wrong(("inquiry", "per"), "the layout's inquiry has no details to name an item in", "write batch")
    if profile.file_names is None:
        for one, other in indistinct(layout, INWARD):
            what = f"{one} and {other} of {layout.layout} cannot be told apart by the constants of their headers"
            yield Wrong(("layout",), what, "add the constant that the document has for each")
        return
    for message in layout.messages.keys() & set(INWARD):
        if template_of(profile.file_names, message) is None:
            yield Wrong(("file_names", message.value), "is missing: the layout has such a message", "add its pattern")


def _needed(profile: BankProfile) -> frozenset[MessageName]:
    """The messages that the layout must have: one for each file name, else what is asked and told."""
    names = profile.file_names
    named = {message for message in INWARD if names is not None and template_of(names, message) is not None}
    asked = {MessageName.INQUIRY} if profile.inquiry.by == "message" else set()
    return frozenset({MessageName.INSTRUCTION, MessageName.RESULT, *named, *asked})


def _dialect_wrongs(profile: BankProfile) -> Iterator[Wrong]:
    if (profile.dialect in _OF_LAYOUTS) != (profile.layout is not None):
        remedy = "name the layout" if profile.layout is None else "remove it"
        yield Wrong(("layout",), f"does not go with dialect {profile.dialect}", remedy)
    written = _ENCODINGS.get(profile.dialect)
    if written is not None and profile.encoding != written:
        yield Wrong(("encoding",), f"messages of dialect {profile.dialect} are {written.upper()}", f"write {written}")
    if (profile.dialect == "treasury-voucher") != (profile.voucher is not None):
        remedy = "add it" if profile.voucher is None else "remove it"
        yield Wrong(("voucher",), f"does not go with dialect {profile.dialect}, or is missing for it", remedy)


def _envelope_wrongs(profile: BankProfile) -> Iterator[Wrong]:
    security = profile.security
    envelope = security.envelope
    for option, owner in _OWNED:
        given = getattr(security, option) is not None
        if envelope == owner and not given and option == "signature_element":
            yield Wrong(("security", option), f"is missing: envelope {envelope} needs it", "add it")
        elif envelope != owner and given:
            yield Wrong(("security", option), f"does not go with envelope {envelope}", "remove it")
    if envelope in ("form", "cnaps2-block") and security.user_code is None:
        yield Wrong(("security", "user_code"), f"is missing: envelope {envelope} needs it", "add it")
    for key, what, remedy in _PARTICULAR[envelope](profile) if envelope in _PARTICULAR else ():
        yield Wrong(key, what, remedy)
    if envelope == "detached" and security.user_code is not None:
        yield Wrong(("security", "user_code"), "does not go with envelope detached", "remove it")
    if envelope == "detached" and profile.transport.kind == "tcp":
        yield Wrong(("security", "envelope"), "a framed message has no place beside it for a signature", "choose one")


def _name_wrongs(names: FileNames, message: MessageName) -> Iterator[Wrong]:
    template = template_of(names, message)
    if template is None:
        return
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
        sample, template = template_of(names, message), template_of(names, other)
        if sample is None or template is None:
            continue
        for placeholder, text in _SAMPLE.items():
            sample = sample.replace(placeholder, text)
        if pattern(template).fullmatch(sample):
            key: Key = ("file_names", message.value)
            yield Wrong(key, f"cannot be told from {other.value}", "give each message its own beginning")
