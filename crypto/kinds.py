"""What sorts of keys can be made (密钥种类); in a file that loads nothing, for commands that only offer them."""

from __future__ import annotations

from typing import Literal

Kind = Literal[
    "sm2",
    "rsa-2048",
    "rsa-3072",
    "ecdsa-p256",
    "ecdsa-p384",
    "ed25519",
    "ed25519-ssh",
    "aes-256",
    "sm4",
    "hmac",
    "secret",
]
