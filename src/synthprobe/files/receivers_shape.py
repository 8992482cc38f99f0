"""The shape of the receivers in routes.yaml."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from synthprobe.files.integrations_shape import (
    AppriseFile,
    EmailFile,
    EscalationFile,
    LogFile,
    MsteamsFile,
    PagerdutyFile,
    ServicenowFile,
    SlackFile,
    WebhookFile,
)
from synthprobe.files.wall_texts import Name


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
    pagerduty_configs: Annotated[
        list[PagerdutyFile] | UnsetType,
        Meta(description="PagerDuty services.", examples=[[{"routing_key_file": "secrets/pagerduty"}]]),
    ] = UNSET
    email_configs: Annotated[
        list[EmailFile] | UnsetType,
        Meta(
            description="Mails to send.",
            examples=[
                [
                    {
                        "to": "duty@example.test",
                        "from": "probe@example.test",
                        "smarthost": "mail.example.test:587",
                    }
                ]
            ],
        ),
    ] = UNSET
    msteams_configs: Annotated[
        list[MsteamsFile] | UnsetType,
        Meta(description="Teams channels.", examples=[[{"webhook_url_file": "secrets/teams"}]]),
    ] = UNSET
    servicenow_configs: Annotated[
        list[ServicenowFile] | UnsetType,
        Meta(
            description="ServiceNow tables.",
            examples=[
                [
                    {
                        "url": "https://example.service-now.test",
                        "user_file": "secrets/snow-user",
                        "password_file": "secrets/snow",
                    }
                ]
            ],
        ),
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
