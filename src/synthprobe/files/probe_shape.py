"""The shape of a whole probe file, and its published schema; `step_shape.py` holds what is inside a step."""

from copy import deepcopy
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from synthprobe.files.alert_shape import Alert
from synthprobe.files.assertion_shape import HeaderName
from synthprobe.files.auth_shape import Auth
from synthprobe.files.defaults_shape import Defaults
from synthprobe.files.durations import Duration
from synthprobe.files.egress_shape import HostPattern, Proxy, Safety, TlsProfile
from synthprobe.files.request_shape import Name
from synthprobe.files.schedule_shape import Schedule, Slo
from synthprobe.files.secret_shape import Secret
from synthprobe.files.shapes import schema_of
from synthprobe.files.step_shape import Step

ProbeName = Annotated[
    str,
    Meta(
        pattern="^[a-z0-9][a-z0-9-]*$",
        max_length=80,
        extra_json_schema={"patternErrorMessage": "use lower-case letters, digits and `-`"},
    ),
]
RegionName = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z0-9][A-Za-z0-9_-]*$",
        max_length=80,
        extra_json_schema={"patternErrorMessage": "use letters, digits, `-` and `_`"},
    ),
]
LabelName = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z_][A-Za-z0-9_]*$",
        max_length=80,
        extra_json_schema={"patternErrorMessage": "a label's name has only letters, digits and `_`"},
    ),
]


class Redact(Struct, frozen=True, forbid_unknown_fields=True):
    """What is hidden wherever a run is shown, beyond what always is."""

    json: Annotated[
        list[str] | UnsetType,
        Meta(description="JSONPaths in request and response bodies.", examples=[["$.card.number"]]),
    ] = UNSET
    headers: Annotated[
        list[HeaderName] | UnsetType, Meta(description="Header names.", examples=[["X-Api-Key"]])
    ] = UNSET


class ProbeFile(Struct, frozen=True, forbid_unknown_fields=True):
    """One probe: a named list of steps, when and where it runs, and when it alerts."""

    name: Annotated[
        ProbeName, Meta(description="Identity of its series, alerts and traces.", examples=["card-refund"])
    ]
    schedule: Annotated[Schedule, Meta(description="When runs start.", examples=[{"every": "3m"}])]
    regions: Annotated[
        Annotated[dict[RegionName, dict[Name, Any]], Meta(min_length=1)]
        | Annotated[list[RegionName], Meta(min_length=1)],
        Meta(
            description="Where it runs, with values for `${{ region.* }}`; or a plain list.",
            examples=[{"emea": {"base_url": "https://eu.sandbox.acme.example"}}, ["emea", "amer"]],
        ),
    ]
    steps: Annotated[
        Annotated[list[Step], Meta(min_length=1)],
        Meta(
            description="What it does, in order.",
            examples=[[{"id": "health", "request": {"url": "https://eu.sandbox.acme.example/health"}}]],
        ),
    ]
    description: Annotated[
        str | UnsetType,
        Meta(description="What it shows to work, as a sentence.", examples=["A card is charged."]),
    ] = UNSET
    owner: Annotated[str | UnsetType, Meta(description="The team that owns it.", examples=["cards"])] = UNSET
    labels: Annotated[
        dict[LabelName, str] | UnsetType,
        Meta(description="Facts on its alerts.", examples=[{"flow": "card"}]),
    ] = UNSET
    runbook: Annotated[
        str | UnsetType,
        Meta(description="What to do when it fails.", examples=["https://runbooks.example/card"]),
    ] = UNSET
    environment: Annotated[
        Literal["sandbox", "live"] | UnsetType,
        Meta(
            description="What kind of API it calls. A live one demands `safety` and `money`, is run only as far as the "
            "platform team has approved it, and is not confirmed unless `alert.confirm` says so.",
            examples=["sandbox"],
        ),
    ] = UNSET
    timeout: Annotated[
        Duration | UnsetType,
        Meta(description="The whole run; 60s, or `every` where that is shorter.", examples=["60s"]),
    ] = UNSET
    undo_timeout: Annotated[
        Duration | UnsetType,
        Meta(description="One attempt at taking a run's effects back; 30s.", examples=["30s"]),
    ] = UNSET
    matrix: Annotated[
        list[Annotated[dict[Name, Any], Meta(min_length=1)]] | UnsetType,
        Meta(
            description="One check per region and row; the first key (or `id`) names the row.",
            examples=[[{"scheme": "visa", "method": "pm_card_visa"}]],
        ),
    ] = UNSET
    vars: Annotated[
        dict[Name, Any] | UnsetType,
        Meta(description="Values for `${{ vars.* }}`; money is quoted.", examples=[{"amount": "1.07"}]),
    ] = UNSET
    secrets: Annotated[
        dict[Name, Secret] | UnsetType,
        Meta(description="Values for `${{ secrets.* }}`.", examples=[{"key": {"env": "ACME_KEY"}}]),
    ] = UNSET
    auth: Annotated[
        dict[Name, Auth] | UnsetType,
        Meta(
            description="Credentials and signatures, used where a request names them.",
            examples=[{"acme": {"type": "bearer", "token": "${{ secrets.api_key }}"}}],
        ),
    ] = UNSET
    tls: Annotated[
        dict[Name, TlsProfile] | UnsetType,
        Meta(
            description="Certificates, used where a request names them.",
            examples=[{"acme": {"client_cert": "certs/acme.pem", "client_key": "${{ secrets.mtls_key }}"}}],
        ),
    ] = UNSET
    proxies: Annotated[
        dict[Name, Proxy] | UnsetType,
        Meta(
            description="Egress proxies, used where a request names one by `via`.",
            examples=[{"corp": {"url": "http://proxy.corp.example:3128"}}],
        ),
    ] = UNSET
    safety: Annotated[
        Safety | UnsetType,
        Meta(description="What it may do beyond its file.", examples=[{"hosts": ["*.acme.example"]}]),
    ] = UNSET
    defaults: Annotated[
        Defaults | UnsetType, Meta(description="What steps share.", examples=[{"request": {"timeout": "5s"}}])
    ] = UNSET
    alert: Annotated[
        Alert | UnsetType, Meta(description="When results become an alert.", examples=[{"fail_after": 2}])
    ] = UNSET
    trace: Annotated[
        Annotated[
            str,
            Meta(
                pattern="^1/[1-9][0-9]{0,3}$",
                extra_json_schema={"patternErrorMessage": "a share of runs is written as `1/20`"},
            ),
        ]
        | UnsetType,
        Meta(
            description="The share of runs whose trace context says sampled; 1/1. Each does while the check fails.",
            examples=["1/20"],
        ),
    ] = UNSET
    propagate_baggage: Annotated[
        Annotated[list[HostPattern], Meta(min_length=1)] | UnsetType,
        Meta(
            description="Hosts that are told, as W3C Baggage, which probe, region and run calls; none.",
            examples=[["*.sandbox.acme.example"]],
        ),
    ] = UNSET
    slo: Annotated[
        Slo | UnsetType,
        Meta(description="What its owner promises.", examples=[{"objective": "99.9", "window": "30d"}]),
    ] = UNSET
    redact: Annotated[
        Redact | UnsetType, Meta(description="What is hidden besides.", examples=[{"headers": ["X-Api-Key"]}])
    ] = UNSET


def probe_schema() -> dict[str, Any]:
    """The JSON Schema (Draft 2020-12) of probe files, for editors and documentation."""
    schema = deepcopy(schema_of(ProbeFile))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "synthprobe probe", **schema}
