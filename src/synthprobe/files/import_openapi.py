"""An OpenAPI 3 description → a probe: a step per operation, with the examples it gives for what it needs."""

from collections.abc import Iterator

from synthprobe.files.import_parts import Imported, ImportFault, probe, slug
from synthprobe.files.openapi_steps import Api, Operation

SAFE = ("get", "head")


def import_openapi(
    raw: object,
    wanted: tuple[str, ...],
    name: str = "",
    regions: tuple[str, ...] = ("emea",),
    owner: str = "",
) -> Imported:
    """The operations `wanted` by id, or as `POST /v1/payments`; else all that change nothing. Raises `ImportFault`."""
    if not isinstance(raw, dict) or not str(raw.get("openapi", "")).startswith("3."):
        raise ImportFault("this is no OpenAPI 3 description: the key `openapi` says 3.0 or 3.1")
    api = Api(raw)
    operations = list(api.operations())
    chosen = _chosen(operations, wanted)
    steps = [api.step(operation) for operation in chosen]
    title = api.title()
    document = probe(
        name or slug(title, "api"),
        f"Imported from the OpenAPI description of {title}.",
        api.base_url(),
        steps,
        api.secrets,
        variables=api.variables,
        regions=regions,
        owner=owner,
    )
    return Imported(document, tuple(_notes(api, operations, chosen, wanted)))


def _chosen(operations: list[Operation], wanted: tuple[str, ...]) -> list[Operation]:
    if not operations:
        raise ImportFault("the description has no operations under `paths`")
    if not wanted:
        safe = [each for each in operations if each.method in SAFE]
        if not safe:
            raise ImportFault(f"every operation changes something; name those you mean: {_named(operations)}")
        return safe
    chosen = []
    for name in wanted:
        found = [each for each in operations if name in (each.id, f"{each.method.upper()} {each.path}")]
        if not found:
            raise ImportFault(f"there is no operation {name!r}; there are: {_named(operations)}")
        chosen += found
    return chosen


def _named(operations: list[Operation]) -> str:
    shown = ", ".join(each.id for each in operations[:20])
    return f"{shown} and {len(operations) - 20} more" if len(operations) > 20 else shown


def _notes(
    api: Api, operations: list[Operation], chosen: list[Operation], wanted: tuple[str, ...]
) -> Iterator[str]:
    for name, variable in api.secrets.named.items():
        yield f"{variable} must be in the environment: the secret `{name}`"
    if api.variables:
        yield f"look at `vars`: {', '.join(api.variables)} must name something that is there"
    yield from api.notes
    left = [each for each in operations if each not in chosen]
    if left and not wanted:
        yield f"left out, for they change something: {_named(left)}; name those you want with --operation"
