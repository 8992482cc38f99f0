"""The published schema explains every key, and agrees with what is loaded."""

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from synthprobe.files.designed import UNBUILT
from synthprobe.files.documents import read
from synthprobe.files.fragment_shape import fragment_schema
from synthprobe.files.probe_shape import probe_schema

SCHEMA = probe_schema()
FRAGMENT = fragment_schema()
KEYS = [
    (f"{name}.{key}", field)
    for name, shape in {**FRAGMENT["$defs"], **SCHEMA["$defs"]}.items()
    for key, field in shape["properties"].items()
]


@pytest.mark.parametrize(("name", "field"), KEYS, ids=[name for name, _ in KEYS])
def test_every_key_has_a_description_and_an_example(name: str, field: Any) -> None:
    assert field.get("description"), name
    assert field.get("examples"), name


@pytest.mark.parametrize(("name", "field"), KEYS, ids=[name for name, _ in KEYS])
def test_every_example_fits_its_key(name: str, field: Any) -> None:
    validator = Draft202012Validator({"$defs": {**FRAGMENT["$defs"], **SCHEMA["$defs"]}, **field})
    for example in field["examples"]:
        assert validator.is_valid(example), (name, example)


def test_every_struct_is_explained() -> None:
    assert all(shape.get("description") for shape in SCHEMA["$defs"].values())


def test_the_schema_is_a_schema_and_takes_a_full_file() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    text = Path(__file__).with_name("full.yaml").read_bytes()
    assert Draft202012Validator(SCHEMA).is_valid(read(text, "full.yaml").value)


def test_nothing_is_both_built_and_declared_as_not_built() -> None:
    for name, keys in UNBUILT.items():
        if "." not in name:
            assert not set(keys) & SCHEMA["$defs"][name]["properties"].keys()
