"""`synthprobe hooks`: the webhook URL of each probe, for providers that want one set up beforehand."""

from pathlib import Path

import click

from synthprobe.app.hooks import key_in
from synthprobe.cli.options import refuse, settings_from, with_settings
from synthprobe.core.hooks import Terms, probe_token, url_of
from synthprobe.core.probes import Probe, wants_hooks
from synthprobe.files.probes import load_folder
from synthprobe.files.problems import FileProblems, errors


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@with_settings("probes", "store", "listen", "public_url", "hooks_url", "hooks_key")
def hooks(paths: tuple[Path, ...], **flags: str | None) -> None:
    """Print the webhook URL of each probe that waits for webhooks: NAME and URL, one a line.

    A probe's URL stays the same as long as the key file does. Whoever knows it may deliver, so keep it to yourself and
    the provider, and let the probe `verify` what comes.
    """
    chosen = settings_from(flags).settings
    loaded = load_folder(list(paths) or [chosen.probes])
    if found := errors(loaded.problems):
        refuse(FileProblems(found))
    waiting = [entry.probe for entry in loaded.probes if wants_hooks(entry.probe)]
    if not waiting:
        click.echo("synthprobe: no probe here waits for webhooks", err=True)
        return
    try:
        terms = Terms(chosen.hooks_url, key_in(chosen.hooks_key))
    except OSError as error:
        raise click.ClickException(str(error)) from error
    for probe in waiting:
        click.echo(_line(probe, terms))


def _line(probe: Probe, terms: Terms) -> str:
    return f"{probe.name} {url_of(terms, probe_token(terms.key, probe.name))}"
