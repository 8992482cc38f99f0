"""Probes that call a live API: what they must have, and that nobody runs one that was not approved as it is."""

from pathlib import Path

import pytest

from synthprobe.files.live_rules import unapproved
from synthprobe.files.probes import load_probe
from synthprobe.files.problems import FileProblems, errors
from synthprobe.files.watching import ProbeFolder

LIVE = """
name: card-live
environment: live
safety: {max_amount: {EUR: "2.00"}}
schedule:
  every: 5m
regions: [emea]
steps:
  - id: pay
    request: {method: POST, url: "https://api.acme.example/pay", idempotency: Idempotency-Key}
    money: {amount: "1.07", currency: EUR}
    undo:
      look:
        request: {url: "https://api.acme.example/pay"}
      act:
        - when: [{status: 200}]
          done: nothing is held
"""


def approve(folder: Path, *definitions: str) -> Path:
    """A file of approvals for these definitions."""
    lines = [f"  - {{probe: card-live, definition: {each}, approver: ana}}\n" for each in definitions]
    file = folder / "approved.yaml"
    file.write_text("approved:\n" + "".join(lines) if lines else "approved: []\n")
    return file


@pytest.mark.parametrize(
    ("without", "said"),
    [
        ('safety: {max_amount: {EUR: "2.00"}}\n', "says what it may move at most"),
        ('    money: {amount: "1.07", currency: EUR}\n', "says what it puts at stake"),
    ],
)
def test_a_live_probe_has_limits_and_says_what_each_creating_step_puts_at_stake(
    without: str, said: str
) -> None:
    with pytest.raises(FileProblems) as refused:
        load_probe(LIVE.replace(without, ""), "live.yaml")
    assert said in str(refused.value)


def test_a_live_probe_is_not_confirmed_unless_it_says_so() -> None:
    assert not load_probe(LIVE, "live.yaml").alert.confirm
    assert load_probe(LIVE + "alert: {confirm: true}\n", "live.yaml").alert.confirm
    assert load_probe(LIVE.replace("live\n", "sandbox\n"), "a.yaml").alert.confirm


def test_a_live_probe_runs_only_as_it_was_approved(tmp_path: Path) -> None:
    probe = load_probe(LIVE, "live.yaml")
    changed = load_probe(LIVE + "# changed\n", "live.yaml")
    file = approve(tmp_path, probe.definition)
    assert unapproved(probe, file) is None
    refusal = unapproved(changed, file)
    assert refusal is not None
    assert changed.definition in refusal.hint
    assert "not run here" in str(unapproved(probe, None))
    assert "cannot be read" in str(unapproved(probe, tmp_path / "none.yaml"))
    assert unapproved(load_probe(LIVE.replace("live\n", "sandbox\n"), "a.yaml"), None) is None


def test_a_changed_live_probe_stays_what_it_was_until_it_is_approved_anew(tmp_path: Path) -> None:
    probes = tmp_path / "probes"
    probes.mkdir()
    file = probes / "live.yaml"
    file.write_text(LIVE)
    first = load_probe(LIVE, "live.yaml").definition
    changed = LIVE + "# changed\n"
    second = load_probe(changed, "live.yaml").definition
    folder = ProbeFolder(probes, approve(tmp_path, first))
    assert [each.probe.definition for each in folder.loaded().probes] == [first]
    file.write_text(changed)
    refused = folder.look(at_once=True)
    assert refused is not None
    assert [each.probe.definition for each in refused.probes] == [first]
    assert any("not approved as it is" in str(each) for each in refused.problems)
    approve(tmp_path, second)
    approved = folder.look(at_once=True)
    assert approved is not None
    assert [each.probe.definition for each in approved.probes] == [second]
    assert all("not approved" not in str(each) for each in approved.problems)


def test_nobody_must_approve_that_a_live_probe_is_paused(tmp_path: Path) -> None:
    probes = tmp_path / "probes"
    probes.mkdir()
    file = probes / "live.yaml"
    file.write_text(LIVE)
    folder = ProbeFolder(probes, approve(tmp_path, load_probe(LIVE, "live.yaml").definition))
    file.write_text(LIVE.replace("every: 5m", "every: 5m\n  paused: acme moves"))
    found = folder.look(at_once=True)
    assert found is not None
    assert [each.probe.paused for each in found.probes] == ["acme moves"]
    assert not errors(found.problems)
    file.write_text(LIVE)
    found = folder.look(at_once=True)
    assert found is not None
    assert [each.probe.paused for each in found.probes] == [""]


def test_without_approvals_a_folder_runs_no_live_probe(tmp_path: Path) -> None:
    (tmp_path / "live.yaml").write_text(LIVE)
    assert ProbeFolder(tmp_path).loaded().probes == ()
