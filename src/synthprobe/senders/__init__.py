"""One file per receiver kind; what a kind is called in `Integration.kind` finds its sender here."""

from collections.abc import Mapping

from synthprobe.senders import apprise, email, log, msteams, pagerduty, servicenow, slack, webhook
from synthprobe.senders.outgoing import Sender

SENDERS: Mapping[str, Sender] = {
    "webhook": webhook.SENDER,
    "slack": slack.SENDER,
    "pagerduty": pagerduty.SENDER,
    "email": email.SENDER,
    "msteams": msteams.SENDER,
    "servicenow": servicenow.SENDER,
    "apprise": apprise.SENDER,
    "log": log.SENDER,
}
