"""Settings: a flag beats the environment, the environment beats the default, and every fault is found at once."""

from datetime import timedelta

import pytest
from click.testing import CliRunner

from synthprobe.cli import synthprobe
from synthprobe.settings.loading import Origin, SettingsError, load, telemetry_entries


def test_the_defaults_are_the_layout_of_the_repository() -> None:
    settings = load({}, {}).settings
    assert (str(settings.probes), str(settings.routes), str(settings.store)) == (
        "probes",
        "routes.yaml",
        "synthprobe.db",
    )
    assert settings.public_url == "http://127.0.0.1:8080"
    assert str(settings.spool) == "synthprobe-spool.db"


def test_a_flag_beats_the_environment_and_the_origin_says_so() -> None:
    env = {"SYNTHPROBE_PROBES": "from-env", "SYNTHPROBE_ROUTES": "env.yaml"}
    loaded = load({"probes": "from-flag"}, env)
    origins = {entry.name: (entry.value, entry.origin) for entry in loaded.entries}
    assert origins["probes"] == ("from-flag", Origin.FLAG)
    assert origins["routes"] == ("env.yaml", Origin.ENVIRONMENT)
    assert origins["listen"] == ("127.0.0.1:8080", Origin.DEFAULT)


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        pytest.param(
            "store", "postgres://u:geheim@h/db", "not built in this version", id="an engine of later"
        ),
        pytest.param("store", "sqlite://x.db", "three slashes", id="too few slashes"),
        pytest.param("listen", "8080", "is not ADDRESS:PORT", id="a port alone"),
        pytest.param("listen", "127.0.0.1:99999", "is not ADDRESS:PORT", id="no such port"),
        pytest.param("listen", "0.0.0.0:8080", "access control is not built", id="open to others"),
        pytest.param("public_url", "status.example", "not an http(s) URL", id="no scheme"),
        pytest.param("concurrency", "many", "not a whole number", id="not a number"),
        pytest.param("allow_loopback", "yes", "neither 0 nor 1", id="not a switch"),
        pytest.param("grace", "-1", "not a number of seconds", id="negative"),
        pytest.param("keep", "7", "not a time of an hour or more", id="an age without a unit"),
        pytest.param("keep", "0h", "not a time of an hour or more", id="nothing kept at all"),
        pytest.param("keep_bytes", "ten", "is not a size", id="no size"),
        pytest.param("failpoint", "sometimes", "is none of", id="unknown failpoint"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(name: str, value: str, part: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load({name: value}, {})
    assert part in str(refused.value)
    assert "geheim" not in str(refused.value)


def test_what_is_kept_is_an_age_and_a_size() -> None:
    assert (load({}, {}).settings.keep, load({}, {}).settings.keep_bytes) == (timedelta(days=7), 10**10)
    loaded = load({"keep": "36h", "keep_bytes": "0"}, {})
    assert (loaded.settings.keep, loaded.settings.keep_bytes) == (timedelta(hours=36), None)
    assert {(e.name, e.value) for e in loaded.entries} >= {("keep", "36h"), ("keep_bytes", "0")}


def test_all_faults_are_found_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        load({"listen": "x", "grace": "y"}, {"SYNTHPROBE_PROBE": "probes"})
    assert len(refused.value.faults) == 3
    assert "did you mean SYNTHPROBE_PROBES?" in str(refused.value)


def test_the_socket_path_stays_short_enough_for_the_system() -> None:
    deep = "/".join(["a-long-folder-name"] * 10)
    bus = load({"store": f"sqlite:////{deep}/synthprobe.db"}, {}).settings.bus
    assert bus.startswith("/")
    assert len(bus) < 108


def test_telemetry_secrets_are_hidden() -> None:
    env = {
        "OTEL_EXPORTER_OTLP_HEADERS": "api-key=geheim",
        "OTEL_EXPORTER_OTLP_METRICS_HEADERS": "api-key=geheim",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://u:geheim@c:4318",
    }
    assert "geheim" not in str(telemetry_entries(env))


@pytest.mark.parametrize(
    "text", ["acme=10/s", "acme=1000/s,burst=20", "a.b=30/m,burst=5,day=5000; other=7/h", "x=900000000/s", ""]
)
def test_budgets_reach_an_agent_as_they_were_set(text: str) -> None:
    first = load({"budgets": text}, {}).settings
    handed_on = load({"budgets": first.budgets_text}, {}).settings
    assert handed_on.budgets == first.budgets


@pytest.mark.parametrize("text", ["acme", "acme=0/s", "acme=1/d", "acme=1/s,burst=0", "a=1/s; a=2/s"])
def test_what_is_no_budget_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="budget"):
        load({"budgets": text}, {})


@pytest.mark.parametrize(
    ("flags", "file", "url"),
    [
        pytest.param({}, "synthprobe-account.db", "", id="beside the store"),
        pytest.param({"store": "sqlite:////var/w.db"}, "/var/w-account.db", "", id="beside another store"),
        pytest.param({"spool": "/var/a-spool.db"}, "/var/a-account.db", "", id="beside the spool"),
        pytest.param({"account": "/srv/all.db"}, "/srv/all.db", "", id="a file"),
        pytest.param(
            {"account": "https://u:p@sp.example/"},
            "synthprobe-account.db",
            "https://u:p@sp.example",
            id="a server",
        ),
    ],
)
def test_the_account_is_a_file_or_a_servers(flags: dict[str, str], file: str, url: str) -> None:
    loaded = load(flags, {})
    assert (str(loaded.settings.account), loaded.settings.account_url) == (file, url)
    assert not any("u:p@" in entry.value for entry in loaded.entries)


def test_an_agent_keeps_its_account_itself() -> None:
    for command in ("serve", "agent"):
        words = [command, "--account", "https://sp.example", *(["--bus", "x"] if command == "agent" else [])]
        found = CliRunner().invoke(synthprobe, words)
        assert found.exit_code != 0
        assert "the URL of a server is for `synthprobe run`" in found.output
