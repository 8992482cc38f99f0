"""What a step expects of what came, and what it keeps of it: assertions and captures, and what they look at."""

from enum import StrEnum

from msgspec import Struct

from synthprobe.core.templates import Value


class Position(Struct, frozen=True):
    """Where something stands in a file; line and column count from one."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Subject(StrEnum):
    """What an assertion looks at, or a capture reads; which of them there is depends on the kind of the step."""

    STATUS = "status"
    HEADER = "header"
    JSON = "json"
    BODY = "body"
    SIZE = "size"
    """Bytes of the body."""
    DURATION = "duration"
    PHASE = "phase"
    """One phase of the exchange, in seconds; the path is its name."""
    SCHEMA = "schema"
    """Assertions only: whether the body fits a JSON Schema, whose text is what is expected."""
    COOKIE = "cookie"
    """A cookie that the response sets; the path is its name."""
    CERTIFICATE = "certificate"
    """What the path names of the certificate shown: subject, issuer, serial, names, not_before, not_after."""
    CERTIFICATE_EXPIRES_IN = "certificate_expires_in"
    """In seconds, as of the exchange."""
    TLS_VERSION = "tls_version"
    HTTP_VERSION = "http_version"
    REDIRECT_TO = "redirect_to"
    """The whole URL that a redirect leads to."""
    ANSWERS = "answers"
    """Of DNS: the records of the type that was asked for, sorted."""
    FIELD = "field"
    """A field of an ISO 8583 answer; the path is its number, or `type` for the message type."""
    DELIVERIES = "deliveries"
    """How often a webhook came."""
    DELAY = "delay"
    """How long after its cause a webhook came, in seconds."""
    URL = "url"
    """Captures only: the URL that was called."""


TIMED = frozenset({Subject.DURATION, Subject.PHASE, Subject.CERTIFICATE_EXPIRES_IN, Subject.DELAY})
"""Subjects that are lengths of time, in seconds."""


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

    `expected` of a subject in `TIMED` is in seconds (float).
    """

    subject: Subject
    operator: Operator
    expected: Value
    text: str
    """As a person reads it: `json $.status equals AUTHORISED`."""
    position: Position
    path: str | None = None
    """JSONPath (RFC 9535) for json, header name for header, the phase of a phase."""
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
    """JSONPath, the name of a header or cookie, or for body an RE2 pattern whose first group (or whole match) is kept."""
    type: CaptureType = CaptureType.STRING
    default: Value = None
    has_default: bool = False
    secret: bool = False
