"""Why a key cannot be used (密钥不可用原因): a closed list of codes, told in Chinese and English.

The code is what an audit entry, an alert or an API answer carries; the text of ``KeyUnusable`` adds which key and what
to do. The codes never change; new ones may be added.
"""

from __future__ import annotations

from enum import StrEnum


class KeyReason(StrEnum):
    """One kind of refusal each; ``OTHER`` only where none of the rest fits."""

    UNKNOWN_ALIAS = "unknown-alias"
    UNKNOWN_KEY_ID = "unknown-key-id"
    AMBIGUOUS_KEY_ID = "ambiguous-key-id"
    WRONG_PURPOSE = "wrong-purpose"
    WRONG_OWNER = "wrong-owner"
    WRONG_ALGORITHM = "wrong-algorithm"
    NOT_YET_VALID = "not-yet-valid"
    EXPIRED = "expired"
    PENDING = "pending"
    NO_LONGER_MAKES = "no-longer-makes"
    RETIRED = "retired"
    REVOKED = "revoked"
    TRANSITION = "transition"
    PUBLIC_ONLY = "public-only"
    MALFORMED = "malformed"
    WEAK = "weak"
    PUBLISHED = "published"
    MISMATCHED_HALVES = "mismatched-halves"
    EXISTS = "exists"
    BAD_NAME = "bad-name"
    BAD_DATES = "bad-dates"
    WRONG_PASSPHRASE = "wrong-passphrase"  # noqa: S105 - a reason, no password
    PASSPHRASE_CHANGED = "passphrase-changed"  # noqa: S105 - a reason, no password
    PASSPHRASE_SOURCE = "passphrase-source"  # noqa: S105 - a reason, no password
    TAMPERED = "tampered"
    UNREADABLE = "unreadable"
    OLDER_REVISION = "older-revision"
    CHANGED_MEANWHILE = "changed-meanwhile"
    TOKEN = "token"  # noqa: S105 - a reason, no password
    TOKEN_LACKS = "token-lacks"  # noqa: S105 - a reason, no password
    CERTIFICATE_DATES = "certificate-dates"
    CERTIFICATE_CHAIN = "certificate-chain"
    CERTIFICATE_USE = "certificate-use"
    CERTIFICATE_NAME = "certificate-name"
    CERTIFICATE_REVOKED = "certificate-revoked"
    REVOCATION_LIST = "revocation-list"
    OTHER = "other"


_TOLD: dict[KeyReason, tuple[str, str]] = {
    KeyReason.UNKNOWN_ALIAS: ("密钥库中没有此密钥别名", "the keystore has no such key alias"),
    KeyReason.UNKNOWN_KEY_ID: ("没有此编号的密钥", "no key has this id"),
    KeyReason.AMBIGUOUS_KEY_ID: ("多个别名下有同一密钥编号", "several aliases have a key of this id"),
    KeyReason.WRONG_PURPOSE: ("密钥用途不符", "the key serves another purpose"),
    KeyReason.WRONG_OWNER: ("密钥归属不符", "the key belongs to the other side"),
    KeyReason.WRONG_ALGORITHM: ("密钥算法不符", "the key is of another algorithm"),
    KeyReason.NOT_YET_VALID: ("密钥尚未生效", "the key is not valid yet"),
    KeyReason.EXPIRED: ("密钥已过期", "the key has expired"),
    KeyReason.PENDING: ("密钥待启用,尚未批准", "the key is pending: nobody has activated it"),
    KeyReason.NO_LONGER_MAKES: ("密钥正在退役,只能验证", "the key is retiring: it checks and makes nothing new"),
    KeyReason.RETIRED: ("密钥已退役", "the key is retired"),
    KeyReason.REVOKED: ("密钥已吊销", "the key is revoked"),
    KeyReason.TRANSITION: ("密钥状态不允许此变更", "the key's life does not lead to that state"),
    KeyReason.PUBLIC_ONLY: ("此处只有公钥", "only the public half is here"),
    KeyReason.MALFORMED: ("密钥格式错误", "the key is malformed"),
    KeyReason.WEAK: ("密钥强度不足", "the key is weak"),
    KeyReason.PUBLISHED: ("密钥为标准文档公布的示例密钥", "the key is a published example that everybody has"),
    KeyReason.MISMATCHED_HALVES: ("公钥与私钥不配对", "the two halves are not one key"),
    KeyReason.EXISTS: ("已存在", "it exists already"),
    KeyReason.BAD_NAME: ("名称不合规", "the name is not allowed"),
    KeyReason.BAD_DATES: ("起止日期不合理", "the dates contradict each other"),
    KeyReason.WRONG_PASSPHRASE: ("密钥库口令错误", "the keystore's passphrase is wrong"),
    KeyReason.PASSPHRASE_CHANGED: ("密钥库已更换口令", "the keystore has got another passphrase"),
    KeyReason.PASSPHRASE_SOURCE: ("无法取得密钥库口令", "the keystore's passphrase cannot be had"),
    KeyReason.TAMPERED: ("密钥库被篡改或损坏", "the keystore was tampered with or damaged"),
    KeyReason.UNREADABLE: ("密钥库文件无法读写", "the keystore's file cannot be read or written"),
    KeyReason.OLDER_REVISION: ("密钥库被换回旧版本", "an older revision of the keystore was put back"),
    KeyReason.CHANGED_MEANWHILE: ("密钥库已被他人修改", "somebody else has changed the keystore"),
    KeyReason.TOKEN: ("密码机(令牌)不可用", "the token (HSM) cannot be used"),
    KeyReason.TOKEN_LACKS: ("密码机(令牌)不支持", "the token (HSM) cannot do this"),
    KeyReason.CERTIFICATE_DATES: ("证书不在有效期内", "the certificate is not valid at this time"),
    KeyReason.CERTIFICATE_CHAIN: ("证书链不可信", "the certificate is from another chain"),
    KeyReason.CERTIFICATE_USE: ("证书用途不符", "the certificate serves another use"),
    KeyReason.CERTIFICATE_NAME: ("证书名称不符", "the certificate is for another name"),
    KeyReason.CERTIFICATE_REVOKED: ("证书已吊销", "the certificate is revoked"),
    KeyReason.REVOCATION_LIST: (
        "证书吊销列表缺失、失效或不可信",
        "the revocation list is missing, stale or not trusted",
    ),
    KeyReason.OTHER: ("密钥不可用", "the key cannot be used"),
}


def told(reason: KeyReason) -> tuple[str, str]:
    """The reason in Chinese and in English, one short line each."""
    return _TOLD[reason]
