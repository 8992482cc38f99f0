"""The shape of a fragment: steps that several probes share, with what they take and give."""

from copy import deepcopy
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from synthprobe.files.request_shape import Name
from synthprobe.files.shapes import schema_of
from synthprobe.files.step_shape import Step


class Input(Struct, frozen=True, forbid_unknown_fields=True):
    """One thing a fragment takes."""

    description: Annotated[
        str | UnsetType, Meta(description="What it is, as a sentence.", examples=["The payment's id."])
    ] = UNSET
    default: Annotated[
        Any, Meta(description="Taken where `with` does not give it; without, `with` must.", examples=["1.07"])
    ] = UNSET


class FragmentFile(Struct, frozen=True, forbid_unknown_fields=True):
    """Steps for `use`: they know their `inputs`, each other, and the region, row, vars and secrets of the probe."""

    inputs: Annotated[
        dict[Name, Input | None],
        Meta(
            description="What it takes, known to its steps as `${{ inputs.* }}`; `{}` for nothing.",
            examples=[{"payment_id": {"description": "The payment's id."}, "amount": {"default": "1.07"}}],
        ),
    ]
    steps: Annotated[
        Annotated[list[Step], Meta(min_length=1)],
        Meta(
            description="What it does, in order.",
            examples=[[{"id": "create", "request": {"url": "${{ region.base_url }}/v1/refunds"}}]],
        ),
    ]
    outputs: Annotated[
        dict[Name, Any] | UnsetType,
        Meta(
            description="What it gives, known where it is used as `${{ steps.<id of the use>.* }}`.",
            examples=[{"refund_id": "${{ steps.create.id }}"}],
        ),
    ] = UNSET
    description: Annotated[
        str | UnsetType,
        Meta(description="What it does, as a sentence.", examples=["A payment is refunded in full."]),
    ] = UNSET


def fragment_schema() -> dict[str, Any]:
    """The JSON Schema (Draft 2020-12) of fragments, for editors and documentation."""
    schema = deepcopy(schema_of(FragmentFile))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "synthprobe fragment",
        **schema,
    }
