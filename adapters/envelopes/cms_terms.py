"""What a profile says about cryptographic messages (密码消息约定): ``security.cms`` of envelope ``cms``."""

from __future__ import annotations

from typing import Literal

from adapters.endpoints import Part


class CmsEncryption(Part):
    """How messages are enveloped, both ways (数字信封)."""

    transport: Literal["rsa-oaep-sha256", "rsa-pkcs1", "sm2"]
    cipher: Literal["aes-256-cbc", "aes-256-gcm", "sm4-cbc"]
    bank_key: str  # keystore alias of the bank's public key that we encrypt for
    own_key: str  # keystore alias of our key that the bank encrypts for


class CmsTerms(Part):
    """Identifiers of RFC 5652 or of GM/T 0010, who is named how, and whether messages are enveloped."""

    syntax: Literal["rfc5652", "gmt0010"]
    certificates: str | None = None  # keystore alias of both sides' certificates (x509); null: keys by their identifier
    encryption: CmsEncryption | None = None
