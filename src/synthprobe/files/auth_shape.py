"""The shape of an entry of `auth`; which keys suit which type is said by `auth_rules.py`."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from synthprobe.files.assertion_shape import HeaderName
from synthprobe.files.durations import Duration
from synthprobe.files.request_shape import Name, Scalar

Text = Annotated[str, Meta(min_length=1)]

AuthType = Literal["basic", "bearer", "oauth2", "hmac", "oauth1-rsa", "jws-detached", "http-signature"]


class Auth(Struct, frozen=True, forbid_unknown_fields=True):
    """How requests that name it say who we are; made anew for each attempt."""

    type: Annotated[AuthType, Meta(description="What is sent or signed.", examples=["hmac"])]
    username: Annotated[Text | UnsetType, Meta(description="Of basic.", examples=["synthprobe"])] = UNSET
    password: Annotated[
        Text | UnsetType, Meta(description="Of basic.", examples=["${{ secrets.password }}"])
    ] = UNSET
    token: Annotated[
        Text | UnsetType, Meta(description="Of bearer.", examples=["${{ secrets.api_key }}"])
    ] = UNSET
    token_url: Annotated[
        Text | UnsetType,
        Meta(description="Where oauth2 asks for a token.", examples=["https://id.acme.example/oauth2/token"]),
    ] = UNSET
    client_id: Annotated[Text | UnsetType, Meta(description="Of oauth2.", examples=["synthprobe"])] = UNSET
    client_secret: Annotated[
        Text | UnsetType, Meta(description="Of oauth2.", examples=["${{ secrets.client }}"])
    ] = UNSET
    client_auth: Annotated[
        Literal["basic", "body"] | UnsetType,
        Meta(
            description="Whether the client names itself by HTTP Basic or in the form; basic.",
            examples=["body"],
        ),
    ] = UNSET
    scope: Annotated[
        Text | UnsetType, Meta(description="What the token is for.", examples=["payments accounts"])
    ] = UNSET
    params: Annotated[
        dict[Text, Scalar] | UnsetType,
        Meta(
            description="Further fields of the token request.",
            examples=[{"audience": "https://api.acme.example"}],
        ),
    ] = UNSET
    margin: Annotated[
        Duration | UnsetType,
        Meta(description="How long before it expires a token is no longer used; 30s.", examples=["1m"]),
    ] = UNSET
    tls: Annotated[
        Name | UnsetType,
        Meta(description="A profile of `tls` for the token request.", examples=["acme"]),
    ] = UNSET
    via: Annotated[
        Name | UnsetType, Meta(description="One of `proxies` for the token request.", examples=["corp"])
    ] = UNSET
    key: Annotated[
        Text | UnsetType,
        Meta(
            description="What signs: a secret, or of a private key also a PEM file, relative to this one.",
            examples=["${{ secrets.hmac_key }}", "keys/signing.pem"],
        ),
    ] = UNSET
    key_encoding: Annotated[
        Literal["text", "hex", "base64"] | UnsetType,
        Meta(description="How a shared key is written; text.", examples=["base64"]),
    ] = UNSET
    algorithm: Annotated[
        Text | UnsetType,
        Meta(
            description="hmac: sha256 (or sha1 sha384 sha512); jws-detached: PS256 (or RS256 ES256); http-signature: "
            "one of RFC 9421.",
            examples=["sha256", "ecdsa-p256-sha256"],
        ),
    ] = UNSET
    sign: Annotated[
        Annotated[list[Text], Meta(min_length=1)] | UnsetType,
        Meta(
            description="What an hmac covers, in this order: method path query target url host body body_hash, "
            "`header.<name>`, `text.<anything>`.",
            examples=[["method", "path", "header.date", "body"]],
        ),
    ] = UNSET
    separator: Annotated[
        str | UnsetType, Meta(description="Between the parts of an hmac; a line break.", examples=["|"])
    ] = UNSET
    header: Annotated[
        HeaderName | UnsetType,
        Meta(
            description="Where the signature goes; jws-detached: x-jws-signature.", examples=["X-Signature"]
        ),
    ] = UNSET
    encoding: Annotated[
        Literal["hex", "base64", "base64url"] | UnsetType,
        Meta(description="How an hmac is written; hex.", examples=["base64"]),
    ] = UNSET
    prefix: Annotated[
        Text | UnsetType, Meta(description="Before the signature of an hmac.", examples=["sha256="])
    ] = UNSET
    headers: Annotated[
        dict[HeaderName, Scalar] | UnsetType,
        Meta(
            description="Headers made anew with each signature, before it.",
            examples=[{"X-Timestamp": "${{ now.unix }}"}],
        ),
    ] = UNSET
    consumer_key: Annotated[
        Text | UnsetType, Meta(description="Of oauth1-rsa.", examples=["${{ secrets.consumer_key }}"])
    ] = UNSET
    kid: Annotated[
        Text | UnsetType, Meta(description="The key's id, of jws-detached.", examples=["90210ABAD"])
    ] = UNSET
    b64: Annotated[
        bool | UnsetType,
        Meta(
            description="Whether jws-detached encodes the body before it signs it; false signs it as it is sent "
            "(RFC 7797).",
            examples=[True],
        ),
    ] = UNSET
    claims: Annotated[
        dict[Text, Any] | UnsetType,
        Meta(
            description="Further parameters of the protected header, all critical but those of RFC 7515.",
            examples=[{"http://openbanking.org.uk/iat": "${{ now.unix }}"}],
        ),
    ] = UNSET
    keyid: Annotated[
        Text | UnsetType, Meta(description="The key's id, of http-signature.", examples=["synthprobe-1"])
    ] = UNSET
    components: Annotated[
        Annotated[list[Text], Meta(min_length=1)] | UnsetType,
        Meta(
            description="What http-signature covers; `content-digest` is added to the request where it is covered.",
            examples=[["@method", "@target-uri", "content-digest"]],
        ),
    ] = UNSET
    label: Annotated[
        Annotated[str, Meta(pattern="^[a-z*][a-z0-9_.*-]*$", max_length=64)] | UnsetType,
        Meta(description="The name of the http-signature; sig1.", examples=["synthprobe"]),
    ] = UNSET
    expires: Annotated[
        Duration | UnsetType,
        Meta(description="How long the http-signature is good; without end.", examples=["5m"]),
    ] = UNSET
    nonce: Annotated[
        bool | UnsetType, Meta(description="Whether the http-signature has a nonce; false.", examples=[True])
    ] = UNSET
    tag: Annotated[
        Text | UnsetType, Meta(description="What the http-signature is for.", examples=["fapi-2-request"])
    ] = UNSET
    digest: Annotated[
        Literal["sha-256", "sha-512"] | UnsetType,
        Meta(description="Of Content-Digest (RFC 9530); sha-256.", examples=["sha-512"]),
    ] = UNSET
    alg: Annotated[
        bool | UnsetType,
        Meta(description="Whether the http-signature names its algorithm; true.", examples=[False]),
    ] = UNSET
