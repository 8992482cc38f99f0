"""Each file under `broken/` has, beside it, exactly what its author is told: `line:column: message — hint`."""

from pathlib import Path

import pytest

from synthprobe.files.probes import load_folder, load_probe
from synthprobe.files.problems import FileProblems

BROKEN = sorted(Path(__file__).with_name("broken").glob("*.yaml"))


@pytest.mark.parametrize("file", BROKEN, ids=[file.stem for file in BROKEN])
def test_a_broken_file_is_refused_with_every_fault_and_its_place(file: Path) -> None:
    with pytest.raises(FileProblems) as raised:
        load_probe(file.read_bytes(), file.name)
    told = [str(problem).removeprefix(f"{file.name}:") for problem in raised.value.problems]
    assert told == file.with_suffix(".txt").read_text().splitlines()


def test_all_broken_files_are_reported_in_one_pass() -> None:
    loaded = load_folder([Path(__file__).with_name("broken")])
    assert not loaded.probes
    assert {Path(problem.file).stem for problem in loaded.problems} == {file.stem for file in BROKEN}
    assert len(BROKEN) >= 20
