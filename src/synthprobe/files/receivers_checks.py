"""What is wrong with receivers whose shape is right: names, addresses, and where each secret is."""

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from msgspec import UNSET, Struct

from synthprobe.files.documents import Path
from synthprobe.files.receivers_shape import ReceiverFile
from synthprobe.files.routes_faults import Fault, zone_faults
from synthprobe.files.shapes import given

NEEDED: Mapping[str, tuple[str, ...]] = {
    "webhook_configs": ("url",),
    "slack_configs": ("api_url",),
    "pagerduty_configs": ("routing_key",),
    "email_configs": (),
    "msteams_configs": ("webhook_url",),
    "servicenow_configs": ("url", "user", "password"),
    "apprise_configs": ("url",),
}
"""What each kind needs: itself, or the name of a file (`_file`) or variable (`_env`), and one of them only."""


def receiver_faults(receivers: Sequence[ReceiverFile]) -> Iterator[Fault]:
    """Faults of all receivers."""
    seen: set[str] = set()
    for index, receiver in enumerate(receivers):
        path: Path = ("receivers", index)
        if receiver.name in seen:
            message = f'notification config name "{receiver.name}" is not unique'
            yield (*path, "name"), message, "give each receiver its own name"
        seen.add(receiver.name)
        for kind in NEEDED:
            for place, config in enumerate(given(getattr(receiver, kind), [])):
                yield from _config(config, kind, (*path, kind, place))


def _config(config: Struct, kind: str, path: Path) -> Iterator[Fault]:
    for name in NEEDED[kind]:
        yield from _one_source(config, name, path)
    for key in config.__struct_fields__:
        value = getattr(config, key)
        if key in ("url", "api_url") and isinstance(value, str):
            yield from url_faults(value, (*path, key))
    yield from zone_faults(getattr(config, "location", UNSET), (*path, "location"))


def _one_source(config: Struct, name: str, path: Path) -> Iterator[Fault]:
    sources = [f"{name}{end}" for end in ("", "_file", "_env") if f"{name}{end}" in config.__struct_fields__]
    written = [source for source in sources if getattr(config, source) is not UNSET]
    named = " and ".join(f"`{source}`" for source in sources)
    if not written:
        yield path, f"one of {named} must be configured", "a secret address belongs in a file"
    elif len(written) > 1:
        yield (*path, written[1]), f"at most one of {named} must be configured", "remove one"


def url_faults(url: str, path: Path) -> Iterator[Fault]:
    """An address that is none."""
    # The text itself is not repeated: an address may be a secret.
    hint = "write it as https://host/path"
    if any(character.isspace() or not character.isprintable() for character in url):
        yield path, "bad URL: it holds a space or control character", hint
        return
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        yield path, f"bad URL: {_reason(error)}", hint
        return
    if parts.scheme not in ("http", "https"):
        yield path, "unsupported scheme for URL: only http and https", hint
    elif not host:
        yield path, "missing host for URL", hint


def _reason(error: ValueError) -> str:
    return (
        "its port is not a number up to 65535" if "port" in str(error).lower() else "its host cannot be read"
    )
