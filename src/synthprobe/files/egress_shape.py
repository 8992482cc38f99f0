"""The shape of what says how requests leave: TLS profiles, proxies, and the hosts that may be called."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

Source = Annotated[str, Meta(min_length=1)]
HostPattern = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9*_.:-]*[A-Za-z0-9_-]\.?$",
        max_length=253,
        extra_json_schema={
            "patternErrorMessage": "use a host's name or address; `*` may not be its end, as in `*.acme.example`"
        },
    ),
]


Currency = Annotated[
    str,
    Meta(
        pattern="^[A-Z]{3}$",
        extra_json_schema={"patternErrorMessage": "write a currency's three capital letters, as EUR"},
    ),
]


class TlsProfile(Struct, frozen=True, forbid_unknown_fields=True):
    """Certificates for requests that name this profile."""

    client_cert: Annotated[
        Source | UnsetType,
        Meta(
            description="PEM file of what we show, relative to the probe file; or `${{ secrets.name }}`.",
            examples=["certs/acme.pem"],
        ),
    ] = UNSET
    client_key: Annotated[
        Source | UnsetType,
        Meta(
            description="Its private key, where that is not in the same file.",
            examples=["${{ secrets.mtls_key }}"],
        ),
    ] = UNSET
    ca: Annotated[
        Source | UnsetType,
        Meta(description="Authorities to trust instead of the system's.", examples=["certs/ca.pem"]),
    ] = UNSET
    min_version: Annotated[
        Literal["1.2", "1.3"] | UnsetType, Meta(description="Oldest TLS spoken; 1.2.", examples=["1.3"])
    ] = UNSET


class Proxy(Struct, frozen=True, forbid_unknown_fields=True):
    """An egress proxy that opens a way by CONNECT."""

    url: Annotated[
        str, Meta(min_length=1, description="Where it listens.", examples=["http://proxy.corp.example:3128"])
    ]
    username: Annotated[
        str | UnsetType, Meta(description="For Basic authentication.", examples=["synthprobe"])
    ] = UNSET
    password: Annotated[
        str | UnsetType,
        Meta(description="For Basic authentication.", examples=["${{ secrets.proxy_password }}"]),
    ] = UNSET
    no_proxy: Annotated[
        list[HostPattern] | UnsetType,
        Meta(description="Hosts reached without it.", examples=[["*.corp.example"]]),
    ] = UNSET


class Safety(Struct, frozen=True, forbid_unknown_fields=True):
    """What the probe may do beyond what is written in its file."""

    hosts: Annotated[
        list[HostPattern] | UnsetType,
        Meta(
            description="Hosts that may be called though a response, a redirect or a secret names them.",
            examples=[["*.sandbox.acme.example"]],
        ),
    ] = UNSET
    max_amount: Annotated[
        dict[Currency, str] | UnsetType,
        Meta(
            description="The most that one step may move, by currency; others may not be moved.",
            examples=[{"EUR": "2.00"}],
        ),
    ] = UNSET
    max_open_exposure: Annotated[
        dict[Currency, str] | UnsetType,
        Meta(
            description="The most that may be made and not yet taken back: beyond it no run is started; five times "
            "`max_amount`.",
            examples=[{"EUR": "10.00"}],
        ),
    ] = UNSET
    budget: Annotated[
        Annotated[str, Meta(min_length=1)] | UnsetType,
        Meta(
            description="The budget (SYNTHPROBE_BUDGETS) that its requests are drawn from, with all checks that name it.",
            examples=["acme-sandbox"],
        ),
    ] = UNSET
