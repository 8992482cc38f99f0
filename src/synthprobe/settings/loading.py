"""Flags and the environment → `Settings`: a flag beats the environment, the environment beats the default.

Every fault of every setting is found at once.
"""

import difflib
import os
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from synthprobe.core import budgets
from synthprobe.settings import texts
from synthprobe.settings.declared import PREFIX, SERVER_URL, SETTINGS, Setting
from synthprobe.settings.values import Settings

T = TypeVar("T")


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


def environment() -> Mapping[str, str]:
    """The process's environment, for what reads variables by name (secrets, OTEL_*)."""
    return dict(os.environ)


def load(flags: Mapping[str, str | None], env: Mapping[str, str]) -> Loaded:
    """Settings from flags (by setting name; None: not given) and the environment. Raises `SettingsError`."""
    chosen = {setting.name: _choose(setting, flags.get(setting.name), env) for setting in SETTINGS}
    values = {name: value for name, (value, _) in chosen.items()}
    reading = _Reading(values)
    settings = _settings(values, reading)
    if faults := (*_unknown(env), *reading.faults):
        raise SettingsError(faults)
    shown = _shown(settings, values)
    entries = tuple(
        Entry(s.name, s.flag, s.variable, shown[s.name], chosen[s.name][1], s.description) for s in SETTINGS
    )
    return Loaded(settings, entries)


def telemetry_entries(env: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The OTEL_* variables in force, secrets hidden."""
    names = sorted(name for name in env if name.startswith("OTEL_"))
    return tuple(
        (name, "(hidden)" if name.endswith("_HEADERS") else texts.without_password(env[name]))
        for name in names
    )


def _choose(setting: Setting, flag: str | None, env: Mapping[str, str]) -> tuple[str, Origin]:
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


_DEFAULTS: Mapping[str, str] = {setting.name: setting.default for setting in SETTINGS}


class _Reading:
    """Reads texts of settings one by one; where one cannot be read, its default stands in and the fault is kept."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.faults: list[str] = []
        self._values = values

    def read(self, name: str, value: Callable[[str], T]) -> T:
        try:
            return value(self._values[name])
        except ValueError as error:
            self.faults.append(f"{name.replace('_', '-')}: {error}")
            return value(_DEFAULTS[name])


def _settings(values: Mapping[str, str], reading: _Reading) -> Settings:
    read = reading.read
    store, listen = read("store", texts.sqlite_file), read("listen", texts.own_listener)
    public_url = read("public_url", texts.http_url) or f"http://{listen}"
    spool = Path(values["spool"] or store.with_name(store.stem + "-spool.db"))
    beside = spool.with_name(spool.stem.removesuffix("-spool") + "-account.db")
    account_url = read("account", texts.account_url)
    return Settings(
        probes=Path(values["probes"]),
        routes=Path(values["routes"]),
        store=store,
        spool=spool,
        listen=listen,
        public_url=public_url,
        hooks_url=read("hooks_url", texts.http_url) or public_url,
        heartbeat_url=read("heartbeat_url", texts.http_url),
        hooks_key=Path(values["hooks_key"] or store.with_name(store.stem + "-hooks.key")),
        agent=values["agent"],
        concurrency=read("concurrency", texts.count),
        grace=read("grace", texts.seconds),
        undo_patience=read("undo_patience", texts.patience),
        allow_loopback=read("allow_loopback", texts.switch),
        budgets=read("budgets", budgets.parse),
        account=Path(values["account"]) if values["account"] and not account_url else beside,
        account_url=account_url,
        live=Path(values["live"]) if values["live"] else None,
        halt=Path(values["halt"] or store.with_name(store.stem + ".halt")),
        keep=read("keep", texts.age),
        keep_bytes=read("keep_bytes", texts.size) or None,
        failpoint=read("failpoint", texts.failpoint),
    )


def _shown(settings: Settings, values: Mapping[str, str]) -> Mapping[str, str]:
    shown = {setting.name: str(getattr(settings, setting.name)) for setting in SETTINGS}
    return {
        **shown,
        **{name: values[name] for name in ("keep", "keep_bytes", "undo_patience")},
        "budgets": settings.budgets_text,
        "account": texts.without_password(settings.account_url) or str(settings.account),
        "live": str(settings.live or ""),
        "heartbeat_url": "(set)" if settings.heartbeat_url else "",
        "store": f"sqlite:///{settings.store}",
        "allow_loopback": "1" if settings.allow_loopback else "0",
    }
