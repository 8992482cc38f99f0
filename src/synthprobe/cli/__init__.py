"""Parse arguments, call, print. Every command is one file; no traceback ever reaches a user."""

import logging
import sys
import traceback
from pathlib import Path

import click

from synthprobe import __version__
from synthprobe.cli.exits import Exit, leaves
from synthprobe.cli.lazy import LazyGroup
from synthprobe.cli.logs import sparing

INTERRUPTED = 130

COMMANDS = {
    "serve": "synthprobe.cli.serve:serve",
    "agent": "synthprobe.cli.serve:agent",
    "run": "synthprobe.cli.run:run",
    "halt": "synthprobe.cli.halt:halt",
    "receiver": "synthprobe.cli.receiver:receiver",
    "hooks": "synthprobe.cli.hooks:hooks",
    "validate": "synthprobe.cli.validate:validate",
    "new": "synthprobe.cli.new:new",
    "plan": "synthprobe.cli.plan:plan",
    "import": "synthprobe.cli.importing:import_",
    "config": "synthprobe.cli.config:config",
    "routes": "synthprobe.cli.routes:routes",
    "oncall": "synthprobe.cli.oncall:oncall",
    "incident": "synthprobe.cli.incident:incident",
    "explain": "synthprobe.cli.incident:explain_user",
    "page": "synthprobe.cli.incident:page",
    "silence": "synthprobe.cli.silence:silence",
    "schema": "synthprobe.cli.schema:schema",
    "demo": "synthprobe.cli.demo:demo",
}

log = logging.getLogger("synthprobe")


@click.group(cls=LazyGroup, commands_at=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="synthprobe")
def synthprobe() -> None:
    """Scripted synthetic payment flows, traced, deduplicated and routed to the team that is awake."""


def main() -> None:
    """Run the command line; a fault of ours is one line, with the details in the log."""
    # A command that keeps no log says on standard error what goes wrong; what lasts, once a minute, too.
    if logging.lastResort is not None:
        logging.lastResort.addFilter(sparing())
    try:
        synthprobe(standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        # Whatever is once under way says itself how far it came.
        click.echo("synthprobe: interrupted", err=True)
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(Exit.USAGE if isinstance(error, click.UsageError) else error.exit_code)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(141)
    except Exception as error:
        log.debug("unhandled", exc_info=True)
        for fault in leaves(error):
            words = f"{type(fault).__name__}: {fault}"
            click.echo(f"synthprobe: a fault of ours, please report it: {words}{_place(fault)}", err=True)
        sys.exit(Exit.ERRORED)


def _place(fault: BaseException) -> str:
    """Where it came from: the one thing a report needs beside the words."""
    frames = traceback.extract_tb(fault.__traceback__)
    return f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
