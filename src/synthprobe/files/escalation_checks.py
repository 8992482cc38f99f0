"""What is wrong with the escalation policies of a routes.yaml."""

from collections.abc import Iterator

from msgspec import UNSET

from synthprobe.core.names import is_readable, names_in
from synthprobe.files.documents import Path
from synthprobe.files.durations import duration
from synthprobe.files.escalation_shape import EscalationPolicyFile, TargetFile
from synthprobe.files.integrations_shape import EscalationFile
from synthprobe.files.routes_faults import Fault, length_faults, name_faults
from synthprobe.files.routes_shape import RoutesFile
from synthprobe.files.shapes import given


def escalation_faults(file: RoutesFile, receivers: list[str]) -> Iterator[Fault]:
    """Every fault of the escalation policies."""
    for name, policy in given(file.escalation_policies, {}).items():
        path: Path = ("escalation_policies", name)
        for index, level in enumerate(policy.levels):
            place: Path = (*path, "levels", index)
            for number, target in enumerate(level.notify):
                yield from _target(target, (*place, "notify", number), file, receivers)
            yield from length_faults(level.wait, (*place, "wait"))
        yield from _last(policy, path, receivers)
    for index, receiver in enumerate(given(file.receivers, [])):
        for place_in, entry in enumerate(given(receiver.escalation_configs, [])):
            yield from _entry(entry, ("receivers", index, "escalation_configs", place_in), file)


def _entry(entry: EscalationFile, path: Path, file: RoutesFile) -> Iterator[Fault]:
    policies, teams = given(file.escalation_policies, {}), given(file.teams, {})
    yield from name_faults(entry.policy, policies, (*path, "policy"), "policy", "escalation_policies")
    if not is_readable(entry.team):
        yield (*path, "team"), "`${{` opens no reference", "known: `${{ labels.owner }}` and other labels"
    elif not names_in(entry.team):
        yield from name_faults(entry.team, teams, (*path, "team"), "team", "teams")
    for name in names_in(entry.team):
        if not name.startswith("labels."):
            yield (
                (*path, "team"),
                f"`{name}` is not known here",
                "known: `${{ labels.owner }}` and other labels",
            )
    if file.platform is UNSET:
        yield path, "`platform` is missing: it is paged where an alert's owner is no team", "name the team"


def _target(target: TargetFile, path: Path, file: RoutesFile, receivers: list[str]) -> Iterator[Fault]:
    schedules, users = given(file.schedules, {}), given(file.users, {})
    yield from name_faults(target.schedule, schedules, (*path, "schedule"), "schedule", "schedules")
    yield from name_faults(target.user, users, (*path, "user"), "user", "users")
    yield from name_faults(target.receiver, receivers, (*path, "receiver"), "receiver", "receivers")


def _last(policy: EscalationPolicyFile, path: Path, receivers: list[str]) -> Iterator[Fault]:
    place: Path = (*path, "last_resort", "receiver")
    yield from name_faults(policy.last_resort.receiver, receivers, place, "receiver", "receivers")
    yield from length_faults(policy.ack_timeout, (*path, "ack_timeout"))
    every: Path = (*path, "last_resort", "every")
    faults = list(length_faults(policy.last_resort.every, every))
    yield from faults
    if not faults and not duration(policy.last_resort.every):
        yield every, "`every` cannot be zero", "write how long to wait, as in `15m`"
