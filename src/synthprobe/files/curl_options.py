"""The options of a curl command line (https://curl.se/docs/manpage.html) that say what is sent."""

from collections.abc import Mapping, Sequence

from synthprobe.files.import_parts import ImportFault
from synthprobe.files.shell_words import shell_words

_IGNORED = frozenset(
    [
        "-s",
        "--silent",
        "-S",
        "--show-error",
        "-v",
        "--verbose",
        "-i",
        "--include",
        "--compressed",
        "-f",
        "--fail",
        "--fail-with-body",
        "-#",
        "--progress-bar",
        "--http1.1",
        "--http2",
        "--http1.0",
        "-N",
        "--no-buffer",
        "--no-progress-meter",
        "-0",
        "-g",
        "--globoff",
        "--tcp-nodelay",
    ]
)

_IGNORED_WITH_VALUE = frozenset(
    [
        "-o",
        "--output",
        "-w",
        "--write-out",
        "-D",
        "--dump-header",
        "--retry",
        "--retry-delay",
        "-c",
        "--cookie-jar",
    ]
)

_WITH_VALUE: Mapping[str, str] = {
    "-X": "method",
    "--request": "method",
    "-H": "header",
    "--header": "header",
    "-d": "data",
    "--data": "data",
    "--data-ascii": "data",
    "--data-raw": "data-raw",
    "--data-binary": "data",
    "--data-urlencode": "data-urlencode",
    "--json": "json",
    "-u": "user",
    "--user": "user",
    "-A": "agent",
    "--user-agent": "agent",
    "-e": "referer",
    "--referer": "referer",
    "-b": "cookie",
    "--cookie": "cookie",
    "-m": "timeout",
    "--max-time": "timeout",
    "--url": "url",
    "--connect-timeout": "ignored",
    "--oauth2-bearer": "bearer",
    "--max-redirs": "ignored",
}

_FLAGS: Mapping[str, str] = {
    "-G": "get",
    "--get": "get",
    "-I": "head",
    "--head": "head",
    "-L": "follow",
    "--location": "follow",
    "-4": "v4",
    "--ipv4": "v4",
    "-6": "v6",
    "--ipv6": "v6",
    "-k": "insecure",
    "--insecure": "insecure",
}


_FORM = (
    "{} sends a multipart form, which a request does not make by itself: write its body into a file and use "
    "`body_file: body.txt` with `headers: {{Content-Type: multipart/form-data; boundary=…}}`, or send `-d` if the API takes that"
)
_FILE = "{} sends a file: use `--data-binary @FILE`, with `-X PUT`"
_OTHERWISE: Mapping[str, str] = {
    **{name: _FORM.format(name) for name in ("-F", "--form", "--form-string")},
    **{name: _FILE.format(name) for name in ("-T", "--upload-file")},
}
"""What is not imported, and how it is done instead."""


class Options:
    """What was on the command line, in order."""

    def __init__(self) -> None:
        self.values: list[tuple[str, str]] = []
        self.flags: set[str] = set()

    def all(self, name: str) -> list[str]:
        """Every value of an option."""
        return [value for key, value in self.values if key == name]

    def last(self, name: str) -> str:
        """The value of an option that counts; empty where it was not given."""
        return next(reversed(self.all(name)), "")


def options(words: Sequence[str]) -> Options:
    """What a command line says, as one text or as a shell has split it. Raises `ImportFault`."""
    given, left = Options(), _split(words)
    while left:
        word = left.pop(0)
        if not word.startswith("-") or word == "-":
            given.values.append(("url", word))
            continue
        name, value = _opened(word)
        if name in _FLAGS:
            given.flags.add(_FLAGS[name])
        elif name in _IGNORED:
            pass
        elif name in _WITH_VALUE or name in _IGNORED_WITH_VALUE:
            if value is None and not left:
                raise ImportFault(f"{name} has no value")
            given.values.append(
                (_WITH_VALUE.get(name, "ignored"), value if value is not None else left.pop(0))
            )
            continue
        else:
            raise ImportFault(
                _OTHERWISE.get(name, f"{name} is not understood; leave it out, or write the step by hand")
            )
        if value is not None:
            left.insert(0, f"-{value}")
    return given


def _split(words: Sequence[str]) -> list[str]:
    if len(words) != 1:
        split = list(words)
    else:
        try:
            split = shell_words(words[0])
        except (ValueError, OverflowError) as error:
            raise ImportFault(f"the command cannot be read: {error}") from error
    return split[1:] if split[:1] == ["curl"] else split


def _opened(word: str) -> tuple[str, str | None]:
    """An option and what is written into the same word: `-XPOST`, `--request=POST`, `-sS`."""
    if word.startswith("--"):
        name, found, value = word.partition("=")
        return name, value if found else None
    return word[:2], word[2:] or None
