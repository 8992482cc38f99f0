"""`synthprobe schema`: the JSON Schemas that the files are checked against, for editors."""

import click
import msgspec

from synthprobe.cli.keys import reference
from synthprobe.files.fragment_shape import fragment_schema
from synthprobe.files.probe_shape import probe_schema
from synthprobe.files.routes_shape import routes_schema
from synthprobe.files.scenario_shape import scenario_schema

SCHEMAS = {
    "probe": probe_schema,
    "fragment": fragment_schema,
    "routes": routes_schema,
    "timeline": scenario_schema,
}


@click.command()
@click.argument("kind", type=click.Choice(list(SCHEMAS)))
@click.option("--markdown", is_flag=True, help="the keys as tables for people")
def schema(kind: str, markdown: bool) -> None:
    """Print the JSON Schema (draft 2020-12) of probe files, fragments, the routes file or timelines."""
    if markdown:
        click.echo(reference(f"A {kind} file", SCHEMAS[kind]()), nl=False)
        return
    click.echo(msgspec.json.format(msgspec.json.encode(SCHEMAS[kind]()), indent=2).decode())
