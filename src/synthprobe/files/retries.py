"""When a request may be repeated: what `retry.on` means, and what a method without a key forbids."""

from collections.abc import Iterator

from msgspec import UNSET

from synthprobe.core.failures import TRANSPORT, Kind
from synthprobe.core.requests import RETRY_WORDS
from synthprobe.core.requests import Retry as RetryValue
from synthprobe.core.spelling import suggestion
from synthprobe.files.defaults_shape import Defaults
from synthprobe.files.documents import Document, Path
from synthprobe.files.durations import duration
from synthprobe.files.places import own_request
from synthprobe.files.probe_shape import ProbeFile
from synthprobe.files.problems import Problem, problem_at
from synthprobe.files.request_shape import Retry
from synthprobe.files.shapes import given
from synthprobe.files.step_shape import Step

WORDS = frozenset({*(kind.value for kind in TRANSPORT), *RETRY_WORDS})
"""What `on` may hold beside statuses."""

UNSENT = frozenset(
    {
        *RETRY_WORDS["connect"],
        Kind.TLS_EXPIRED,
        Kind.TLS_UNTRUSTED,
        Kind.TLS_HOSTNAME,
        Kind.TLS_ERROR,
    }
)
"""Failures before the first byte of a request: any request may be repeated after them."""

_NOT_IDEMPOTENT = frozenset({"POST", "PATCH"})


def effective(step: Step, defaults: Defaults) -> RetryValue:
    """A step's own retry, or the shared one less what would be unsafe for this step."""
    if not isinstance(step.retry, Retry):
        shared = defaults.retry
        if not isinstance(shared, Retry):
            return RetryValue()
        words = _kinds(shared) & UNSENT if _needs_key(step) else _kinds(shared)
        return _value(shared, frozenset(words))
    return _value(step.retry, _kinds(step.retry))


def retry_problems(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """Words that `on` does not know, and repeats that could charge twice."""
    shared = given(file.defaults, Defaults()).retry
    if isinstance(shared, Retry):
        yield from _word_problems(document, shared, ("defaults", "retry", "on"))
    for index, step in enumerate(file.steps):
        if isinstance(step.retry, Retry):
            path: Path = ("steps", index, "retry", "on")
            yield from _word_problems(document, step.retry, path)
            yield from _key_problems(document, step, path)


def _word_problems(document: Document, retry: Retry, path: Path) -> Iterator[Problem]:
    for index, word in enumerate(retry.on):
        if word in WORDS or _is_status(word):
            continue
        hint = suggestion(str(word), ("connect", *sorted(WORDS - {"connect"})))
        yield problem_at(
            document.position((*path, index)), f"`{word}` is neither a failure kind nor a status", hint
        )


def _key_problems(document: Document, step: Step, path: Path) -> Iterator[Problem]:
    if not _needs_key(step) or not isinstance(step.retry, Retry):
        return
    for index, word in enumerate(step.retry.on):
        if _is_status(word) or not _kinds_of(str(word)) <= UNSENT:
            message = f"after `{word}` the request may have arrived, and repeating it could act twice"
            hint = "add `idempotency` to the request, or retry on `connect` only"
            yield problem_at(document.position((*path, index)), message, hint)


def _needs_key(step: Step) -> bool:
    request = own_request(step)
    if request is None:
        return False
    return given(request.method, "GET") in _NOT_IDEMPOTENT and request.idempotency is UNSET


def _is_status(word: str | int) -> bool:
    return isinstance(word, int) or (word.isascii() and word.isdigit() and 100 <= int(word[:9]) <= 599)


def _kinds(retry: Retry) -> frozenset[str]:
    return frozenset(kind for word in retry.on for kind in _kinds_of(str(word)))


def _kinds_of(word: str) -> frozenset[str]:
    return frozenset(map(str, RETRY_WORDS.get(word, (word,))))


def _value(retry: Retry, on: frozenset[str]) -> RetryValue:
    return RetryValue(on, given(retry.max, 1) if on else 0, duration(given(retry.backoff, "500ms")))
