"""The command line as a user meets it: words, exit codes, and never a traceback."""

import json
import logging
import re
import textwrap
from pathlib import Path

import jsonschema
import pytest
import yaml
from click.testing import CliRunner, Result

from synthprobe.cli import main, synthprobe
from synthprobe.core.sparing import sparingly
from synthprobe.files.documents import read

REPOSITORY = Path(__file__).parents[2]

PROBE = """
name: one
owner: cards
schedule: {every: 1m}
regions: {emea: {base_url: "http://127.0.0.1:1"}}
vars: {amount: "1.00"}
matrix:
  - {scheme: visa}
  - {scheme: mastercard}
steps:
  - id: call
    request: {url: "${{ region.base_url }}/"}
    assert: [{status: 200}]
"""
ROUTES = """
regions:
  emea: {references: ["https://one.example/", "https://two.example/"]}
  amer: {references: ["https://one.example/", "https://two.example/"]}
route: {receiver: all}
receivers: [{name: all, log_configs: [{}]}]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "probes").mkdir()
    (tmp_path / "probes" / "one.yaml").write_text(PROBE)
    (tmp_path / "routes.yaml").write_text(ROUTES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*words: str) -> Result:
    return CliRunner().invoke(synthprobe, words)


def test_valid_files_are_counted_and_exit_with_0(folder: Path) -> None:
    result = call("validate")
    assert (result.exit_code, result.output) == (
        0,
        "one: an outage makes it fire within 3m\n1 probe valid, 0 problems\n",
    )


def test_regions_without_references_are_a_warning_only(folder: Path) -> None:
    (folder / "routes.yaml").write_text(ROUTES.replace(', "https://two.example/"', "", 1))
    result = call("validate")
    assert result.exit_code == 0
    assert result.output.startswith("routes.yaml:2:1: warning: `emea` cannot tell a network of ours")


def test_every_problem_of_every_file_is_printed_with_its_place(folder: Path) -> None:
    (folder / "probes" / "two.yaml").write_text(PROBE.replace("name: one", "nme: two").replace("200", "999"))
    (folder / "routes.yaml").write_text(ROUTES.replace("receiver: all", "receiver: al"))
    result = call("validate")
    places = re.findall(r"^(\S+?):(\d+):(\d+): ", result.output, re.M)
    assert result.exit_code == 2
    assert {name for name, _, _ in places} == {"probes/two.yaml", "routes.yaml"}
    assert len(places) >= 3
    assert "did you mean" in result.output


def test_an_owner_that_the_routes_do_not_know_is_a_problem(folder: Path) -> None:
    (folder / "routes.yaml").write_text("teams: {card: {}}\n" + ROUTES)
    result = call("validate")
    assert result.exit_code == 2
    assert "no team `cards` — did you mean `card`?" in result.output


SECRET = PROBE.replace("vars:", "secrets: {key: {env: OTHER_KEY}}\nvars:")
BARRED = "probes/one.yaml:6:11: probes of `cards` may not read `OTHER_KEY` — `teams.cards.secrets` in the routes lists `ACME_*`"


@pytest.mark.parametrize("command", [["validate"], ["run", "one"]], ids=["validate", "run"])
def test_a_probe_that_names_another_teams_secret_is_refused_in_the_same_words(
    folder: Path, command: list[str]
) -> None:
    (folder / "probes" / "one.yaml").write_text(SECRET)
    (folder / "routes.yaml").write_text('teams: {cards: {secrets: ["ACME_*"]}}\n' + ROUTES)
    result = call(*command)
    assert result.exit_code == 2
    assert BARRED in result.output
    assert "makes it fire" not in result.output
    assert ("0 probes valid, 1 problem" in result.output) is (command == ["validate"])


def test_a_run_whose_secrets_nobody_can_judge_is_refused_with_what_is_wrong_with_the_routes(
    folder: Path,
) -> None:
    (folder / "probes" / "one.yaml").write_text(SECRET)
    (folder / "routes.yaml").write_text(ROUTES.replace("receiver: all", "receiver: al"))
    result = call("run", "one")
    assert result.exit_code == 2
    assert "routes.yaml:5:" in result.output
    (folder / "routes.yaml").unlink()
    assert "secret_missing" in call("run", "one").output, "without routes any may be read"


def test_config_says_what_is_in_force_and_where_from(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNTHPROBE_GRACE", "3")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "key=geheim")
    result = call("config", "--listen", "127.0.0.1:9")
    assert result.exit_code == 0
    assert re.search(r"listen +127.0.0.1:9 +flag", result.output)
    assert re.search(r"grace +3.0 +environment", result.output)
    assert "geheim" not in result.output


def test_routes_test_answers_the_stable_json(folder: Path) -> None:
    result = call(
        "routes", "test", "--json", "--at", "2026-07-01T09:00:00Z", "severity=critical", "region=emea"
    )
    answer = json.loads(result.output)
    assert answer["at"] == "2026-07-01T09:00:00Z"
    assert [match["receiver"] for match in answer["matches"]] == ["all"]
    assert set(answer["matches"][0]) == {
        "receiver", "path", "group_by", "group_wait", "group_interval",
        "repeat_interval", "repeat_effective", "muted_by", "team", "levels",
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["probe", "routes"])
def test_the_published_schema_is_a_schema_that_takes_our_own_file(folder: Path, kind: str) -> None:
    schema = json.loads(call("schema", kind).output)
    jsonschema.Draft202012Validator.check_schema(schema)
    file = {"probe": folder / "probes" / "one.yaml", "routes": folder / "routes.yaml"}[kind]
    jsonschema.validate(yaml.safe_load(file.read_text()), schema)


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        pytest.param(["frob"], 2, "No such command", id="an unknown command"),
        pytest.param(
            ["serve", "--listen", "0.0.0.0:80"], 1, "can be reached by others", id="an open address"
        ),
        pytest.param(["serve", "--routes", "no.yaml"], 2, "no.yaml: cannot be read", id="no routes file"),
        pytest.param(["run", "other"], 2, "there are: one", id="an unknown probe"),
        pytest.param(["run", "one", "--region", "apac"], 2, "it has: emea", id="an unknown region"),
        pytest.param(["run", "one", "--var", "sum=1"], 2, "it has: amount", id="an unknown variable"),
        pytest.param(["run", "one", "--matrix", "scheme=amex"], 2, "no row of one", id="an unknown row"),
        pytest.param(["routes", "test", "--at", "noon"], 2, "RFC 3339", id="no instant"),
        pytest.param(["routes", "test", "severity"], 2, "NAME=VALUE", id="no label"),
        pytest.param(
            ["agent", "--bus", "x", "--probes", "none"],
            2,
            "no probe files in none",
            id="an agent without probes",
        ),
    ],
)
def test_a_fault_of_the_caller_is_said_in_words(folder: Path, words: list[str], code: int, part: str) -> None:
    result = call(*words)
    assert part in result.output
    assert "Traceback" not in result.output
    assert result.exit_code == code


def test_wrong_usage_exits_with_1_from_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["synthprobe", "frob"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1


def test_an_interrupt_before_anything_is_under_way_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*words: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sys.argv", ["synthprobe", "run", "one"])
    monkeypatch.setattr("synthprobe.cli.run.find", interrupted)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert capsys.readouterr().err.strip() == "synthprobe: interrupted"


def test_a_run_that_fails_explains_itself_and_exits_with_4(folder: Path) -> None:
    result = call("run", "one", "--matrix", "scheme=visa", "--trace")
    assert result.exit_code == 4
    assert "one · emea · scheme=visa" in result.output
    assert "connect_refused" in result.output
    assert re.search(r"failed in \d+ ms  trace [0-9a-f]{32}", result.output)


def test_the_examples_in_the_documentation_are_valid(folder: Path) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", (REPOSITORY / "docs" / "probes.md").read_text(), re.S)
    assert len(blocks) >= 5
    # They name teams and time intervals of a routes file of their own.
    (folder / "routes.yaml").unlink()
    for number, block in enumerate(blocks):
        if not block.startswith("name:"):
            # A part of a file is YAML at least; the whole flows of the cookbook are run.
            assert not read(textwrap.dedent(block), f"part-{number}.yaml").problems
            continue
        (folder / f"example-{number}.yaml").write_text(block)
        result = call("validate", f"example-{number}.yaml")
        assert result.exit_code == 0, result.output


def test_trouble_that_lasts_is_told_once_a_minute_by_commands_that_keep_no_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    resort = logging.StreamHandler()
    monkeypatch.setattr(logging, "lastResort", resort)
    monkeypatch.setattr("sys.argv", ["synthprobe", "schema", "probe"])
    main()
    assert capsys.readouterr().out.startswith("{")
    record = logging.makeLogRecord({"msg": "the account cannot be asked", **sparingly("account")})
    assert [bool(resort.filter(record)) for _ in range(3)] == [True, False, False]
