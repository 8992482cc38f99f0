"""The shape of a step that waits for a webhook, and of how it is proven."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from synthprobe.files.assertion_shape import Assertion, HeaderName
from synthprobe.files.durations import Duration
from synthprobe.files.request_shape import Name

Key = Annotated[str, Meta(min_length=1)]


class Verify(Struct, frozen=True, forbid_unknown_fields=True):
    """How deliveries are signed."""

    type: Annotated[
        Literal["hmac", "stripe", "standard-webhooks"],
        Meta(description="The provider's way of signing.", examples=["standard-webhooks"]),
    ]
    key: Annotated[
        Key | Annotated[list[Key], Meta(min_length=1, max_length=5)],
        Meta(
            description="The secret; while it rotates the old one and the new.",
            examples=["${{ secrets.hook_key }}", ["${{ secrets.new_key }}", "${{ secrets.old_key }}"]],
        ),
    ]
    header: Annotated[
        HeaderName | UnsetType,
        Meta(
            description="The header of the signature, for `hmac`; Stripe-Signature for `stripe`.",
            examples=["X-Hook-Signature"],
        ),
    ] = UNSET
    algorithm: Annotated[
        Literal["sha1", "sha256", "sha384", "sha512"] | UnsetType,
        Meta(description="The hash, for `hmac`; sha256.", examples=["sha512"]),
    ] = UNSET
    encoding: Annotated[
        Literal["hex", "base64"] | UnsetType,
        Meta(description="How the signature is written, for `hmac`; hex.", examples=["base64"]),
    ] = UNSET
    prefix: Annotated[
        str | UnsetType,
        Meta(description="What stands before the signature, for `hmac`.", examples=["sha256="]),
    ] = UNSET
    timestamp: Annotated[
        HeaderName | UnsetType,
        Meta(
            description="The header of the Unix time that is signed before the body with a dot, for `hmac`.",
            examples=["X-Hook-Timestamp"],
        ),
    ] = UNSET
    tolerance: Annotated[
        Duration | UnsetType,
        Meta(description="How old, or early, a signature may be; 5m.", examples=["300s"]),
    ] = UNSET


class Await(Struct, frozen=True, forbid_unknown_fields=True):
    """Wait for an inbound webhook; one that came before this step began is found too."""

    correlate: Annotated[
        Assertion | UnsetType,
        Meta(
            description="What tells this run's deliveries from others; not needed with `run.callback_url`.",
            examples=[{"json": "$.data.reference", "equals": "${{ vars.ref }}"}],
        ),
    ] = UNSET
    match: Annotated[
        list[Assertion] | UnsetType,
        Meta(
            description="Which of them is waited for; all must hold.",
            examples=[[{"json": "$.type", "equals": "payment.captured"}]],
        ),
    ] = UNSET
    verify: Annotated[
        Verify | UnsetType,
        Meta(
            description="How it is proven.",
            examples=[{"type": "stripe", "key": "${{ secrets.hook_key }}"}],
        ),
    ] = UNSET
    timeout: Annotated[
        Duration | UnsetType, Meta(description="How long it is waited for; 30s.", examples=["30s"])
    ] = UNSET
    settle: Annotated[
        Duration | UnsetType,
        Meta(description="How long to go on listening, so that a duplicate is seen; 0s.", examples=["2s"]),
    ] = UNSET
    since: Annotated[
        Name | UnsetType,
        Meta(
            description="The step whose start `delay` is counted from; the last one that sent something.",
            examples=["capture"],
        ),
    ] = UNSET
