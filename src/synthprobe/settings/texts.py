"""The text of one setting → its value; what cannot be read raises `ValueError` with a sentence."""

import ipaddress
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from synthprobe.settings.declared import FAILPOINTS
from synthprobe.settings.values import Listen


def sqlite_file(text: str) -> Path:
    """The file of a store, as `sqlite:///PATH`."""
    if text.startswith(("postgres://", "postgresql://")):
        raise ValueError("PostgreSQL is designed but not built in this version; use sqlite:///PATH")
    if not text.startswith("sqlite:///") or not text.removeprefix("sqlite:///"):
        raise ValueError(
            f"{without_password(text)!r} is not sqlite:///PATH (three slashes, four for an absolute path)"
        )
    return Path(text.removeprefix("sqlite:///"))


def listener(text: str) -> Listen:
    """Where something listens, as `ADDRESS:PORT`. Raises `ValueError`."""
    found = re.fullmatch(r"(?:\[(?P<six>[^\]]+)\]|(?P<host>[^:]+)):(?P<port>\d{1,5})", text)
    if not found or not 0 < int(found["port"]) < 65536:
        raise ValueError(f"{text!r} is not ADDRESS:PORT, for example 127.0.0.1:8080 or [::1]:8080")
    return Listen(found["six"] or found["host"], int(found["port"]))


def own_listener(text: str) -> Listen:
    """The listener of pages and API, which only this machine reaches."""
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


def http_url(text: str) -> str:
    """An http(s) URL without its last slash, or nothing."""
    if text and (urlsplit(text).scheme not in ("http", "https") or not urlsplit(text).hostname):
        raise ValueError(f"{without_password(text)!r} is not an http(s) URL")
    return text.rstrip("/")


def account_url(text: str) -> str:
    """The URL of a server whose account is drawn on; nothing where a file is named."""
    return http_url(text) if "://" in text else ""


def count(text: str) -> int:
    """A whole number, one at least."""
    if not text.isdecimal() or not 0 < int(text) <= 100_000:
        raise ValueError(f"{text!r} is not a whole number from 1 to 100000")
    return int(text)


def seconds(text: str) -> float:
    """A number of seconds."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)s?", text)
    if not found:
        raise ValueError(f"{text!r} is not a number of seconds, such as 60s")
    return float(found[1])


def switch(text: str) -> bool:
    """0 or 1."""
    if text not in ("0", "1"):
        raise ValueError(f"{text!r} is neither 0 nor 1")
    return text == "1"


def age(text: str) -> timedelta:
    """A time of an hour or more."""
    found = _length(text, {"d": "days", "h": "hours"})
    if found < timedelta(hours=1):
        raise ValueError(f"{text!r} is not a time of an hour or more, in days or hours: 7d, 12h")
    return found


def patience(text: str) -> timedelta:
    """A time of a second or more."""
    found = _length(text, {"s": "seconds", "m": "minutes", "h": "hours"})
    if found < timedelta(seconds=1):
        raise ValueError(f"{text!r} is not a time of a second or more: 90s, 10m, 1h")
    return found


def _length(text: str, units: Mapping[str, str]) -> timedelta:
    """A number and its unit; nothing where it is no such text."""
    found = re.fullmatch(rf"(\d{{1,4}})([{''.join(units)}])", text)
    return timedelta(**{units[found[2]]: int(found[1])}) if found else timedelta()


def size(text: str) -> int:
    """Bytes; 0: without bound."""
    found = re.fullmatch(r"(\d{1,9})(MB|GB|TB)|0", text)
    if not found:
        raise ValueError(f"{text!r} is not a size: 500MB, 10GB, 1TB, or 0 for no bound")
    return int(found[1]) * {"MB": 10**6, "GB": 10**9, "TB": 10**12}[found[2]] if found[1] else 0


def failpoint(text: str) -> str:
    """A place where the router may kill its process, or nothing."""
    if text and text not in FAILPOINTS:
        raise ValueError(f"{text!r} is none of {', '.join(FAILPOINTS)}")
    return text


def without_password(text: str) -> str:
    """A text with the password of each URL in it hidden."""
    return re.sub(r"(//[^/@:]*):[^/@]*@", r"\1:(hidden)@", text)
