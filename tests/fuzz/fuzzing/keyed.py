"""The lines of the table for what keys meet: signatures, sealed blocks, key files (签名、密文、密钥文件)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from io import BytesIO
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa

from crypto.contract import KeyUnusable, SealBroken, SignatureInvalid, StreamVerifier
from crypto.import_keys import import_private, import_public, import_sm4
from crypto.keystore_file import content_of, rendered
from crypto.master_key import MasterKey
from crypto.schemes import sm2_library
from crypto.schemes.rsa import RsaVerifier
from crypto.schemes.sm2_sm3 import Sm2Signer, Sm2Verifier
from crypto.schemes.sm4_cbc import Sm4CbcCipher
from crypto.sealing import AesSegmentSealer, StreamSealer
from crypto.signature_text import decode_signature
from fuzzing.target import Target
from fuzzing.world import GOLDEN, keystore
from gateway.transports.sftp_names import usable

_USER: Final = "1234567812345678"
_SIGNED: Final = b"what was signed"
_KEY: Final = bytes(range(32))
_PATH: Final = Path("keystore.json")


def secret_targets() -> Iterator[Target]:
    """Every line about octets that keys are used on, or come from."""
    for form in ("der", "raw"):
        yield Target(f"signature.sm2.{form}", partial(_sm2, form), (SignatureInvalid,), partial(_sm2_seeds, form))
    yield Target("signature.rsa", _rsa, (SignatureInvalid,), lambda: [bytes(256), b"\xff" * 256])
    for encoding in ("base64", "hex", "raw"):
        decode = partial(decode_signature, encoding=encoding)
        yield Target(f"signature.{encoding}", decode, (SignatureInvalid,), lambda: [b"QUJD\n", b"0aff\r\n", b"0AFF"])
    yield Target("sealed.segment", lambda octets: _segments().unseal(octets, "place"), (SealBroken,), _sealed)
    yield Target("sealed.file", _file, (SealBroken,), _sealed_file)
    yield Target("sealed.sm4", _sm4, (SealBroken,), lambda: [_cipher().encrypt(b"{}", bytes(16)), bytes(32)])
    yield Target("keystore.file", _keystore, (KeyUnusable,), lambda: [rendered({"entries": []}, _master())])
    for algorithm in ("sm2", "rsa", "ed25519"):
        public = partial(_public, algorithm)
        yield Target(f"key.{algorithm}.public", public, (KeyUnusable,), partial(_pems, "*verify.pem"))
    yield Target("key.sm2.private", partial(_private, "sm2"), (KeyUnusable,), partial(_pems, "*sign.pem"))
    yield Target("key.sm4", lambda octets: import_sm4(octets.decode("latin-1")), (KeyUnusable,), lambda: [b"0f" * 16])
    yield Target("sftp.name", lambda octets: usable(octets.decode("utf-8", "surrogateescape")), (), lambda: [b"DR.txt"])


@cache
def _sm2_keys() -> tuple[bytes, bytes]:
    return sm2_library.generate()


def _sm2_seeds(form: str) -> list[bytes]:
    signer = Sm2Signer("fuzz", *_sm2_keys(), _USER, "raw" if form == "raw" else "der")
    signer.update(_SIGNED)
    return [signer.signature(), bytes(64)]


def _sm2(form: str, signature: bytes) -> str:
    return _verify(Sm2Verifier({"fuzz": _sm2_keys()[1]}, _USER, "raw" if form == "raw" else "der"), signature)


@cache
def _rsa_key() -> rsa.RSAPublicKey:
    return rsa.generate_private_key(65537, 2048).public_key()


def _rsa(signature: bytes) -> str:
    return _verify(RsaVerifier({"fuzz": _rsa_key()}, "rsa-pkcs1-sha256"), signature)


def _verify(verifier: StreamVerifier, signature: bytes) -> str:
    verifier.update(_SIGNED)
    return verifier.verify(signature)


@cache
def _segments() -> AesSegmentSealer:
    return AesSegmentSealer({"fuzz": _KEY}, "fuzz")


def _sealed() -> list[bytes]:
    return [_segments().seal(b"columns", "place"), _segments().seal(b"", "elsewhere")]


def _sealed_file() -> list[bytes]:
    raw = BytesIO()
    writer = StreamSealer({"fuzz": _KEY}, "fuzz", 64).writer(raw, "place")
    writer.write(b"content" * 30)
    writer.close()
    return [raw.getvalue()]


def _file(octets: bytes) -> bytes:
    return b"".join(StreamSealer({"fuzz": _KEY}, "fuzz").reader(BytesIO(octets), "place"))


@cache
def _cipher() -> Sm4CbcCipher:
    return Sm4CbcCipher({"fuzz": _KEY[:16]}, "fuzz")


def _sm4(octets: bytes) -> bytes:
    return _cipher().decrypt(octets, bytes(16))


@cache
def _master() -> MasterKey:
    return MasterKey.fresh("a passphrase of some length")


def _keystore(octets: bytes) -> object:
    return content_of(octets, _master(), _PATH)


def _pems(names: str) -> list[bytes]:
    found = [path.read_bytes() for path in sorted(keystore()[0].rglob(names))]
    return [*found, *(path.read_bytes() for path in sorted(GOLDEN.rglob("*.pem")))]


def _public(algorithm: str, octets: bytes) -> object:
    return import_public(algorithm, octets.decode("latin-1"))


def _private(algorithm: str, octets: bytes) -> object:
    return import_private(algorithm, octets.decode("latin-1"))
