"""The shape of the receivers in routes.yaml."""

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


class WebhookFile(Struct, frozen=True, forbid_unknown_fields=True):
    """An Alertmanager v4 webhook."""

    url: Annotated[
        str | UnsetType, Meta(description="Where to POST.", examples=["https://desk.example.test/hook"])
    ] = UNSET
    url_file: Annotated[
        Name | UnsetType, Meta(description="A file that holds the URL.", examples=["secrets/hook"])
    ] = UNSET
    send_resolved: Annotated[bool, Meta(description="Whether it hears of an end, too.", examples=[True])] = (
        True
    )


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
    send_resolved: Annotated[bool, Meta(description="Whether it hears of an end, too.", examples=[True])] = (
        True
    )


class AppriseFile(Struct, frozen=True, forbid_unknown_fields=True):
    """Any of the hundred services that Apprise knows."""

    url_file: Annotated[
        Name | UnsetType, Meta(description="A file that holds an Apprise URL.", examples=["secrets/duty"])
    ] = UNSET
    url_env: Annotated[
        Variable | UnsetType,
        Meta(description="A variable of the router that holds it.", examples=["DUTY_URL"]),
    ] = UNSET
    location: Annotated[
        Location | UnsetType,
        Meta(description="The zone that times are shown in, beside UTC.", examples=["Europe/London"]),
    ] = UNSET
    send_resolved: Annotated[bool, Meta(description="Whether it hears of an end, too.", examples=[True])] = (
        True
    )


class LogFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A line in the router's log."""

    send_resolved: Annotated[bool, Meta(description="Whether it hears of an end, too.", examples=[True])] = (
        True
    )


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


class ReceiverFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A named destination with its ways out; none means that nobody is told."""

    name: Annotated[Name, Meta(description="What routes call it.", examples=["chat"])]
    webhook_configs: Annotated[
        list[WebhookFile] | UnsetType,
        Meta(description="Webhooks to call.", examples=[[{"url": "https://desk.example.test/hook"}]]),
    ] = UNSET
    slack_configs: Annotated[
        list[SlackFile] | UnsetType,
        Meta(description="Slack channels to post to.", examples=[[{"api_url_file": "secrets/slack"}]]),
    ] = UNSET
    apprise_configs: Annotated[
        list[AppriseFile] | UnsetType,
        Meta(description="Apprise URLs to send to.", examples=[[{"url_file": "secrets/duty"}]]),
    ] = UNSET
    log_configs: Annotated[
        list[LogFile] | UnsetType,
        Meta(description="Lines to write to the log.", examples=[[{"send_resolved": True}]]),
    ] = UNSET
    escalation_configs: Annotated[
        list[EscalationFile] | UnsetType,
        Meta(
            description="People to page.",
            examples=[[{"team": "${{ labels.owner }}", "policy": "page"}]],
        ),
    ] = UNSET
