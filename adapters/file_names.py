"""A bank's file names (文件命名规则): what our files are called, and what a bank's file is by its name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from adapters.profile import FileNames
from messages.layout.vocabulary import MessageName

MESSAGE_ID: Final = "[0-9A-Z]{17}"
PART: Final = "[0-9A-Za-z]{1,8}"
INWARD: Final = (MessageName.ACKNOWLEDGEMENT, MessageName.RESULT, MessageName.RETURNED)


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a file is, by its name alone."""

    message: MessageName
    message_id: str
    part: str | None


def instruction_name(names: FileNames, message_id: str) -> str:
    """The name under which an instruction file is sent; the same for every attempt."""
    return names.instruction.replace("{message_id}", message_id)


def recognise(names: FileNames, name: str) -> Recognised | None:
    """Which of the bank's messages ``name`` is; None if it is none of them."""
    for message in INWARD:
        template = template_of(names, message)
        match = pattern(template).fullmatch(name) if template is not None else None
        if match is not None:
            return Recognised(message, match["message_id"], match.groupdict().get("part"))
    return None


def template_of(names: FileNames, message: MessageName) -> str | None:
    """The pattern of one of the bank's messages; None where its interface has no such file."""
    template: str | None = getattr(names, message.value, None)
    return template


@lru_cache(maxsize=256)
def pattern(template: str) -> re.Pattern[str]:
    """The names that ``template`` stands for; ``{message_id}`` and ``{part}`` are the only placeholders."""
    text = re.escape(template)
    for placeholder, form in (("message_id", MESSAGE_ID), ("part", PART)):
        text = text.replace(re.escape(f"{{{placeholder}}}"), f"(?P<{placeholder}>{form})")
    return re.compile(text, re.ASCII)
