"""One file per receiver kind; what a kind is called in `Integration.kind` finds its sender here."""

from collections.abc import Mapping

from synthprobe.senders import apprise, log, slack, webhook
from synthprobe.senders.outgoing import Sender

SENDERS: Mapping[str, Sender] = {
    "webhook": webhook.SENDER,
    "slack": slack.SENDER,
    "apprise": apprise.SENDER,
    "log": log.SENDER,
}
