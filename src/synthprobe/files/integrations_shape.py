"""The shape of the ways out that a receiver in routes.yaml may have."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from synthprobe.files.wall_texts import Location, Name

Variable = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z_][A-Za-z0-9_]*$",
        max_length=200,
        extra_json_schema={"patternErrorMessage": "use letters, digits and `_`"},
    ),
]
SendResolved = Annotated[bool, Meta(description="Whether it hears of an end, too.", examples=[True])]
ShownIn = Annotated[
    Location | UnsetType,
    Meta(description="The zone that times are shown in, beside UTC.", examples=["Europe/London"]),
]


class WebhookFile(Struct, frozen=True, forbid_unknown_fields=True):
    """An Alertmanager v4 webhook."""

    url: Annotated[
        str | UnsetType, Meta(description="Where to POST.", examples=["https://desk.example.test/hook"])
    ] = UNSET
    url_file: Annotated[
        Name | UnsetType, Meta(description="A file that holds the URL.", examples=["secrets/hook"])
    ] = UNSET
    signing_secret_files: Annotated[
        Annotated[list[Name], Meta(min_length=1, max_length=2)] | UnsetType,
        Meta(
            description="Files of `whsec_` secrets by which it is signed (Standard Webhooks); two while they rotate.",
            examples=[["secrets/signing-new", "secrets/signing-old"]],
        ),
    ] = UNSET
    max_alerts: Annotated[
        Annotated[int, Meta(ge=0)] | UnsetType,
        Meta(description="Alerts in one message at most; 0, all of them.", examples=[100]),
    ] = UNSET
    send_resolved: SendResolved = True


class SlackFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A Slack channel."""

    api_url: Annotated[
        str | UnsetType,
        Meta(description="The incoming webhook's URL.", examples=["https://hooks.example.test/x"]),
    ] = UNSET
    api_url_file: Annotated[
        Name | UnsetType, Meta(description="A file that holds the URL.", examples=["secrets/slack"])
    ] = UNSET
    channel: Annotated[
        Name | UnsetType, Meta(description="The channel to post to.", examples=["#payments-alerts"])
    ] = UNSET
    send_resolved: SendResolved = True


class AppriseFile(Struct, frozen=True, forbid_unknown_fields=True):
    """Any of the hundred services that Apprise knows."""

    url_file: Annotated[
        Name | UnsetType, Meta(description="A file that holds an Apprise URL.", examples=["secrets/duty"])
    ] = UNSET
    url_env: Annotated[
        Variable | UnsetType,
        Meta(description="A variable of the router that holds it.", examples=["DUTY_URL"]),
    ] = UNSET
    location: ShownIn = UNSET
    send_resolved: SendResolved = True


class PagerdutyFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A service of PagerDuty, by its Events API v2."""

    routing_key_file: Annotated[
        Name | UnsetType,
        Meta(description="A file that holds the integration's key.", examples=["secrets/pagerduty"]),
    ] = UNSET
    routing_key_env: Annotated[
        Variable | UnsetType,
        Meta(description="A variable of the router that holds it.", examples=["PAGERDUTY_KEY"]),
    ] = UNSET
    url: Annotated[
        str | UnsetType,
        Meta(
            description="Where events go, if not to PagerDuty's own address.",
            examples=["https://events.eu.pagerduty.com/v2/enqueue"],
        ),
    ] = UNSET
    location: ShownIn = UNSET
    send_resolved: SendResolved = True


class EmailFile(Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """Mail; one thread an incident."""

    to: Annotated[
        str,
        Meta(min_length=3, description="Who gets it; several with commas.", examples=["duty@example.test"]),
    ]
    from_: Annotated[
        str, Meta(min_length=3, description="Who it is from.", examples=["synthprobe <probe@example.test>"])
    ]
    smarthost: Annotated[
        str,
        Meta(
            pattern=r"^.+:[0-9]{1,5}$",
            description="The server that takes it, with its port; on 465 TLS is spoken from the first byte.",
            examples=["mail.example.test:587"],
            extra_json_schema={"patternErrorMessage": "as mail.example.test:587"},
        ),
    ]
    auth_username: Annotated[
        str | UnsetType, Meta(description="Who logs in there.", examples=["synthprobe"])
    ] = UNSET
    auth_password_file: Annotated[
        Name | UnsetType, Meta(description="A file that holds the password.", examples=["secrets/mail"])
    ] = UNSET
    auth_password_env: Annotated[
        Variable | UnsetType,
        Meta(description="A variable of the router that holds it.", examples=["MAIL_PASSWORD"]),
    ] = UNSET
    require_tls: Annotated[
        bool, Meta(description="Whether it is sent by STARTTLS only; true.", examples=[True])
    ] = True
    location: ShownIn = UNSET
    send_resolved: SendResolved = True


class MsteamsFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A channel of Microsoft Teams, by a workflow's webhook."""

    webhook_url_file: Annotated[
        Name | UnsetType,
        Meta(description="A file that holds the workflow's URL.", examples=["secrets/teams"]),
    ] = UNSET
    webhook_url_env: Annotated[
        Variable | UnsetType,
        Meta(description="A variable of the router that holds it.", examples=["TEAMS_URL"]),
    ] = UNSET
    location: ShownIn = UNSET
    send_resolved: SendResolved = True


class ServicenowFile(Struct, frozen=True, forbid_unknown_fields=True):
    """Records of ServiceNow, one an incident."""

    url: Annotated[str, Meta(description="The instance.", examples=["https://example.service-now.test"])]
    user_file: Annotated[
        Name | UnsetType,
        Meta(description="A file that holds the user's name.", examples=["secrets/snow-user"]),
    ] = UNSET
    user_env: Annotated[
        Variable | UnsetType,
        Meta(description="A variable of the router that holds it.", examples=["SNOW_USER"]),
    ] = UNSET
    password_file: Annotated[
        Name | UnsetType, Meta(description="A file that holds the password.", examples=["secrets/snow"])
    ] = UNSET
    password_env: Annotated[
        Variable | UnsetType,
        Meta(description="A variable of the router that holds it.", examples=["SNOW_PASSWORD"]),
    ] = UNSET
    table: Annotated[
        Annotated[str, Meta(pattern="^[a-z0-9_]+$", max_length=80)] | UnsetType,
        Meta(description="The table of records; incident.", examples=["incident"]),
    ] = UNSET
    location: ShownIn = UNSET
    send_resolved: SendResolved = True


class LogFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A line in the router's log."""

    send_resolved: SendResolved = True


class EscalationFile(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is paged: a team, by a policy."""

    team: Annotated[
        Name,
        Meta(
            description="The team whose schedules the policy asks; `${{ labels.owner }}` is the alert's owner. "
            "A team that the file does not know is the platform's.",
            examples=["${{ labels.owner }}", "payments"],
        ),
    ]
    policy: Annotated[Name, Meta(description="One of `escalation_policies`.", examples=["page"])]
