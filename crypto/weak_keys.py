"""Weak keys (弱密钥): what is refused although it is well-formed, each with the reason.

RSA: fewer than 2048 bits, a public exponent under 65537 (FIPS 186-5 A.1.1) or even, a modulus with a small factor or of
two primes close together (Fermat), and the structure of the flawed Infineon library (ROCA, CVE-2017-15361).
Symmetric: one octet repeated. HMAC of our own choice: under 32 octets. Ed25519: a point of small order, under which a
signature over anything verifies.
"""

from __future__ import annotations

from functools import cache
from math import gcd, isqrt, prod

from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crypto.contract import KeyUnusable
from crypto.key_reasons import KeyReason

SMALLEST_RSA_BITS = 2048
LARGEST_RSA_BITS = 16384  # beyond it a single verification stalls whoever makes it
SMALLEST_EXPONENT = 65537
OUR_HMAC_BYTES = 32
_SMALL_PRIMES_BELOW = 10_000
_FERMAT_STEPS = 100
_ROCA_PRIMES_UP_TO = 167
_ROCA_GENERATOR = 65537
_ED25519_SMALL_ORDER = frozenset(  # the canonical encodings of all points of order 1, 2, 4 and 8
    bytes.fromhex(point)
    for point in (
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    )
)


def refuse_weak_public(key: object) -> None:
    """Raise KeyUnusable if the public key of any kind is weak."""
    if isinstance(key, rsa.RSAPublicKey):
        refuse_weak_rsa(key)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.key_size < 256:
            raise _weak(f"a key on the curve {key.curve.name} is too short: P-256 at least")
    elif isinstance(key, ed25519.Ed25519PublicKey):
        if key.public_bytes(Encoding.Raw, PublicFormat.Raw) in _ED25519_SMALL_ORDER:
            raise _weak("the Ed25519 public key is a point of small order: anybody can sign under it")
    elif isinstance(key, dsa.DSAPublicKey):
        raise _weak("DSA keys are not taken: use Ed25519, ECDSA or RSA")


def refuse_weak_rsa(key: rsa.RSAPublicKey) -> None:
    """Raise KeyUnusable if the RSA key is weak."""
    numbers = key.public_numbers()
    if not SMALLEST_RSA_BITS <= key.key_size <= LARGEST_RSA_BITS:
        raise _weak(f"an RSA key of {key.key_size} bits: {SMALLEST_RSA_BITS} to {LARGEST_RSA_BITS} are taken")
    if numbers.e < SMALLEST_EXPONENT or numbers.e % 2 == 0:
        raise _weak(f"an RSA key with the public exponent {numbers.e}: an odd one from {SMALLEST_EXPONENT} on is taken")
    if gcd(numbers.n, _small_primes_product()) != 1:
        raise _weak("the RSA modulus has a small factor: the key was made wrongly, or to be broken")
    if _primes_are_close(numbers.n):
        raise _weak("the RSA modulus is of two primes close together: it is factored in a moment")
    if _looks_like_roca(numbers.n):
        raise _weak("the RSA key was made by the flawed library of CVE-2017-15361 (ROCA): have a new one made")


def refuse_weak_symmetric(secret: bytes) -> None:
    """Raise KeyUnusable if the secret is one octet repeated, such as all zeros."""
    if len(set(secret)) == 1:
        raise _weak("the secret key is one octet repeated: a placeholder, no key")


def refuse_short_hmac(secret: bytes, *, chosen_by_us: bool) -> None:
    """Raise KeyUnusable if an HMAC key of our own is too short; a provider's may have 16 octets."""
    if chosen_by_us and len(secret) < OUR_HMAC_BYTES:
        raise _weak(
            f"an HMAC key of {len(secret)} octets: our own have {OUR_HMAC_BYTES}; one that the other side chose "
            "is added with owner counterparty"
        )


def _weak(message: str) -> KeyUnusable:
    return KeyUnusable(message, KeyReason.WEAK)


@cache
def _primes(below: int) -> tuple[int, ...]:
    sieve = bytearray([1]) * below
    for number in range(2, isqrt(below) + 1):
        if sieve[number]:
            sieve[number * number :: number] = bytes(len(range(number * number, below, number)))
    return tuple(number for number in range(2, below) if sieve[number])


@cache
def _small_primes_product() -> int:
    return prod(_primes(_SMALL_PRIMES_BELOW))


def _primes_are_close(modulus: int) -> bool:
    """Fermat's method for so few steps that only primes which differ in their last digits are found."""
    root = isqrt(modulus)
    root += root * root < modulus
    return any(isqrt(rest) ** 2 == rest for rest in ((root + k) ** 2 - modulus for k in range(_FERMAT_STEPS)))


@cache
def _roca_residues() -> tuple[tuple[int, frozenset[int]], ...]:
    primes = _primes(_ROCA_PRIMES_UP_TO + 1)[1:]
    return tuple((prime, frozenset(pow(_ROCA_GENERATOR, k, prime) for k in range(prime))) for prime in primes)


def _looks_like_roca(modulus: int) -> bool:
    """Whether the modulus is a power of 65537 modulo every small prime; by chance one key in 10^8 is."""
    return all(modulus % prime in residues for prime, residues in _roca_residues())
