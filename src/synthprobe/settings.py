"""SYNTHPROBE_* and flags → `Settings`; the only reader of os.environ.

A flag beats the environment, the environment beats the default. Every fault of every setting is found at once.
"""

import difflib
import hashlib
import ipaddress
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from msgspec import Struct

from synthprobe.core import budgets
from synthprobe.core.budgets import Budget

T = TypeVar("T")

PREFIX = "SYNTHPROBE_"
SERVER_URL = f"{PREFIX}URL"
"""Where commands that ask a running server find it; no setting of a server."""

FAILPOINTS = ("after_record", "before_claim", "after_claim", "after_send", "before_mark")
"""Where a kill test may let the router die."""

OTEL_SECRETS = frozenset({"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"})
_SOCKET_PATH_MAX = 100
"""Unix socket paths are limited to 108 bytes on Linux and 104 on macOS."""


class Origin(StrEnum):
    """Where a setting's value came from."""

    FLAG = "flag"
    ENVIRONMENT = "environment"
    DEFAULT = "default"


class SettingsError(Exception):
    """One or more settings cannot be used; `faults` has a sentence for each."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class Listen(Struct, frozen=True):
    """Where the web server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class Settings(Struct, frozen=True):
    """Everything that is decided before the product starts."""

    probes: Path
    routes: Path
    store: Path
    """The SQLite file."""
    spool: Path
    """The agent's SQLite file."""
    listen: Listen
    public_url: str
    hooks_url: str
    heartbeat_url: str
    """May be a secret: it is never shown."""
    """How providers reach `/hooks/…`, where that is not the public URL."""
    hooks_key: Path
    """File of the key from which tokens of webhook URLs are made."""
    agent: str
    """The agent's name in reports."""
    concurrency: int
    """Runs at once."""
    grace: float
    """Seconds that runs get to finish at a stop."""
    undo_patience: timedelta
    """How long what undo waits for may take to show."""
    allow_loopback: bool
    """Whether probes and receivers may be on this machine."""
    budgets: tuple[Budget, ...]
    """How much may be asked of each provider."""
    live: Path | None
    """File of approved live probes; without one none is run."""
    halt: Path
    """While this file is there, no new run starts."""
    keep: timedelta
    """How long runs are kept that no incident refers to."""
    keep_bytes: int | None
    """How large the store may grow before runs go earlier; None: without bound."""
    failpoint: str
    """Where the notifier kills its own process, for the kill tests; empty: nowhere."""

    @property
    def budgets_text(self) -> str:
        """The budgets as they are set."""
        return "; ".join(map(str, self.budgets))

    @property
    def undo_folder(self) -> Path:
        """Where each `synthprobe run` keeps what it must take back."""
        return self.spool.with_name(self.spool.stem.removesuffix("-spool") + "-undo")

    @property
    def bus(self) -> str:
        """The local socket that joins router and agent: beside the store, or in the temporary folder if too long."""
        beside = self.store.absolute().with_name(self.store.name + ".sock")
        if len(str(beside).encode()) <= _SOCKET_PATH_MAX:
            return str(beside)
        name = f"synthprobe-{hashlib.sha256(str(beside).encode()).hexdigest()[:16]}.sock"
        return str(Path(tempfile.gettempdir()) / name)


class Entry(Struct, frozen=True):
    """One setting in force, as `synthprobe config` prints it."""

    name: str
    flag: str
    variable: str
    value: str
    origin: Origin
    description: str


class Loaded(Struct, frozen=True):
    """Settings with where each came from."""

    settings: Settings
    entries: tuple[Entry, ...]


class _Setting(Struct, frozen=True):
    name: str
    default: str
    description: str

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        return PREFIX + self.name.upper()


SETTINGS: tuple[_Setting, ...] = (
    _Setting("probes", "probes", "folder (or file) of probe files"),
    _Setting("routes", "routes.yaml", "file that says who is told"),
    _Setting("store", "sqlite:///synthprobe.db", "where results, alerts and incidents are kept"),
    _Setting(
        "spool", "", "the agent's file of results the router does not have yet (default: beside the store)"
    ),
    _Setting("listen", "127.0.0.1:8080", "address and port of pages and API"),
    _Setting(
        "public_url", "", "how others reach the pages: the start of links in messages (default: from listen)"
    ),
    _Setting(
        "heartbeat_url",
        "",
        "called every minute while the router is well: a dead-man switch that lies elsewhere",
    ),
    _Setting(
        "hooks_url",
        "",
        "how payment providers reach /hooks/: the start of webhook URLs (default: the public URL)",
    ),
    _Setting(
        "hooks_key",
        "",
        "file of the key that webhook URLs are made with; made where there is none (default: beside the store)",
    ),
    _Setting("agent", "local", "name of the agent"),
    _Setting("concurrency", "200", "runs at once"),
    _Setting("grace", "10", "seconds that running probes get to finish at a stop"),
    _Setting(
        "undo_patience",
        "10m",
        "how long a provider may take to show what it did: until then undo neither believes that nothing happened "
        "nor repeats what could be done twice",
    ),
    _Setting(
        "allow_loopback",
        "0",
        "1 lets probes and receivers be on this machine (`synthprobe run` always does)",
    ),
    _Setting(
        "budgets",
        "",
        "requests that providers allow us, by name: `acme-sandbox=10/s,burst=20,day=5000; other=30/m`",
    ),
    _Setting(
        "live",
        "",
        "file of approved probes with `environment: live`, owned by the platform team (default: none)",
    ),
    _Setting(
        "halt",
        "",
        "file that `synthprobe halt` makes: while it is there no run starts (default: beside the store)",
    ),
    _Setting("keep", "7d", "how long runs are kept that no incident refers to, in days or hours (12h)"),
    _Setting(
        "keep_bytes",
        "10GB",
        "how large the store may grow before runs go earlier (MB, GB, TB; 0: without bound)",
    ),
    _Setting("failpoint", "", f"for kill tests: exit at one of {', '.join(FAILPOINTS)}"),
)


def environment() -> Mapping[str, str]:
    """The process's environment, for what reads variables by name (secrets, OTEL_*)."""
    return dict(os.environ)


def load(flags: Mapping[str, str | None], env: Mapping[str, str]) -> Loaded:
    """Settings from flags (by setting name; None: not given) and the environment. Raises `SettingsError`."""
    faults = list(_unknown(env))
    chosen = {setting.name: _choose(setting, flags.get(setting.name), env) for setting in SETTINGS}
    values = {name: value for name, (value, _) in chosen.items()}
    settings = _parse(values, faults)
    if settings is None or faults:
        raise SettingsError(tuple(faults))
    shown = {**_shown(settings), **{name: values[name] for name in ("keep", "keep_bytes", "undo_patience")}}
    entries = tuple(
        Entry(s.name, s.flag, s.variable, shown[s.name], chosen[s.name][1], s.description) for s in SETTINGS
    )
    return Loaded(settings, entries)


def telemetry_entries(env: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The OTEL_* variables in force, secrets hidden."""
    names = sorted(name for name in env if name.startswith("OTEL_"))
    return tuple(
        (name, "(hidden)" if name in OTEL_SECRETS else _without_password(env[name])) for name in names
    )


def _choose(setting: _Setting, flag: str | None, env: Mapping[str, str]) -> tuple[str, Origin]:
    if flag is not None:
        return flag, Origin.FLAG
    if env.get(setting.variable):
        return env[setting.variable], Origin.ENVIRONMENT
    return setting.default, Origin.DEFAULT


def _unknown(env: Mapping[str, str]) -> list[str]:
    known = {SERVER_URL, *(setting.variable for setting in SETTINGS)}
    faults = []
    for name in sorted(env):
        if name.startswith(PREFIX) and name not in known and not name.startswith(PREFIX + "TEST_"):
            near = difflib.get_close_matches(name, known, n=1)
            faults.append(f"{name} is not a setting" + (f"; did you mean {near[0]}?" if near else ""))
    return faults


def _parse(values: Mapping[str, str], faults: list[str]) -> Settings | None:
    def take(name: str, parse: Callable[[str], T]) -> T | None:
        try:
            return parse(values[name])
        except ValueError as error:
            faults.append(f"{name.replace('_', '-')}: {error}")
            return None

    store, listen = take("store", _store), take("listen", _listen)
    concurrency, grace = take("concurrency", _count), take("grace", _seconds)
    failpoint, url = take("failpoint", _failpoint), take("public_url", _url)
    hooks_url, heartbeat_url = take("hooks_url", _url), take("heartbeat_url", _url)
    allow_loopback = take("allow_loopback", _switch)
    keep, keep_bytes = take("keep", _age), take("keep_bytes", _size)
    allowed = take("budgets", budgets.parse)
    undo_patience = take("undo_patience", _patience)
    if (
        store is None
        or listen is None
        or concurrency is None
        or grace is None
        or failpoint is None
        or url is None
        or hooks_url is None
        or heartbeat_url is None
        or allow_loopback is None
        or keep is None
        or allowed is None
        or keep_bytes is None
        or undo_patience is None
    ):
        return None
    return Settings(
        probes=Path(values["probes"]),
        routes=Path(values["routes"]),
        store=store,
        spool=Path(values["spool"]) if values["spool"] else store.with_name(store.stem + "-spool.db"),
        listen=listen,
        public_url=url or f"http://{listen}",
        hooks_url=hooks_url or url or f"http://{listen}",
        heartbeat_url=heartbeat_url,
        hooks_key=Path(values["hooks_key"] or store.with_name(store.stem + "-hooks.key")),
        agent=values["agent"],
        concurrency=concurrency,
        grace=grace,
        allow_loopback=allow_loopback,
        budgets=allowed,
        live=Path(values["live"]) if values["live"] else None,
        halt=Path(values["halt"] or store.with_name(store.stem + ".halt")),
        undo_patience=undo_patience,
        keep=keep,
        keep_bytes=keep_bytes or None,
        failpoint=failpoint,
    )


def _shown(settings: Settings) -> Mapping[str, str]:
    shown = {setting.name: str(getattr(settings, setting.name)) for setting in SETTINGS}
    return {
        **shown,
        "budgets": settings.budgets_text,
        "live": str(settings.live or ""),
        "heartbeat_url": "(set)" if settings.heartbeat_url else "",
        "store": f"sqlite:///{settings.store}",
        "allow_loopback": "1" if settings.allow_loopback else "0",
    }


def _store(text: str) -> Path:
    if text.startswith(("postgres://", "postgresql://")):
        raise ValueError("PostgreSQL is designed but not built in this version; use sqlite:///PATH")
    if not text.startswith("sqlite:///") or not text.removeprefix("sqlite:///"):
        raise ValueError(
            f"{_without_password(text)!r} is not sqlite:///PATH (three slashes, four for an absolute path)"
        )
    return Path(text.removeprefix("sqlite:///"))


def listener(text: str) -> Listen:
    """Where something listens, as `ADDRESS:PORT`. Raises `ValueError`."""
    found = re.fullmatch(r"(?:\[(?P<six>[^\]]+)\]|(?P<host>[^:]+)):(?P<port>\d{1,5})", text)
    if not found or not 0 < int(found["port"]) < 65536:
        raise ValueError(f"{text!r} is not ADDRESS:PORT, for example 127.0.0.1:8080 or [::1]:8080")
    return Listen(found["six"] or found["host"], int(found["port"]))


def _listen(text: str) -> Listen:
    listen = listener(text)
    if not _is_loopback(listen.host):
        raise ValueError(
            f"{listen.host} can be reached by others, and access control is not built in this version: "
            "listen on 127.0.0.1 and put an authenticating proxy in front"
        )
    return listen


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _url(text: str) -> str:
    if text and (urlsplit(text).scheme not in ("http", "https") or not urlsplit(text).hostname):
        raise ValueError(f"{_without_password(text)!r} is not an http(s) URL")
    return text.rstrip("/")


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 100_000:
        raise ValueError(f"{text!r} is not a whole number from 1 to 100000")
    return int(text)


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)s?", text)
    if not found:
        raise ValueError(f"{text!r} is not a number of seconds")
    return float(found[1])


def _switch(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError(f"{text!r} is neither 0 nor 1")
    return text == "1"


def _age(text: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,4})([dh])", text)
    age = timedelta(**{{"d": "days", "h": "hours"}[found[2]]: int(found[1])}) if found else timedelta()
    if age < timedelta(hours=1):
        raise ValueError(f"{text!r} is not a time of an hour or more, in days or hours: 7d, 12h")
    return age


def _patience(text: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,4})(s|m|h)", text)
    units = {"s": "seconds", "m": "minutes", "h": "hours"}
    patience = timedelta(**{units[found[2]]: int(found[1])}) if found else timedelta()
    if patience < timedelta(seconds=1):
        raise ValueError(f"{text!r} is not a time of a second or more: 90s, 10m, 1h")
    return patience


def _size(text: str) -> int:
    found = re.fullmatch(r"(\d{1,9})(MB|GB|TB)|0", text)
    if not found:
        raise ValueError(f"{text!r} is not a size: 500MB, 10GB, 1TB, or 0 for no bound")
    return int(found[1]) * {"MB": 10**6, "GB": 10**9, "TB": 10**12}[found[2]] if found[1] else 0


def _failpoint(text: str) -> str:
    if text and text not in FAILPOINTS:
        raise ValueError(f"{text!r} is none of {', '.join(FAILPOINTS)}")
    return text


def _without_password(text: str) -> str:
    return re.sub(r"(//[^/@:]*):[^/@]*@", r"\1:(hidden)@", text)
