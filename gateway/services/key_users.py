"""Who works with a key alias (密钥使用方): bank profiles that name it, settings, and the gateway's own doors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from adapters.editions import edition_of
from adapters.profile import BankProfile
from gateway.settings import Settings

OWN_USES: Final[Mapping[str, str]] = {
    "segment-data": "明细存储 items at rest",
    "vault-data": "文件存储 files at rest",
    "blind-index": "按人查询 finding a person",
    "webhook-sign": "平台通知签名 webhooks to platforms",
    "sms-hmac": "短信平台 SMS provider",
    "api-tls-server": "接口 TLS 证书 the API's certificate",
    "api-client-ca": "平台客户端证书颁发者 authorities of platforms' certificates",
    "client-*-verify": "平台请求签名 a platform's signed requests",
    "operator-*-verify": "操作员身份 an operator's own key",
}
"""Aliases that the gateway uses by name, without anybody's configuration."""
_ALIAS_FIELDS: Final = frozenset(
    {"signing_key", "verification_key", "encryption_key", "user_key", "client_certificate", "trusted_ca", "password"}
)
_NO_ALIAS: Final = frozenset({"bank", "name", "layout", "code_table", "dialect", "host", "kind"})


def users_of(alias: str, profiles: Mapping[str, list[BankProfile]], settings: Settings | None) -> list[str]:
    """Everybody who names the alias, such as ``rural-fixed: security.signing_key``; sorted, empty if nobody does.

    ``profiles`` are all editions by bank.
    """
    found = {text for pattern, text in OWN_USES.items() if fnmatchcase(alias, pattern)}
    for bank, editions in profiles.items():
        for profile in editions:
            name = bank if profile.effective_from is None else f"{bank}@{edition_of(profile)}"
            found |= {f"{name}: {place}" for place in _places(profile.model_dump(exclude={"record_layout"}), alias)}
    if settings is not None and settings.sftp_server is not None and alias in settings.sftp_server.host_keys:
        found.add("settings: sftp_server.host_keys")
    return sorted(found)


def named_aliases(profiles: Mapping[str, list[BankProfile]]) -> set[str]:
    """Every alias that some edition of a bank's profile names."""
    found: set[str] = set()
    for profile in (one for editions in profiles.values() for one in editions):
        for part in (profile.security.model_dump(), profile.transport.model_dump()):
            found |= {str(value) for name, value in part.items() if name in _ALIAS_FIELDS and value}
    return found


def _places(value: Any, alias: str, place: str = "", key: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _places(inner, alias, f"{place}.{name}" if place else str(name), str(name))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _places(inner, alias, place, key)
    elif value == alias and key not in _NO_ALIAS:
        yield place
