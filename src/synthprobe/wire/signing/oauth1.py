"""OAuth 1.0a with RSA-SHA256 and a body hash, by Mastercard's own signer: the extra `mastercard`, imported here only."""

from types import ModuleType

from synthprobe.wire.signing.keys import BrokenKey, private_key
from synthprobe.wire.signing.message import Message, Unsignable

MISSING = (
    "oauth1-rsa is signed by Mastercard's own library, which is not installed here: "
    "pip install 'synthprobe[mastercard]'"
)


def sign(message: Message, consumer_key: str, key: str) -> tuple[tuple[str, str], ...]:
    """The Authorization header, with a nonce and an instant of its own. Raises `BrokenKey`, `Unsignable`."""
    oauth = _signer()
    signing_key = private_key(key)
    try:
        header: str = oauth.OAuth.get_authorization_header(
            message.url, message.method, message.body, consumer_key, signing_key
        )
    except TypeError:
        raise BrokenKey("it is of another kind: oauth1-rsa needs an RSA key") from None
    return (("Authorization", header),)


def _signer() -> ModuleType:
    try:
        from oauth1 import oauth
    except ImportError as error:
        raise Unsignable(MISSING) from error
    module: ModuleType = oauth
    return module
