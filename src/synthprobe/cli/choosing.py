"""Which checks a command is about: probes by file or name, some regions, some rows, other values of variables."""

from collections.abc import Mapping
from pathlib import Path

import click
from msgspec import structs

from synthprobe.cli.options import refuse
from synthprobe.core.probes import Check, Probe, checks
from synthprobe.files.probes import load_folder
from synthprobe.files.problems import FileProblems, errors


def find(name: str, folder: Path) -> Probe:
    """The probe of a file, or of a name in the probes folder; exits 2 with what is wrong with it."""
    path = Path(name)
    is_file = path.suffix in (".yaml", ".yml") or path.exists()
    loaded = load_folder([path if is_file else folder])
    if (is_file or not loaded.probes) and (found := errors(loaded.problems)):
        refuse(FileProblems(found))
    named = [entry.probe for entry in loaded.probes if is_file or entry.probe.name == name]
    if is_file and not named:
        raise click.UsageError(
            f"{name} holds no probe: a file with `inputs` is a fragment; name the probe that uses it"
        )
    if not named:
        known = ", ".join(sorted(entry.probe.name for entry in loaded.probes)) or "none"
        raise click.UsageError(f"no probe is called {name!r} in {folder}; there are: {known}")
    return named[0]


def with_variables(probe: Probe, given: Mapping[str, str]) -> Probe:
    """The probe with other values of its `vars`. Raises `UsageError`."""
    for name in given:
        if name not in probe.vars:
            known = ", ".join(probe.vars) or "none"
            raise click.UsageError(f"{probe.name} has no variable {name!r}; it has: {known}")
    return structs.replace(probe, vars={**probe.vars, **given})


def chosen_checks(probe: Probe, regions: tuple[str, ...], rows: Mapping[str, str]) -> list[Check]:
    """Its checks in some regions, of some rows; all where none is named. Raises `UsageError`."""
    for region in regions:
        if region not in probe.regions:
            raise click.UsageError(
                f"{probe.name} has no region {region!r}; it has: {', '.join(probe.regions)}"
            )
    chosen = [
        check
        for check in checks(probe)
        if (not regions or check.region in regions)
        and all(check.row and str(check.row.values.get(key)) == value for key, value in rows.items())
    ]
    if not chosen:
        wish = ", ".join(f"{key}={value}" for key, value in rows.items())
        raise click.UsageError(f"no row of {probe.name} has {wish}")
    return chosen


def pairs(texts: tuple[str, ...], option: str) -> Mapping[str, str]:
    """`NAME=VALUE` as an option gives it. Raises `UsageError`."""
    for text in texts:
        if "=" not in text:
            raise click.UsageError(f"{option} {text!r} is not NAME=VALUE")
    return dict(text.split("=", 1) for text in texts)
