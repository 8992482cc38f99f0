"""The shape of a step as a probe file writes it; its parts have modules of their own."""

from typing import Annotated, Any, ClassVar

from msgspec import UNSET, Meta, Struct, UnsetType

from synthprobe.files.assertion_shape import Assertion
from synthprobe.files.await_shape import Await
from synthprobe.files.capture_shape import Capture
from synthprobe.files.classify_shape import Classify
from synthprobe.files.condition_shape import Condition
from synthprobe.files.durations import Duration
from synthprobe.files.iso8583_shape import Iso8583
from synthprobe.files.poll_shape import Poll
from synthprobe.files.protocol_shape import Handshake, Question, Tcp
from synthprobe.files.request_shape import Name, Request, Retry
from synthprobe.files.shapes import require_exactly_one
from synthprobe.files.undo_shape import Money, Undo

StepId = Annotated[
    str,
    Meta(
        pattern="^[a-z0-9][a-z0-9_-]*$",
        max_length=80,
        extra_json_schema={"patternErrorMessage": "use lower-case letters, digits, `-` and `_`"},
    ),
]


class Resend(Struct, frozen=True, forbid_unknown_fields=True):
    """Send what an earlier step sent."""

    step: Annotated[StepId, Meta(description="The step, a `request`.", examples=["authorise"])]
    exact: Annotated[
        bool | UnsetType,
        Meta(
            description="The very bytes, signatures and dates too, to test a defence against replays; false.",
            examples=[True],
        ),
    ] = UNSET


class Step(
    Struct,
    frozen=True,
    forbid_unknown_fields=True,
    rename={"assertions": "assert", "condition": "if", "inputs": "with", "awaited": "await"},
):
    """One action and what is expected of it; exactly one kind (`request poll await use resend tcp tls dns iso8583 pause`)."""

    EXACTLY_ONE: ClassVar[tuple[str, ...]] = (
        "request",
        "poll",
        "await",
        "use",
        "resend",
        "tcp",
        "tls",
        "dns",
        "iso8583",
        "pause",
    )

    id: Annotated[StepId, Meta(description="The step's name within the probe.", examples=["authorise"])]
    request: Annotated[
        Request | UnsetType,
        Meta(description="Send one HTTP request.", examples=[{"url": "${{ region.base_url }}/health"}]),
    ] = UNSET
    poll: Annotated[
        Poll | UnsetType,
        Meta(
            description="Ask again and again until a state is reached.",
            examples=[
                {
                    "request": {"url": "${{ region.base_url }}/v1/payments/1"},
                    "until": [{"json": "$.status", "equals": "CAPTURED"}],
                }
            ],
        ),
    ] = UNSET
    awaited: Annotated[
        Await | UnsetType,
        Meta(
            description="Wait for a webhook that the provider sends to us.",
            examples=[
                {
                    "correlate": {"json": "$.data.reference", "equals": "${{ vars.ref }}"},
                    "match": [{"json": "$.type", "equals": "payment.captured"}],
                    "timeout": "30s",
                }
            ],
        ),
    ] = UNSET
    use: Annotated[
        Annotated[str, Meta(min_length=1)] | UnsetType,
        Meta(
            description="Do the steps of a fragment: a file with `inputs:`, relative to this one.",
            examples=["shared/refund.yaml"],
        ),
    ] = UNSET
    inputs: Annotated[
        dict[Name, Any] | UnsetType,
        Meta(
            description="Values for the inputs of the fragment that `use` names.",
            examples=[{"payment_id": "${{ steps.authorise.id }}"}],
        ),
    ] = UNSET
    resend: Annotated[
        StepId | Resend | UnsetType,
        Meta(
            description="Send what an earlier step sent, byte for byte and with its key.",
            examples=["authorise", {"step": "authorise", "exact": True}],
        ),
    ] = UNSET
    tcp: Annotated[
        Tcp | UnsetType,
        Meta(
            description="Connect, send, and wait for what must come.",
            examples=[{"host": "cache.acme.example", "port": 6379, "send": "PING\r\n", "expect": "+PONG"}],
        ),
    ] = UNSET
    tls: Annotated[
        Handshake | UnsetType,
        Meta(
            description="Shake hands, and look at the certificate.", examples=[{"host": "api.acme.example"}]
        ),
    ] = UNSET
    dns: Annotated[
        Question | UnsetType,
        Meta(
            description="Ask a resolver.",
            examples=[{"name": "api.acme.example", "type": "A", "resolver": "9.9.9.9"}],
        ),
    ] = UNSET
    iso8583: Annotated[
        Iso8583 | UnsetType,
        Meta(
            description="Send an ISO 8583 message and wait for its answer.",
            examples=[
                {"host": "acquirer.acme.example", "port": 8583, "type": "0800", "fields": {"70": "301"}}
            ],
        ),
    ] = UNSET
    pause: Annotated[Duration | UnsetType, Meta(description="Wait this long.", examples=["2s"])] = UNSET
    condition: Annotated[
        Condition | UnsetType,
        Meta(
            description="Run only if this is so of an earlier step; otherwise it is skipped.",
            examples=[
                {"step": "authorise", "is": "passed"},
                {"json": "$.next_action.type", "of": "authorise", "equals": "redirect"},
            ],
        ),
    ] = UNSET
    description: Annotated[
        str | UnsetType, Meta(description="What it is for, as a sentence.", examples=["Hold the money."])
    ] = UNSET
    assertions: Annotated[
        list[Assertion] | UnsetType,
        Meta(description="What must hold; all are evaluated.", examples=[[{"status": 200}]]),
    ] = UNSET
    capture: Annotated[
        dict[Name, Capture] | UnsetType,
        Meta(description="Values for later steps.", examples=[{"id": {"json": "$.id"}}]),
    ] = UNSET
    classify: Annotated[
        Classify | UnsetType,
        Meta(
            description="Where the response says that it declined: a decline is no outage.",
            examples=[{"json": "$.response_code", "declined": ["05", "51"], "technical": ["91", "96"]}],
        ),
    ] = UNSET
    money: Annotated[
        Money | UnsetType,
        Meta(
            description="What it puts at stake until it is taken back.",
            examples=[{"amount": "${{ vars.amount }}", "currency": "EUR"}],
        ),
    ] = UNSET
    undo: Annotated[
        Undo | UnsetType,
        Meta(
            description="How what it does is taken back after the run, also when its answer was lost.",
            examples=[
                {
                    "unless": "refund",
                    "look": {
                        "request": {
                            "url": "${{ region.base_url }}/v1/payments",
                            "query": {"reference": "${{ vars.ref }}"},
                        },
                        "each": "$.data[*]",
                    },
                    "act": [
                        {"when": [{"json": "$.status", "equals": "CANCELLED"}], "done": "nothing is held"}
                    ],
                }
            ],
        ),
    ] = UNSET
    retry: Annotated[
        Retry | UnsetType,
        Meta(description="When to repeat the request.", examples=[{"on": ["connect"], "max": 2}]),
    ] = UNSET
    timeout: Annotated[
        Duration | UnsetType, Meta(description="The whole step, retries included.", examples=["20s"])
    ] = UNSET
    continue_on_failure: Annotated[
        bool | UnsetType, Meta(description="Go on with the next step if this one fails.", examples=[True])
    ] = UNSET

    def __post_init__(self) -> None:
        require_exactly_one(self)


def kind_of(step: Step) -> str:
    """The key of a step's kind."""
    return next(key for key in Step.EXACTLY_ONE if getattr(step, _ATTRIBUTES.get(key, key)) is not UNSET)


_ATTRIBUTES = {"await": "awaited"}
