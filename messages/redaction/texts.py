"""What a text must not tell (日志脱敏): numbers of persons, named fields, keys, passphrases, credentials.

A name cannot be told from other words, so it is hidden where its field is named (``name: ...``, 户名：...); elsewhere no
text that reaches a log or the database may hold one, and ``faults`` sees to that for the errors of others.
Every pattern here is bounded, and so is the text: the cost does not depend on who wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from messages.redaction.numbers import without_numbers, without_persons_numbers

LONGEST: Final = 8_000
"""Characters of a text that are kept; a log is no place for more."""

_ABOUT_PERSONS: Final = (
    "name|payee_name|account_name|holder|owner_name|id_number|id_no|idcard|id_card|certificate_no|account|account_no|acct|"
    "card|card_no|bank_card|mobile|phone|telephone|tel|address|addr|"
    "户名|姓名|收款人|领款人|持卡人|证件号码|证件号|身份证号|身份证|账号|帐号|卡号|账户|手机号|手机|电话|住址|地址"
)
_SECRETS: Final = r"pass(?:word|phrase|wd)|pwd|secret|token|api[_-]?key|private[_-]?key|口令|密码"
_VALUE: Final = r"""["'’]?\s{0,3}[:=：]\s{0,3}(?:"[^"\n]{0,400}"?|'[^'\n]{0,400}'?|[^\s"',;，；。)}\]]{1,400})"""

_PERSONAL: Final = re.compile(rf"(?<![A-Za-z_])({_ABOUT_PERSONS}){_VALUE}", re.IGNORECASE)
_SECRET: Final = re.compile(rf"(?<![A-Za-z])({_SECRETS}){_VALUE}", re.IGNORECASE)
_CREDENTIAL: Final = re.compile(
    r"(?<![\w-])((?:proxy-)?authorization|set-cookie|cookie)[\"']?\s{0,3}[:=]\s{0,3}[^\r\n]{1,4000}", re.IGNORECASE
)
_SIGNATURE: Final = re.compile(r"(?<![\w-])(signature)[\"']?\s{0,3}[:=]\s{0,3}[^\s\"']{8,4000}", re.IGNORECASE)
_BEARER: Final = re.compile(r"(?<![A-Za-z])(Bearer|Basic)\s{1,3}[A-Za-z0-9+/=._~-]{8,4000}")
_URL_LOGIN: Final = re.compile(r"(?<=://)[^/\s:@]{0,100}:[^/\s@]{1,200}(?=@)")
_PEM_BEGIN: Final = "-----BEGIN "
_PEM_END: Final = "-----END "
_LONGEST_WORD: Final = 200


def redacted(text: str, keep: Collection[str] = ()) -> str:
    """``text`` as it may be logged or stored for operators; ``keep`` are identifiers of ours whose digits may stay."""
    return without_numbers(without_fields(_shortened(text)), keep)


def redacted_identifier(text: str) -> str:
    """A file name, message id, address or key of ours: only what looks like a person's number, or a secret, goes."""
    return without_persons_numbers(_without_secrets(_shortened(text)))


def without_fields(text: str) -> str:
    """Without keys, credentials, and the values of fields that are named for persons; numbers are left."""
    return _PERSONAL.sub(r"\1=<hidden>", _without_secrets(text))


def _without_secrets(text: str) -> str:
    text = _without_pem(text)
    text = _CREDENTIAL.sub(r"\1: <hidden>", text)
    text = _SIGNATURE.sub(r"\1: <hidden>", text)
    text = _BEARER.sub(r"\1 <hidden>", text)
    text = _SECRET.sub(r"\1=<hidden>", text)
    return _URL_LOGIN.sub("<hidden>", text)


def _without_pem(text: str) -> str:
    """Every PEM block, also one that was cut off, becomes a word; one pass."""
    parts: list[str] = []
    at = 0
    while (begin := text.find(_PEM_BEGIN, at)) >= 0:
        parts += (text[at:begin], "<PEM>")
        end = text.find(_PEM_END, begin)
        if end < 0:
            return "".join(parts)
        closing = text.find("-----", end + len(_PEM_END))
        at = end + len(_PEM_END) if closing < 0 else closing + 5
    return "".join([*parts, text[at:]])


def _shortened(text: str) -> str:
    """At most LONGEST characters, not cut within a word: half a number would look like a harmless one."""
    if len(text) <= LONGEST:
        return text
    ending = text[LONGEST - _LONGEST_WORD : LONGEST]
    whole = max(ending.rfind(gap) for gap in " ,;\n，；")
    return f"{text[: LONGEST - _LONGEST_WORD + max(whole, 0)]} … ({len(text)} characters)"
