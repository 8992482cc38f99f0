"""Private keys from PEM text, and signatures by them; the only importer of cryptography, and nothing here shows a key."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

WEAKEST = 2048
"""Bits of an RSA key at least."""


class BrokenKey(ValueError):
    """A key that cannot be used; the message says why and never holds any of it."""


class Algorithm(StrEnum):
    """How a private key signs."""

    RS256 = "RS256"
    PS256 = "PS256"
    PS512 = "PS512"
    ES256 = "ES256"
    ED25519 = "Ed25519"


def sign(pem: str, algorithm: Algorithm, data: bytes) -> bytes:
    """The signature: of ES256 as r and s in a row. Raises `BrokenKey`."""
    key = private_key(pem)
    wanted, named = _KINDS[algorithm]
    if not isinstance(key, wanted):
        raise BrokenKey(f"it is of another kind: {algorithm} needs {named}")
    return _SIGN[algorithm](key, data)


@lru_cache(maxsize=64)
def private_key(pem: str) -> PrivateKey:
    """The key in a PEM text. Raises `BrokenKey`."""
    if "-----BEGIN" not in pem:
        raise BrokenKey("it is not PEM (`-----BEGIN PRIVATE KEY-----`)")
    if "PRIVATE KEY-----" not in pem:
        raise BrokenKey("it holds no private key, but something else in PEM")
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except TypeError:
        raise BrokenKey("it is encrypted; store it in the secret without a password") from None
    except (ValueError, UnsupportedAlgorithm):
        raise BrokenKey("it is damaged: its PEM cannot be decoded to a key") from None
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < WEAKEST:
        raise BrokenKey(f"it has {key.key_size} bits; {WEAKEST} are the least that is safe")
    if isinstance(key, ec.EllipticCurvePrivateKey) and not isinstance(key.curve, ec.SECP256R1):
        raise BrokenKey(f"it is on the curve {key.curve.name}; only P-256 is spoken")
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        raise BrokenKey("it is neither RSA nor EC nor Ed25519")
    return key


def keyed_hash(key: bytes, data: bytes, algorithm: str) -> bytes:
    """HMAC (RFC 2104) by a hash of hashlib. Raises `BrokenKey`."""
    if not key:
        raise BrokenKey("it is empty")
    return hmac.digest(key, data, getattr(hashlib, algorithm))


def _rs256(key: rsa.RSAPrivateKey, data: bytes) -> bytes:
    return key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def _ps256(key: rsa.RSAPrivateKey, data: bytes) -> bytes:
    return key.sign(
        data, padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size), hashes.SHA256()
    )


def _ps512(key: rsa.RSAPrivateKey, data: bytes) -> bytes:
    return key.sign(
        data, padding.PSS(padding.MGF1(hashes.SHA512()), hashes.SHA512.digest_size), hashes.SHA512()
    )


def _es256(key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


def _ed25519(key: ed25519.Ed25519PrivateKey, data: bytes) -> bytes:
    return key.sign(data)


_SIGN: Mapping[Algorithm, Callable[..., bytes]] = {
    Algorithm.RS256: _rs256,
    Algorithm.PS256: _ps256,
    Algorithm.PS512: _ps512,
    Algorithm.ES256: _es256,
    Algorithm.ED25519: _ed25519,
}

_RSA, _EC, _ED = "an RSA key", "an EC key on P-256", "an Ed25519 key"

_KINDS: Mapping[Algorithm, tuple[type[PrivateKey], str]] = {
    Algorithm.RS256: (rsa.RSAPrivateKey, _RSA),
    Algorithm.PS256: (rsa.RSAPrivateKey, _RSA),
    Algorithm.PS512: (rsa.RSAPrivateKey, _RSA),
    Algorithm.ES256: (ec.EllipticCurvePrivateKey, _EC),
    Algorithm.ED25519: (ed25519.Ed25519PrivateKey, _ED),
}
