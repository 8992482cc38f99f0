"""Keys that cannot be used say why, and show nothing of themselves."""

import re

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from signing_keys import EC, RSA, pem, public_pem

from synthprobe.wire.signing.keys import Algorithm, BrokenKey, keyed_hash, private_key, sign

GOOD = pem(RSA)
LINES = GOOD.splitlines()


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        pytest.param("hunter2-hunter2", "not PEM", id="no PEM"),
        pytest.param(public_pem(RSA), "no private key", id="a public key"),
        pytest.param(pem(RSA, b"password"), "encrypted", id="encrypted"),
        pytest.param("\n".join([*LINES[:5], *LINES[9:]]), "damaged", id="lines lost"),
        pytest.param(GOOD[: len(GOOD) // 2], "", id="cut in half"),
        pytest.param(pem(rsa.generate_private_key(65537, 1024)), "1024 bits", id="too weak"),
        pytest.param(pem(ec.generate_private_key(ec.SECP384R1())), "secp384r1", id="another curve"),
    ],
)
def test_a_broken_key_is_told_and_never_shown(broken: str, words: str) -> None:
    with pytest.raises(BrokenKey) as caught:
        private_key(broken)
    told = str(caught.value)
    assert words in told
    assert caught.value.__cause__ is None
    assert not any(
        piece in told for piece in re.findall(r"[A-Za-z0-9+/]{12,}", broken) if piece not in ("PRIVATE",)
    )


def test_a_key_of_another_kind_is_told() -> None:
    with pytest.raises(BrokenKey, match="PS256 needs an RSA key"):
        sign(pem(EC), Algorithm.PS256, b"x")


def test_hmac_is_that_of_rfc_4231() -> None:
    found = keyed_hash(b"Jefe", b"what do ya want for nothing?", "sha256").hex()
    assert found == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    with pytest.raises(BrokenKey, match="empty"):
        keyed_hash(b"", b"x", "sha256")
