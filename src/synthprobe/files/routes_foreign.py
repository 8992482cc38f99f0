"""What an imported Alertmanager file may hold and we do not take, refused by name with what to do instead."""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec.structs import replace

from synthprobe.files.documents import Document, Path
from synthprobe.files.problems import Problem, problem_at


def name_foreign(document: Document, problems: Iterable[Problem]) -> Iterator[Problem]:
    """The problems, where a key is Alertmanager's with what to do about it, and every Go template among the receivers."""
    for problem in problems:
        key = problem.message.removeprefix("unknown key `").removesuffix("`")
        foreign = key in _FOREIGN and key != problem.message
        yield (
            replace(problem, message=f"`{key}` is not supported", hint=_FOREIGN[key]) if foreign else problem
        )
    if isinstance(document.value, dict):
        for path, text in go_templates(document.value.get("receivers"), ("receivers",)):
            if "${{" not in text:
                yield problem_at(
                    document.position(path), "Go templates are not supported", "write plain text"
                )


def go_templates(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Every text of a value that `{{` may make a Go template, with the way to it."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from go_templates(part, (*path, key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from go_templates(part, (*path, index))
    elif isinstance(value, str) and "{{" in value:
        yield path, value


_FOREIGN = {
    "match": "write it under `matchers`, as in matchers: ['severity=\"critical\"']",
    "match_re": "write it under `matchers`, as in matchers: ['severity=~\"critical|warning\"']",
    **{
        f"{side}_match{kind}": f"write it under `{side}_matchers`, as in {side}_matchers: ['severity{op}\"{value}\"']"
        for side in ("source", "target")
        for kind, op, value in (("", "=", "critical"), ("_re", "=~", "critical|warning"))
    },
    "mute_time_intervals": "write it under `time_intervals`",
    "global": "write what it sets at the receivers and routes it is for",
    "templates": "messages have a fixed form; remove it",
    "http_config": "remove it",
}
