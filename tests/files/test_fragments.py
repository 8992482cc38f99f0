"""Fragments: what a use takes and gives, nested ones, cycles, and faults told where they stand."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from synthprobe.core.probes import Probe
from synthprobe.core.steps import Use, all_steps
from synthprobe.core.templates import parse
from synthprobe.files.probes import examine_file, load_folder
from synthprobe.files.problems import errors
from synthprobe.files.watching import ProbeFolder

PROBE = """\
name: pay
schedule: {every: 1m}
regions: {emea: {base_url: "https://eu.acme.example"}}
vars: {amount: "1.07"}
steps:
  - id: pay
    request: {method: POST, url: "${{ region.base_url }}/payments", idempotency: Key}
    capture: {id: {json: $.id}}
  - id: refund
    use: shared/refund.yaml
    with: {payment: "${{ steps.pay.id }}"}
  - id: look
    request: {url: "${{ region.base_url }}/refunds/${{ steps.refund.id }}"}
"""
REFUND = """\
inputs:
  payment:
  reason: {default: test}
steps:
  - id: create
    request: {method: POST, url: "${{ region.base_url }}/refunds", idempotency: Key,
              json: {payment: "${{ inputs.payment }}", why: "${{ inputs.reason }}", amount: "${{ vars.amount }}"}}
    capture: {id: {json: $.id}}
  - id: wait
    use: wait.yaml
outputs: {id: "${{ steps.create.id }}"}
"""
WAIT = """\
inputs: {}
steps:
  - id: pause
    pause: 1s
"""
FILES = {"pay.yaml": PROBE, "shared/refund.yaml": REFUND, "shared/wait.yaml": WAIT}


def write(folder: Path, **changes: str) -> Path:
    """The files, with texts replaced in them: `shared/refund.yaml` by its stem `refund`."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        old, _, new = changes.get(path.stem, "").partition(" => ")
        path.write_text(text.replace(old, new) if old else text)
    return folder / "pay.yaml"


def loaded(path: Path) -> Probe:
    """The probe of a file without problems."""
    found = examine_file(path)
    assert found.loaded is not None, found.problems
    return found.loaded.probe


def told(path: Path) -> list[str]:
    """What is wrong with a probe, with file names as written from its folder."""
    return [str(problem).replace(f"{path.parent}/", "") for problem in examine_file(path).problems]


def test_a_fragments_steps_are_named_after_the_step_that_uses_it(tmp_path: Path) -> None:
    probe = loaded(write(tmp_path))
    assert [step.id for step in all_steps(probe.steps)] == [
        "pay",
        "refund",
        "refund/create",
        "refund/wait",
        "refund/wait/pause",
        "look",
    ]
    use = probe.steps[1].action
    assert isinstance(use, Use)
    assert use.inputs == {"reason": "test", "payment": parse("${{ steps.pay.id }}")}
    assert use.outputs == {"id": parse("${{ steps.create.id }}")}
    assert use.steps[0].position.file.endswith("shared/refund.yaml")


def test_the_definition_changes_with_a_fragment(tmp_path: Path) -> None:
    before = loaded(write(tmp_path)).definition
    assert loaded(write(tmp_path, wait="1s => 2s")).definition != before


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        pytest.param(
            {"pay": "shared/refund.yaml => shared/gone.yaml"},
            ["pay.yaml:10:10: `shared/gone.yaml` cannot be read: No such file or directory"],
            id="no such file",
        ),
        pytest.param(
            {"wait": "pause: 1s => use: refund.yaml"},
            [
                "shared/wait.yaml:4:10: `use` runs in a circle: pay.yaml → refund.yaml → wait.yaml → refund.yaml"
            ],
            id="a circle",
        ),
        pytest.param(
            {"pay": "payment: => paymnt:"},
            [
                "pay.yaml:10:10: `shared/refund.yaml` needs `payment`",
                "pay.yaml:11:12: `shared/refund.yaml` takes no",
            ],
            id="a misspelt input",
        ),
        pytest.param(
            {"pay": "refund.id => refund.number"},
            ["pay.yaml:13:20: the step `refund` gives no `number`"],
            id="an output it does not give",
        ),
        pytest.param(
            {"refund": "inputs.reason => inputs.reasn"},
            ["shared/refund.yaml:7:61: no input `reasn` — did you mean `reason`?"],
            id="an unknown input inside",
        ),
        pytest.param(
            {"refund": "vars.amount => vars.amont"},
            ["shared/refund.yaml:7:93: no var `amont`"],
            id="a var that the probe does not have",
        ),
        pytest.param(
            {"refund": "steps.create.id => steps.pay.id"},
            ["shared/refund.yaml:11:15: no step `pay`"],
            id="steps of the probe are not known inside",
        ),
        pytest.param(
            {"wait": "pause: 1s => pause: 1x"},
            ["shared/wait.yaml:4:12: `1x` is not allowed here"],
            id="a fault of shape",
        ),
        pytest.param(
            {"wait": "inputs: {} => owner: me"},
            ["shared/wait.yaml:1:1: `inputs` is missing", "shared/wait.yaml:1:1: unknown key `owner`"],
            id="a file that is no fragment",
        ),
        pytest.param(
            {"pay": "${{ steps.pay.id }} => ${{ inputs.x }}"},
            ["pay.yaml:11:21: `inputs` is known in fragments only"],
            id="inputs outside",
        ),
    ],
)
def test_a_fault_is_told_in_the_file_it_stands_in(
    tmp_path: Path, changes: Mapping[str, str], wanted: list[str]
) -> None:
    found = told(write(tmp_path, **changes))
    assert all(any(each.startswith(start) for each in found) for start in wanted), found
    assert examine_file(tmp_path / "pay.yaml").loaded is None


def test_a_folder_with_fragments_in_it_holds_the_probes_only(tmp_path: Path) -> None:
    write(tmp_path)
    found = load_folder([tmp_path])
    assert [each.probe.name for each in found.probes] == ["pay"]
    assert not errors(found.problems)


def test_a_fragment_that_nobody_uses_is_checked_as_far_as_it_can_be(tmp_path: Path) -> None:
    write(tmp_path, refund="inputs.reason => inputs.reasn", pay="shared/refund.yaml => shared/wait.yaml")
    found = [str(each).partition("shared/")[2] for each in load_folder([tmp_path]).problems]
    assert "refund.yaml:7:61: no input `reasn` — did you mean `reason`?" in found
    assert not any("vars.amount" in each or "region" in each for each in found)


def test_a_changed_fragment_changes_the_probes_that_use_it(tmp_path: Path) -> None:
    write(tmp_path)
    folder = ProbeFolder(tmp_path)
    before = folder.loaded().probes[0].probe.definition
    assert folder.look() is None
    write(tmp_path, wait="1s => 2s")
    now = folder.look(at_once=True)
    assert now is not None
    assert now.probes[0].probe.definition != before
    (tmp_path / "shared/wait.yaml").write_text("inputs: {}\nsteps: none\n")
    broken = folder.look(at_once=True)
    assert broken is not None
    assert broken.probes == now.probes
    assert any("wait.yaml" in str(problem) for problem in broken.problems)


def test_a_probe_whose_schema_comes_late_is_taken_up_when_it_does(tmp_path: Path) -> None:
    asserting = "    pause: 1s => "
    path = write(
        tmp_path,
        wait=asserting + '    request: {url: "https://eu.acme.example"}\n    assert: [{schema: s.json}]',
    )
    assert told(path) == [
        "shared/wait.yaml:5:23: `s.json` cannot be read: No such file or directory — name a file relative to this one"
    ]
    folder = ProbeFolder(tmp_path)
    assert not folder.loaded().probes
    (tmp_path / "shared/s.json").write_text('{"type": "object"}')
    now = folder.look(at_once=True)
    assert now is not None
    assert [each.probe.name for each in now.probes] == ["pay"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("/etc/hostname", "outside of the folder above"),
        ("../../outside.txt", "outside of the folder above"),
        ("link.txt", "outside of the folder above"),
        ("secrets/key", "hidden folder, or one of secrets"),
        ("../.ssh/key", "hidden folder, or one of secrets"),
        ("../bodies/fine.txt", ""),
    ],
    ids=["an absolute path", "too far up", "a link", "a secret", "a hidden folder", "a neighbour"],
)
def test_a_body_comes_from_nearby_and_never_from_secrets(tmp_path: Path, name: str, told: str) -> None:
    here = tmp_path / "repository" / "probes"
    for file in (
        "repository/bodies/fine.txt",
        "outside.txt",
        "repository/probes/secrets/key",
        "repository/.ssh/key",
    ):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("text")
    (here / "link.txt").symlink_to(tmp_path / "outside.txt")
    text = "name: a\nschedule: {every: 1m}\nregions: [emea]\nsteps:\n  - id: a\n    assert: [{status: 200}]\n"
    (here / "a.yaml").write_text(
        text + f'    request: {{method: PUT, url: "https://a.example", body_file: {name}}}\n'
    )
    found = examine_file(here / "a.yaml").problems
    assert [told in str(problem) for problem in found] == ([True] if told else [])
