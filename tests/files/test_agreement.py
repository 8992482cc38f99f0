"""Probes and routes agree on teams and regions, or the probe's line says what is unknown."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec import structs

from synthprobe.core.intervals import NamedInterval, TimeInterval
from synthprobe.core.routes import Region, Route, Routes
from synthprobe.core.teams import Team
from synthprobe.files.agreement import blaming, disagreements, never_run
from synthprobe.files.documents import read
from synthprobe.files.probes import LoadedProbe, load_folder
from synthprobe.files.problems import errors

ROUTES = Routes(
    root=Route(path="route", receiver="log"),
    receivers={},
    regions={"emea": Region("emea")},
    teams={"cards": Team("cards")},
)


@pytest.fixture
def loaded(tmp_path: Path) -> tuple[LoadedProbe, ...]:
    tail = "schedule: {every: 1m}\nsteps:\n  - id: a\n    request: {url: 'https://a.example'}\n"
    (tmp_path / "a.yaml").write_text(f"name: a\nowner: card\nregions: [emea, emee]\n{tail}")
    (tmp_path / "b.yaml").write_text(f"name: b\nowner: cards\nregions:\n  apac: {{}}\n{tail}")
    return load_folder([tmp_path]).probes


def test_unknown_teams_and_regions_are_named_where_they_stand(
    loaded: tuple[LoadedProbe, ...], tmp_path: Path
) -> None:
    assert [str(problem).removeprefix(f"{tmp_path}/") for problem in disagreements(loaded, ROUTES)] == [
        "a.yaml:2:8: the routes know no team `card` — did you mean `cards`?",
        "a.yaml:3:17: the routes know no region `emee` — did you mean `emea`?",
        "b.yaml:4:3: the routes know no region `apac` — known: `emea`",
    ]


def test_routes_that_declare_nothing_know_everything(loaded: tuple[LoadedProbe, ...]) -> None:
    assert not disagreements(loaded, Routes(root=ROUTES.root, receivers={}))


ONE, TWO, TWIN = "https://one.example/", "https://two.example/", "https://one.example/other"


@pytest.mark.parametrize(
    ("references", "named"),
    [
        pytest.param((), True, id="none"),
        pytest.param((ONE,), True, id="one that may be down itself"),
        pytest.param((ONE, TWIN), True, id="two of one host"),
        pytest.param((ONE, TWO), False, id="two hosts"),
    ],
)
def test_regions_that_could_not_tell_whose_network_fails_are_named_once(
    loaded: tuple[LoadedProbe, ...], references: tuple[str, ...], named: bool
) -> None:
    regions = {name: Region(name, references=(ONE, TWO)) for name in ("emee", "apac")}
    regions["emea"] = Region("emea", references=references)
    document = read("platform: x\nregions:\n  emea: {}\n", "routes.yaml")
    found = [
        str(each)
        for each in blaming(loaded, Routes(root=ROUTES.root, receivers={}, regions=regions), document)
    ]
    assert [text.partition(" cannot")[0] for text in found] == (
        ["routes.yaml:2:1: warning: `emea`"] if named else []
    )


def test_unknown_hours_and_secrets_of_other_teams_are_named_where_they_stand(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(
        "name: c\nowner: cards\nregions: [emea]\nschedule: {every: 1m, only: [offce]}\n"
        "secrets:\n  key: {env: OTHER_KEY}\nsteps:\n  - id: a\n    request: {url: 'https://a.example'}\n"
    )
    routes = structs.replace(
        ROUTES,
        intervals={"office": NamedInterval("office")},
        teams={"cards": Team("cards", secrets=("ACME_*",))},
    )
    found = disagreements(load_folder([tmp_path]).probes, routes)
    assert [str(problem).removeprefix(f"{tmp_path}/") for problem in found] == [
        "c.yaml:4:30: the routes know no time interval `offce` — did you mean `office`?",
        "c.yaml:6:3: probes of `cards` may not read `OTHER_KEY` — `teams.cards.secrets` in the routes lists `ACME_*`",
    ]


OFFICE = {"office": NamedInterval("office", (TimeInterval(times=((9 * 60, 17 * 60),), weekdays=((1, 5),)),))}
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "never"),
    [
        pytest.param("cron: '0 3 * * *'", ["c/amer", "c/emea"], id="always at night"),
        pytest.param("cron: '0 12 * * sun'", ["c/amer", "c/emea"], id="always at the weekend"),
        pytest.param("cron: '0 12 24 12 *'", [], id="once a year, in office hours"),
        pytest.param("every: 5m", [], id="often"),
        pytest.param("every: 24h", ["c/amer"], id="once a day, each check at its own time"),
        pytest.param("cron: '0 3 * * *', paused: acme moves", [], id="paused"),
    ],
)
def test_a_check_that_never_starts_within_its_hours_is_named(
    tmp_path: Path, schedule: str, never: list[str]
) -> None:
    (tmp_path / "c.yaml").write_text(
        f"name: c\nregions: [amer, emea]\nschedule: {{{schedule}, only: [office]}}\n"
        "steps:\n  - id: a\n    request: {url: 'https://a.example'}\n    assert: [{status: 200}]\n"
    )
    found = never_run(load_folder([tmp_path]).probes, structs.replace(ROUTES, intervals=OFFICE), MONDAY)
    assert [re.findall(r"`(c/[a-z]+)`", str(each)) for each in found] == ([never] if never else [])
    assert not errors(found)
