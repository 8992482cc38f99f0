"""The shape of `secrets` in a probe file: where values are read from that no file holds."""

from typing import Annotated, ClassVar

from msgspec import UNSET, Meta, Struct, UnsetType

from synthprobe.files.shapes import require_exactly_one

EnvironmentName = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z_][A-Za-z0-9_]*$",
        extra_json_schema={
            "patternErrorMessage": "an environment variable's name has only letters, digits and `_`"
        },
    ),
]


class VaultSecret(Struct, frozen=True, forbid_unknown_fields=True):
    """Where in Vault a secret is."""

    path: Annotated[
        Annotated[
            str,
            Meta(
                pattern=r"^[A-Za-z0-9_.@+-]+(/[A-Za-z0-9_.@+-]+)+$",
                extra_json_schema={"patternErrorMessage": "a path has a mount and a name, as `secret/acme`"},
            ),
        ],
        Meta(description="Mount and name.", examples=["secret/acme"]),
    ]
    field: Annotated[
        Annotated[str, Meta(min_length=1)], Meta(description="The field of it.", examples=["api_key"])
    ]
    url: Annotated[
        Annotated[
            str,
            Meta(
                pattern="^https?://[^/?#]+/?$",
                extra_json_schema={"patternErrorMessage": "an address is `https://host:port`"},
            ),
        ]
        | UnsetType,
        Meta(
            description="The Vault; `VAULT_ADDR` of the agent's process, which no other address may differ from.",
            examples=["https://vault.corp.example:8200"],
        ),
    ] = UNSET


class Secret(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a secret's value is read from when a run needs it."""

    EXACTLY_ONE: ClassVar[tuple[str, ...]] = ("env", "file", "vault")

    env: Annotated[
        EnvironmentName | UnsetType, Meta(description="An environment variable.", examples=["ACME_KEY"])
    ] = UNSET
    file: Annotated[
        Annotated[str, Meta(min_length=1)] | UnsetType,
        Meta(description="A file, relative to the probe file.", examples=["secrets/acme-key"]),
    ] = UNSET
    vault: Annotated[
        VaultSecret | UnsetType,
        Meta(
            description="A field in HashiCorp Vault, version 1 or 2 of its key-value store.",
            examples=[{"path": "secret/acme", "field": "api_key"}],
        ),
    ] = UNSET

    def __post_init__(self) -> None:
        require_exactly_one(self)
