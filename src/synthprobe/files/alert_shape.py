"""The shape of `alert` in a probe file: when results become an alert."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

Positive = Annotated[int, Meta(ge=1, le=1000)]


class FailAfter(Struct, frozen=True, forbid_unknown_fields=True):
    """Fire on so many failed runs among the last so many."""

    failed: Annotated[Positive, Meta(description="Failed runs.", examples=[2])]
    of: Annotated[Positive, Meta(description="Among this many.", examples=[5])]


class Alert(Struct, frozen=True, forbid_unknown_fields=True):
    """When results become an alert."""

    fail_after: Annotated[
        Positive | FailAfter | UnsetType,
        Meta(
            description="Failed runs in a row, or so many among the last so many.",
            examples=[2, {"failed": 2, "of": 5}],
        ),
    ] = UNSET
    degraded_after: Annotated[
        Positive | FailAfter | UnsetType,
        Meta(
            description="Degraded or failed runs that make it a warning: in a row, or among the last so many.",
            examples=[3, {"failed": 3, "of": 5}],
        ),
    ] = UNSET
    recover_after: Annotated[
        Positive | UnsetType, Meta(description="Good runs in a row that resolve it.", examples=[2])
    ] = UNSET
    confirm: Annotated[
        bool | UnsetType,
        Meta(
            description="Before the first page, run at once in the other regions, or once more here; true.",
            examples=[False],
        ),
    ] = UNSET
    severity: Annotated[
        Literal["critical", "warning", "info", "none"] | UnsetType,
        Meta(
            description="The label `severity` of its alerts: critical, warning, info or none; critical.",
            examples=["critical"],
        ),
    ] = UNSET
    mode: Annotated[
        Literal["page", "trial"] | UnsetType,
        Meta(description="A trial tells nobody: it notes what would have happened.", examples=["trial"]),
    ] = UNSET
