"""Published keys (公开示例密钥): keys printed in standards, which everybody has and no keystore takes.

They come into a keystore when somebody follows an example too faithfully. The demonstration makes fresh keys each time.
"""

from __future__ import annotations

from base64 import b64decode
from typing import Final

from crypto.contract import KeyUnusable
from crypto.key_material import KeyMaterial
from crypto.key_reasons import KeyReason

_SYMMETRIC: Final = {
    bytes.fromhex("0123456789abcdeffedcba9876543210"): "GB/T 32907 (SM4)",
    bytes(range(16)): "FIPS 197 (AES)",
    bytes(range(32)): "FIPS 197 (AES)",
    bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"): "SP 800-38A (AES)",
}
_PUBLIC_POINTS: Final = {  # with these octets a SubjectPublicKeyInfo ends
    bytes.fromhex(
        "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
        "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
    ): "GB/T 32918.5 (SM2)",
    bytes.fromhex(
        "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
        "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
    ): "RFC 6979 (P-256)",
    bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"): "RFC 8032 (Ed25519)",
    bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"): "RFC 8032 (Ed25519)",
    bytes.fromhex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"): "RFC 8032 (Ed25519)",
    bytes.fromhex("26b40b8f93fff3d897112f7ebc582b232dbd72517d082fe83cfb30ddce43d1bb"): "RFC 9421 (Ed25519)",
}


def refuse_published(material: KeyMaterial) -> None:
    """Raise KeyUnusable if the key is printed in a standard."""
    where = _SYMMETRIC.get(material.secret or b"")
    if not where and "-----BEGIN PUBLIC KEY-----" in material.public:
        der = b64decode("".join(line for line in material.public.split("\n") if not line.startswith("-----")))
        where = next((name for point, name in _PUBLIC_POINTS.items() if der.endswith(point)), None)
    if where:
        raise KeyUnusable(
            f"this key is the example that {where} prints: everybody has it; generate one", KeyReason.PUBLISHED
        )
