"""Probe files and routes that are changed, broken, half-written, renamed and removed while they are used."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from synthprobe.core.teams import Team
from synthprobe.files.probes import Loaded
from synthprobe.files.problems import FileProblems, errors
from synthprobe.files.watching import ProbeFolder, RoutesFile

BROKEN = "name: pay\nsteps: nothing\n"

ROUTES = """\
route: {receiver: ops}
receivers:
  - {name: ops, log_configs: [{}]}
"""


def probe(name: str = "pay", every: str = "1m") -> str:
    """A small probe file."""
    return f"""\
name: {name}
schedule: {{every: {every}}}
regions: [emea]
steps:
  - id: health
    request: {{url: "https://eu.sandbox.acme.example/health"}}
"""


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write some files."""
    for name, text in files.items():
        (folder / name).write_text(text)


def names(loaded: Loaded | None) -> dict[str, str]:
    """The probes in force: interval by name."""
    assert loaded is not None, "nothing was taken up"
    return {each.probe.name: str(each.probe.every) for each in loaded.probes}


def test_a_changed_file_is_taken_up_once_it_looks_the_same_twice(tmp_path: Path) -> None:
    write(tmp_path, {"pay.yaml": probe()})
    folder = ProbeFolder(tmp_path)
    assert names(folder.loaded()) == {"pay": "0:01:00"}
    assert folder.look() is None
    write(tmp_path, {"pay.yaml": probe(every="2m")})
    assert folder.look() is None, "it may still be being written"
    assert names(folder.look()) == {"pay": "0:02:00"}
    assert folder.look() is None


def test_a_look_that_was_asked_for_waits_for_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"pay.yaml": probe()})
    folder = ProbeFolder(tmp_path)
    write(tmp_path, {"pay.yaml": probe(every="2m")})
    assert names(folder.look(at_once=True)) == {"pay": "0:02:00"}


def test_a_half_written_file_is_left_alone_until_it_is_whole(tmp_path: Path) -> None:
    write(tmp_path, {"pay.yaml": probe()})
    folder = ProbeFolder(tmp_path)
    text = probe(every="2m")
    for length in (10, 60, 100):
        write(tmp_path, {"pay.yaml": text[:length]})
        assert folder.look() is None
    write(tmp_path, {"pay.yaml": text})
    assert folder.look() is None
    found = folder.look()
    assert names(found) == {"pay": "0:02:00"}
    assert found is not None
    assert not errors(found.problems)


def test_a_broken_file_stays_what_it_was_and_says_why_until_it_is_mended(tmp_path: Path) -> None:
    write(tmp_path, {"pay.yaml": probe(), "login.yaml": probe("login")})
    folder = ProbeFolder(tmp_path)
    write(tmp_path, {"pay.yaml": BROKEN, "login.yaml": probe("login", "5m")})
    found = folder.look(at_once=True)
    assert names(found) == {"pay": "0:01:00", "login": "0:05:00"}, "one broken file keeps no other back"
    assert found is not None
    assert {problem.file for problem in errors(found.problems)} == {str(tmp_path / "pay.yaml")}
    assert folder.look(at_once=True) is None
    write(tmp_path, {"pay.yaml": probe(every="3m")})
    found = folder.look(at_once=True)
    assert names(found)["pay"] == "0:03:00"
    assert found is not None
    assert not errors(found.problems)


def test_a_file_that_is_gone_ends_its_probe_and_a_new_one_begins_its_own(tmp_path: Path) -> None:
    write(tmp_path, {"pay.yaml": probe(), "login.yaml": probe("login")})
    folder = ProbeFolder(tmp_path)
    os.replace(tmp_path / "login.yaml", tmp_path / "refund.yaml")
    write(tmp_path, {"refund.yaml": probe("refund")})
    assert folder.look() is None, "an editor may be about to put it back"
    assert set(names(folder.look())) == {"pay", "refund"}


def test_a_folder_that_is_lost_ends_no_check(tmp_path: Path) -> None:
    probes = tmp_path / "probes"
    probes.mkdir()
    write(probes, {"pay.yaml": probe()})
    folder = ProbeFolder(probes)
    probes.rename(tmp_path / "aside")
    lost = folder.look(at_once=True)
    assert names(lost) == {"pay": "0:01:00"}
    assert lost is not None
    assert [problem.message for problem in errors(lost.problems)] == ["no probe files are here any more"]
    assert folder.look(at_once=True) is None
    (tmp_path / "aside").rename(probes)
    back = folder.look(at_once=True)
    assert back is not None
    assert not errors(back.problems)


def test_a_name_stays_with_the_file_that_has_it(tmp_path: Path) -> None:
    write(tmp_path, {"b.yaml": probe(), "c.yaml": probe("login")})
    folder = ProbeFolder(tmp_path)
    write(tmp_path, {"a.yaml": probe(every="2m"), "c.yaml": probe(every="3m")})
    found = folder.look(at_once=True)
    assert names(found) == {"pay": "0:01:00", "login": "0:01:00"}, "c.yaml keeps what it had"
    assert found is not None
    assert {Path(problem.file).name for problem in errors(found.problems)} == {"a.yaml", "c.yaml"}


def test_two_files_may_swap_their_names(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": probe(every="1m"), "b.yaml": probe("login", "2m")})
    folder = ProbeFolder(tmp_path)
    write(tmp_path, {"a.yaml": probe("login", "1m"), "b.yaml": probe(every="2m")})
    found = folder.look(at_once=True)
    assert names(found) == {"login": "0:01:00", "pay": "0:02:00"}
    assert found is not None
    assert not errors(found.problems)


def test_what_was_broken_from_the_start_is_recalled_from_what_it_said_before(tmp_path: Path) -> None:
    write(tmp_path, {"pay.yaml": BROKEN, "login.yaml": probe("login")})
    folder = ProbeFolder(tmp_path)
    assert set(names(folder.loaded())) == {"login"}
    folder.recall({str(tmp_path / "pay.yaml"): probe(), str(tmp_path / "gone.yaml"): probe("gone")})
    assert names(folder.loaded()) == {"login": "0:01:00", "pay": "0:01:00"}
    assert errors(folder.loaded().problems)


def test_routes_are_all_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "routes.yaml"
    path.write_text(ROUTES)
    file = RoutesFile(path)
    first = file.look(at_once=True)
    assert first is not None
    assert file.look(at_once=True) is None
    path.write_text(ROUTES.replace("receiver: ops", "receiver: nobody"))
    with pytest.raises(FileProblems, match="nobody"):
        file.look(at_once=True)
    assert file.look(at_once=True) is None, "told once"
    path.write_text(ROUTES.replace("ops", "desk"))
    changed = file.look(at_once=True)
    assert changed is not None
    assert set(changed.receivers) == {"desk"}
    path.unlink()
    with pytest.raises(FileProblems, match="cannot be read"):
        file.look(at_once=True)


CALENDAR = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//x//EN\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\n"
    "SUMMARY:{}\r\nDTSTART;VALUE=DATE:20260310\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def test_a_calendar_that_changes_is_read_again_with_the_routes_that_name_it(tmp_path: Path) -> None:
    (tmp_path / "routes.yaml").write_text(f"holidays: {{x: {{ics: bank.ics}}}}\n{ROUTES}")
    (tmp_path / "bank.ics").write_text(CALENDAR.format("Founders"))
    file = RoutesFile(tmp_path / "routes.yaml")
    first = file.look(at_once=True)
    assert first is not None
    assert file.look(at_once=True) is None, "having been read is no change"
    (tmp_path / "bank.ics").write_text(CALENDAR.format("Founders' Day"))
    changed = file.look(at_once=True)
    assert changed is not None
    assert list(changed.holidays["x"].days.values()) == ["Founders' Day"]
    (tmp_path / "bank.ics").unlink()
    with pytest.raises(FileProblems, match="cannot be read"):
        file.look(at_once=True)


def test_a_secret_of_another_team_keeps_a_file_out_until_the_routes_list_it(tmp_path: Path) -> None:
    teams = {"cards": Team("cards", secrets=("ACME_*",))}
    secret = probe().replace("regions:", "owner: cards\nsecrets: {key: {env: OTHER}}\nregions:")
    write(tmp_path, {"pay.yaml": probe(), "wallet.yaml": probe("wallet")})
    folder = ProbeFolder(tmp_path, None, lambda: teams)
    write(tmp_path, {"pay.yaml": secret})
    refused = folder.look(at_once=True)
    assert refused is not None
    assert [each.probe.secrets for each in refused.probes] == [{}, {}], "it stays what it was"
    (fault,) = errors(refused.problems)
    assert "probes of `cards` may not read `OTHER`" in str(fault)
    teams = {"cards": Team("cards", secrets=("ACME_*", "OTHER"))}
    allowed = folder.look()
    assert allowed is not None
    assert [len(each.probe.secrets) for each in allowed.probes] == [1, 0]
    assert not errors(allowed.problems)
    assert folder.look() is None
