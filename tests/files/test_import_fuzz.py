"""Whatever a command line or a description holds: it becomes a probe that is valid, or its author is told why not."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from synthprobe.files.import_curl import import_curl
from synthprobe.files.import_openapi import import_openapi
from synthprobe.files.import_parts import Imported, ImportFault
from synthprobe.files.probes import examine_text
from synthprobe.files.problems import errors
from synthprobe.files.writing import written

MENDED_BY_HAND = (
    "may be the number of a real card",
    "cannot be read: No such file",
    "lies outside of",
    "lies in a",
)
"""What an import may bring along: only its author knows what is meant."""

words = st.sampled_from(
    [
        "-X",
        "POST",
        "-d",
        "-H",
        "--json",
        "-G",
        "-u",
        "-b",
        "a=b",
        '{"a":[1,{"b":null}]}',
        "https://acme.example/a?b=${{x}}&c",
        "http://[::1]",
        "a:b",
        "@f",
        "-L",
        "-m",
        "5",
        "Authorization:Bearer$x",
        "Content-Type:text/xml",
        "Content-Type:application/json",
        "Cookie:a=b",
        "X-Api-Key:",
        "--url=acme.example",
        "--data-urlencode",
        "ä&=",
        "%zz",
        "-sSf",
        "4242",
        "https://acme.example/${{vars.x}}/%7B/é",
        "https://user:pw@acme.example:80",
        "${{",
        "-I",
        "--",
    ]
) | st.text(max_size=12)


def valid(imported: Imported) -> None:
    """The file that is written is one, up to what only its author can mend."""
    found = examine_text(written(imported.document), "imported.yaml")
    left = [str(each) for each in errors(found.problems)]
    assert all(any(word in each for word in MENDED_BY_HAND) for each in left), left


@given(st.lists(words, max_size=9))
def test_any_command_line_is_imported_or_refused(command: list[str]) -> None:
    try:
        imported = import_curl(["curl", *command])
    except ImportFault:
        return
    valid(imported)


json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 300)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
schemas = st.recursive(
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(
                ["string", "integer", "boolean", "number", "null", ["string", "null"], 3]
            ),
            "example": json,
            "enum": st.lists(json, max_size=2),
            "minLength": st.integers(0, 4) | st.text(max_size=2),
            "format": st.sampled_from(["date", "uuid", "other"]),
            "$ref": st.sampled_from(["#/components/schemas/A", "#/x", "other.yaml"]),
        },
    )
    | json,
    lambda inner: st.fixed_dictionaries(
        {"type": st.just("object")},
        optional={
            "properties": st.dictionaries(st.text(min_size=1, max_size=5), inner, max_size=3),
            "required": st.lists(st.text(max_size=5), max_size=3) | json,
            "nullable": st.booleans(),
            "writeOnly": st.booleans(),
            "items": inner,
            "allOf": st.lists(inner, max_size=2),
            "oneOf": st.lists(inner, max_size=2),
        },
    ),
    max_leaves=4,
)
parameters = st.fixed_dictionaries(
    {"name": st.text(max_size=8), "in": st.sampled_from(["path", "query", "header", "cookie"])},
    optional={"required": st.booleans(), "schema": schemas, "example": json},
)
operations = st.fixed_dictionaries(
    {},
    optional={
        "operationId": st.text(max_size=8),
        "summary": json,
        "parameters": st.lists(parameters | json, max_size=3),
        "requestBody": st.fixed_dictionaries(
            {
                "content": st.dictionaries(
                    st.sampled_from(
                        [
                            "application/json; charset=utf-8",
                            "application/json",
                            "application/a+json",
                            "application/x-www-form-urlencoded",
                            "multipart/form-data",
                        ]
                    ),
                    st.fixed_dictionaries({"schema": schemas}) | json,
                    max_size=2,
                )
            }
        ),
        "responses": st.dictionaries(
            st.sampled_from(["200", "201", "2XX", "default", "404"]),
            json
            | st.fixed_dictionaries(
                {
                    "content": st.dictionaries(
                        st.sampled_from(["application/json", "application/a+json; b=c", "text/xml"]),
                        st.fixed_dictionaries({"schema": schemas}) | json,
                        min_size=1,
                        max_size=2,
                    )
                }
            ),
            max_size=2,
        ),
    },
)
descriptions = st.fixed_dictionaries(
    {"openapi": st.just("3.0.3"), "paths": st.dictionaries(st.sampled_from(["/", "/a/{id}", "/ä b", "a?b#c"]), st.dictionaries(st.sampled_from(["get", "post", "parameters", "x"]), operations | json, max_size=2), min_size=1, max_size=2)},
    optional={
        "servers": st.lists(st.fixed_dictionaries({"url": st.sampled_from(["https://acme.example/v1/", "/v1", "{a}", ""])}) | json, max_size=1),
        "components": st.fixed_dictionaries({"schemas": st.fixed_dictionaries({"A": schemas})}),
        "info": json,
    },
)  # fmt: skip


@settings(max_examples=12)
@given(descriptions, st.booleans())
def test_any_description_is_imported_or_refused(raw: dict[str, Any], everything: bool) -> None:
    wanted = tuple(f"POST {path}" for path in raw["paths"]) if everything else ()
    try:
        imported = import_openapi(raw, wanted)
    except ImportFault:
        return
    valid(imported)
