"""Rules of steps that wait for webhooks: whose they are, how they are proven, and what cannot be."""

from collections.abc import Iterator, Mapping

from msgspec import UNSET, UnsetType

from synthprobe.core.expectations import Subject
from synthprobe.core.spelling import suggestion
from synthprobe.files.assertion_rules import entry_problems
from synthprobe.files.assertion_shape import Assertion
from synthprobe.files.await_shape import Await, Verify
from synthprobe.files.documents import Document, Path
from synthprobe.files.expectations import key_of, subject_of
from synthprobe.files.probe_shape import ProbeFile
from synthprobe.files.problems import Problem, problem_at, warning_at
from synthprobe.files.shapes import given
from synthprobe.files.values import leaves

OF_A_DELIVERY = frozenset({Subject.JSON, Subject.HEADER, Subject.BODY})
"""What `correlate` and `match` may look at."""

SUITS: Mapping[str, tuple[str, ...]] = {
    "hmac": ("header", "algorithm", "encoding", "prefix", "timestamp"),
    "stripe": ("header",),
    "standard-webhooks": (),
}
"""What each way of signing lets a file say beside its key and tolerance."""


def await_problems(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """Everything that is wrong with the waits of a file."""
    for index, step in enumerate(file.steps):
        if not isinstance(step.awaited, Await):
            continue
        written, path = step.awaited, ("steps", index, "await")
        yield from _correlation_problems(document, path, written)
        for number, entry in enumerate(given(written.match, [])):
            yield from _subject_problems(document, (*path, "match", number), entry)
        if isinstance(written.verify, Verify):
            yield from _verify_problems(document, (*path, "verify"), written.verify)
        elif document.is_whole(path):
            message = "anybody who knows the URL could send this: nothing proves the sender"
            yield warning_at(document.position(path), message, "add `verify`")
        before = [each.id for each in file.steps[:index]]
        if not isinstance(written.since, UnsetType) and written.since not in before:
            position = document.position((*path, "since"))
            hint = suggestion(written.since, before)
            yield problem_at(position, f"no earlier step `{written.since}`", hint)


def _correlation_problems(document: Document, path: Path, written: Await) -> Iterator[Problem]:
    if isinstance(written.correlate, Assertion):
        yield from entry_problems(document, (*path, "correlate"), written.correlate)
        yield from _subject_problems(document, (*path, "correlate"), written.correlate)
    elif document.is_whole(path) and not _is_fragment(document) and not _hands_out_its_url(document):
        message = "nothing tells this run's webhooks from those of others"
        hint = "add `correlate`, or give the provider `${{ run.callback_url }}`"
        yield problem_at(document.position(path), message, hint)


def _subject_problems(document: Document, path: Path, entry: Assertion) -> Iterator[Problem]:
    if subject_of(entry) not in OF_A_DELIVERY:
        position = document.position((*path, key_of(entry)), of_key=True)
        message = f"`{key_of(entry)}` is not known of a delivery"
        yield problem_at(position, message, "look at `json`, `header` or `body`")


def _verify_problems(document: Document, path: Path, written: Verify) -> Iterator[Problem]:
    for key in SUITS["hmac"]:
        if getattr(written, key) is not UNSET and key not in SUITS[written.type]:
            position = document.position((*path, key), of_key=True)
            yield problem_at(position, f"`{key}` means nothing to `{written.type}`", "remove it")
    if written.type == "hmac" and isinstance(written.header, UnsetType):
        message = "`header` is missing: where the signature is"
        yield problem_at(document.position(path), message, "as `header: X-Hook-Signature`")


def _is_fragment(document: Document) -> bool:
    return isinstance(document.value, dict) and "inputs" in document.value


def _hands_out_its_url(document: Document) -> bool:
    return any(isinstance(text, str) and "run.callback_url" in text for _, text in leaves(document.value))
