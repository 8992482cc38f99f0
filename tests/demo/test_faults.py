"""Faults meet the requests they name, in their window, and a bad file says where it is wrong."""

from datetime import timedelta

import pytest

from synthprobe.demo.fault_files import load_faults
from synthprobe.demo.faults import Fault, find
from synthprobe.demo.scene import FAULTS
from synthprobe.files.problems import FileProblems

CAPTURE = Fault(
    method="POST",
    path="/v1/payment_intents/*/capture",
    since=timedelta(seconds=10),
    until=timedelta(seconds=20),
    regions=frozenset({"emea"}),
    status=503,
)


@pytest.mark.parametrize(
    ("method", "path", "region", "elapsed", "met"),
    [
        pytest.param(
            "POST", "/v1/payment_intents/pi_1/capture", "emea", 10.0, True, id="at the start of its window"
        ),
        pytest.param(
            "POST", "/v1/payment_intents/pi_1/capture", "emea", 19.9, True, id="just before its end"
        ),
        pytest.param("POST", "/v1/payment_intents/pi_1/capture", "emea", 20.0, False, id="at its end"),
        pytest.param("POST", "/v1/payment_intents/pi_1/capture", "emea", 9.9, False, id="before it begins"),
        pytest.param("POST", "/v1/payment_intents/pi_1/capture", "amer", 15.0, False, id="in another region"),
        pytest.param("GET", "/v1/payment_intents/pi_1/capture", "emea", 15.0, False, id="by another method"),
        pytest.param(
            "POST", "/v1/payment_intents/a/b/capture", "emea", 15.0, False, id="the star is one part only"
        ),
        pytest.param("POST", "/v1/payment_intents", "emea", 15.0, False, id="on another route"),
    ],
)
def test_a_fault_meets_its_route_region_and_window(
    method: str, path: str, region: str, elapsed: float, met: bool
) -> None:
    assert (find([CAPTURE], method, path, region, elapsed) is CAPTURE) == met


def test_the_first_fault_that_fits_is_met() -> None:
    anywhere = Fault(method="*", path="/*/payment_intents/*/capture", since=timedelta(), reset=True)
    assert find([anywhere, CAPTURE], "POST", "/v1/payment_intents/p/capture", "emea", 12) is anywhere


def test_the_faults_of_the_demo_are_read() -> None:
    (fault,) = load_faults(FAULTS.read_text(), "faults.yaml")
    assert fault.status == 503
    assert fault.text == "POST /v1/payment_intents/*/capture answers 503 in emea"


def test_every_kind_of_fault_can_be_written() -> None:
    faults = load_faults(
        """
faults:
  - {route: "* /a", delay: 1m500ms}
  - {route: "GET /a", status: 500, body: oops}
  - {route: "GET /a", reset: true}
  - {route: "GET /a", drip: {bytes: 2, every: 10ms}}
  - {route: "GET /a", body: "<html>"}
  - {route: "POST /a", lose_answer: true, regions: [emea], until: 5s}
""",
        "f.yaml",
    )
    assert faults[0].delay == timedelta(minutes=1, milliseconds=500)
    assert [fault.text.removeprefix(f"{fault.method} /a ") for fault in faults] == [
        "is 60.5 s late in every region",
        "answers 500 in every region",
        "cuts the connection in every region",
        "drips its answer in every region",
        "answers with a wrong body in every region",
        "does its work and loses the answer in emea",
    ]


@pytest.mark.parametrize(
    ("entry", "line", "words"),
    [
        pytest.param("route: POST /a", 2, "this fault does nothing", id="nothing goes wrong"),
        pytest.param(
            "route: POST /a\n    reset: true\n    status: 503", 2, "do not go together", id="two endings"
        ),
        pytest.param(
            "route: POST /a\n    from: 9s\n    until: 3s\n    reset: true",
            4,
            "until 3s is not after",
            id="ends first",
        ),
        pytest.param("route: POST /a\n    resett: true", 3, "resett", id="an unknown key"),
        pytest.param(
            "route: capture\n    reset: true", 2, "a route is a method", id="a route without method"
        ),
        pytest.param("route: POST /a\n    delay: soon", 3, "soon", id="no duration"),
    ],
)
def test_a_bad_file_says_where(entry: str, line: int, words: str) -> None:
    with pytest.raises(FileProblems) as caught:
        load_faults(f"faults:\n  - {entry}\n", "f.yaml")
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == ("f.yaml", line)
    assert words in str(problem)
