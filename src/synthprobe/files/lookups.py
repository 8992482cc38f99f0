"""Where a file's references are looked up, and where they are not."""

from synthprobe.files.documents import Path


def is_looked_up(path: Path) -> bool | None:
    """Whether references work at a place; None where a `${{` is nobody's business (prose, refused keys)."""
    match path:
        case ("vars" | "outputs", str(), *_) | ("defaults", "request", "headers" | "query", *_):
            return True
        case ("tls", _, "client_cert" | "client_key" | "ca") | (
            "proxies",
            _,
            "url" | "username" | "password",
        ):
            return True
        case ("auth", _, key, *_):
            return key in _IN_AUTH
        case ("steps", int(), *rest):
            return _in_step(tuple(rest))
        case (
            "regions"
            | "matrix"
            | "labels"
            | "secrets"
            | "redact"
            | "owner"
            | "safety"
            | "tls"
            | "proxies"
            | "inputs",
            *_,
        ):
            return False
    return None


_IN_AUTH = frozenset(
    {
        *("username", "password", "token", "token_url", "client_id", "client_secret", "scope", "params"),
        *("key", "headers", "consumer_key", "kid", "claims", "keyid", "tag"),
    }
)


def _in_step(path: Path) -> bool | None:
    match path:
        case ("request", *rest) | ("poll", "request", *rest):
            return _in_request(tuple(rest))
        case ("assert", int(), key, *_) | ("poll", "until" | "fail_if", int(), key, *_) | ("if", key, *_):
            return key not in ("json", "header", "as", "level", "schema", "step", "is", "of")
        case ("money", "amount" | "currency"):
            return True
        case ("undo", *rest):
            return _in_undo(tuple(rest))
        case ("capture", _, key, *_):
            return key == "default"
        case ("with", *_):
            return True
        case ("await" | "tcp" | "tls" | "dns" | "iso8583" as kind, *rest):
            return _in_await(tuple(rest)) if kind == "await" else _in_protocol(tuple(rest))
        case ("use" | "resend" | "pause" | "classify" | "money", *_):
            return False
    return None


def _in_undo(path: Path) -> bool | None:
    match path:
        case ("look", "each"):
            return True
        case ("look", "request", *rest) | ("act", int(), "request", *rest):
            return _in_request(tuple(rest))
        case ("act", int(), "iso8583", *rest):
            return _in_protocol(tuple(rest))
        case ("act", int(), "when" | "verify", int(), key, *_):
            return key not in ("json", "header", "as", "level", "schema")
    return False


def _in_protocol(path: Path) -> bool:
    match path:
        case ("host" | "port" | "server_name" | "name" | "resolver" | "type",) | ("fields", _):
            return True
        case ("send" | "expect", *_) | ("then", int(), "send" | "expect", *_):
            return True
    return False


def _in_await(path: Path) -> bool:
    match path:
        case ("match", int(), key, *_) | ("correlate", key, *_):
            return key not in ("json", "header", "as", "level", "schema")
    return path[:2] == ("verify", "key")


def _in_request(path: Path) -> bool | None:
    match path:
        case ("url" | "query" | "headers" | "json" | "form" | "raw", *_):
            return True
        case ("body_file", *_):
            return False
    return None
