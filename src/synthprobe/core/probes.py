"""A probe and what it is made of, as the agent runs it; `files/` makes these values from YAML."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum

from msgspec import Struct

from synthprobe.core.egress import IpVersion, Proxy, Safety, TlsProfile
from synthprobe.core.failures import Kind
from synthprobe.core.templates import Json, Template, Value


class Position(Struct, frozen=True):
    """Where something stands in a file; line and column count from one."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Subject(StrEnum):
    """What an assertion looks at, or a capture reads."""

    STATUS = "status"
    HEADER = "header"
    JSON = "json"
    BODY = "body"
    DURATION = "duration"
    URL = "url"
    """Captures only: the URL that was called."""


class Operator(StrEnum):
    """The closed list of comparisons."""

    EQUALS = "equals"
    NOT_EQUALS = "not_equals"
    ONE_OF = "one_of"
    NOT_ONE_OF = "not_one_of"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    CONTAINS = "contains"
    NOT_CONTAINS = "not_contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    MATCHES = "matches"
    """An RE2 pattern, searched for (not anchored)."""
    EXISTS = "exists"
    """Expected is a bool: whether the subject is there at all."""
    LENGTH = "length"
    """Expected is an int: of a string, list or object."""
    TYPE = "type"
    """Expected is a JSON type's name: string number integer boolean array object null."""


class Cast(StrEnum):
    """How both sides of a comparison are read (`as:`)."""

    DECIMAL = "decimal"
    NUMBER = "number"
    DATETIME = "datetime"
    STRING = "string"


class Level(StrEnum):
    """What a failed assertion makes of the run."""

    FAILED = "failed"
    DEGRADED = "degraded"


class Assertion(Struct, frozen=True):
    """One expectation with one operator; a YAML entry with several operators becomes several of these.

    `expected` of `duration` is in seconds (float).
    """

    subject: Subject
    operator: Operator
    expected: Value
    text: str
    """As a person reads it: `json $.status equals AUTHORISED`."""
    position: Position
    path: str | None = None
    """JSONPath (RFC 9535) for json, header name for header."""
    level: Level = Level.FAILED
    cast: Cast | None = None


class CaptureType(StrEnum):
    """What a captured value must be; it stays a string unless the probe says otherwise."""

    STRING = "string"
    INT = "int"
    DECIMAL = "decimal"
    LIST = "list"
    OBJECT = "object"


class Capture(Struct, frozen=True):
    """A named value kept for later steps as `${{ steps.<step>.<name> }}`; missing without a default = the step fails."""

    name: str
    source: Subject
    position: Position
    path: str | None = None
    """JSONPath, header name, or for body an RE2 pattern whose first group (or whole match) is kept."""
    type: CaptureType = CaptureType.STRING
    default: Value = None
    has_default: bool = False
    secret: bool = False


REQUEST_TIMEOUT = timedelta(seconds=10)
"""Of a request that names none, from DNS to the last byte."""

RUN_TIMEOUT = timedelta(seconds=60)
"""Of a run whose probe names none; `every`, where that is shorter."""

MAX_BODY = 1024 * 1024
"""Bytes of response read at most, after decompression, unless a request says otherwise."""


class BodyKind(StrEnum):
    """How a request body is encoded."""

    JSON = "json"
    FORM = "form"
    RAW = "raw"


class Body(Struct, frozen=True):
    """A request body before its references are filled; form content is a mapping of scalars or lists of scalars."""

    kind: BodyKind
    content: Value


class Retry(Struct, frozen=True):
    """Repeat one request after a listed failure; `on` holds failure kinds, and statuses as `"503"`.

    The file's word `connect` stands for dns_error, connect_refused and connect_timeout.
    """

    on: frozenset[str] = frozenset()
    max: int = 0
    backoff: timedelta = timedelta(milliseconds=500)


class Request(Struct, frozen=True, tag="request"):
    """An HTTP request to make: the step kind `request`."""

    method: str
    url: Template
    url_template: str
    """The URL as written, references as `{name}`: `{base_url}/v1/payments/{id}`; for span names, never filled."""
    query: Mapping[str, Value] = {}
    headers: Mapping[str, Value] = {}
    body: Body | None = None
    timeout: timedelta = REQUEST_TIMEOUT
    """From DNS to the last byte, on the monotonic clock."""
    max_body: int = MAX_BODY
    idempotency: str | None = None
    """Header that carries a key that is new per run and step, and the same on every retry."""
    follow_redirects: int = 0
    """Redirects followed at most; one more is a failure, while with none a redirect is an answer like any other."""
    ip: IpVersion = IpVersion.ANY
    tls: TlsProfile | None = None
    via: Proxy | None = None


Action = Request
"""What a step does; each kind is one frozen struct here and one file in `agent/steps/`."""


class Step(Struct, frozen=True):
    """One action of a probe with what is expected of it."""

    id: str
    action: Action
    position: Position
    description: str = ""
    assertions: tuple[Assertion, ...] = ()
    captures: tuple[Capture, ...] = ()
    retry: Retry = Retry()
    timeout: timedelta | None = None
    """Whole step, retries included."""
    continue_on_failure: bool = False


class SecretSource(Struct, frozen=True):
    """Where a secret comes from: exactly one of `env` and `file` (relative to the probe file)."""

    env: str | None = None
    file: str | None = None
    position: Position | None = None


class Row(Struct, frozen=True):
    """One row of the matrix: its identity is the first key's value (or `id`), the rest are values."""

    id: str
    label: str
    """The label that carries `id` on alerts: the first key's name."""
    values: Mapping[str, Json]


class FailAfter(Struct, frozen=True):
    """Fire on `failed` failed samples among the last `of`; n in a row is `failed == of == n` with `in_a_row`."""

    failed: int = 2
    of: int = 5
    in_a_row: bool = False


class AlertMode(StrEnum):
    """Whether a check's alert tells people, or only notes what it would have done."""

    PAGE = "page"
    TRIAL = "trial"


class AlertRule(Struct, frozen=True):
    """When a check's results become an alert; travels with its announcement to the router."""

    fail_after: FailAfter = FailAfter()
    degraded_after: FailAfter = FailAfter(failed=3, of=5)
    recover_after: int = 2
    severity: str = "critical"
    mode: AlertMode = AlertMode.PAGE
    confirm: bool = True
    """Whether further samples are taken when it is about to fire."""


class Redaction(Struct, frozen=True):
    """What a probe's author wants hidden beyond what is always hidden."""

    json: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()


class Overlap(StrEnum):
    """What becomes of a slot whose check still runs."""

    SKIP = "skip"
    QUEUE = "queue"
    """It waits for the run to end; a newer one takes its place."""


class Probe(Struct, frozen=True):
    """One YAML file: a named list of steps."""

    name: str
    steps: tuple[Step, ...]
    every: timedelta
    definition: str
    """SHA-256 (hex) of the file's text: changes when the definition changes."""
    position: Position
    owner: str = ""
    description: str = ""
    labels: Mapping[str, str] = {}
    runbook: str = ""
    environment: str = "sandbox"
    overlap: Overlap = Overlap.SKIP
    timeout: timedelta = RUN_TIMEOUT
    regions: Mapping[str, Mapping[str, Value]] = {}
    matrix: tuple[Row, ...] = ()
    vars: Mapping[str, Value] = {}
    secrets: Mapping[str, SecretSource] = {}
    alert: AlertRule = AlertRule()
    redact: Redaction = Redaction()
    safety: Safety = Safety()


class Check(Struct, frozen=True):
    """A probe bound to a region and a matrix row: what is scheduled, what is up or down."""

    probe: Probe
    region: str
    row: Row | None = None

    @property
    def key(self) -> str:
        """Stable identity: `probe/region` or `probe/region/row`."""
        parts = (self.probe.name, self.region, *((self.row.id,) if self.row else ()))
        return "/".join(parts)


def checks(probe: Probe) -> Iterator[Check]:
    """Every check of a probe: one per region and matrix row, in the file's order."""
    for region in probe.regions:
        for row in probe.matrix or (None,):
            yield Check(probe, region, row)


RETRY_WORDS: Mapping[str, frozenset[str]] = {
    "connect": frozenset({Kind.DNS_ERROR, Kind.CONNECT_REFUSED, Kind.CONNECT_TIMEOUT})
}
"""Words of `retry.on` that stand for several kinds."""
