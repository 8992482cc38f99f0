"""An Alertmanager file → a routes.yaml that loads: what it sets globally goes to where it is used, what is dropped is said.

Go templates are refused by name: messages have a fixed form here, and what a template would have said is not guessed.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from synthprobe.core.labels import Matcher, MatchOp
from synthprobe.files.documents import Document, Path
from synthprobe.files.import_parts import Imported, listing, mapping
from synthprobe.files.mutes_shape import InhibitRuleFile
from synthprobe.files.problems import FileProblems, Problem, problem_at
from synthprobe.files.receivers_shape import ReceiverFile
from synthprobe.files.route_shape import RouteFile
from synthprobe.files.routes_foreign import go_templates


def import_alertmanager(document: Document) -> Imported:
    """The routes file. Raises `FileProblems` with every Go template, and with what is no Alertmanager file."""
    if not isinstance(document.value, dict):
        raise FileProblems([problem_at(document.position(()), "expected a mapping of keys and values")])
    problems = [*document.problems, *_templates(document)]
    if problems:
        raise FileProblems(problems)
    return _Import(document).whole()


class _Import:
    """One file on its way; `notes` gathers what is dropped."""

    def __init__(self, document: Document) -> None:
        self.notes: list[str] = []
        self._document = document
        self._raw: Mapping[str, Any] = document.value
        self._globals: Mapping[str, Any] = mapping(self._raw.get("global"))
        self._used: set[str] = set()

    def whole(self) -> Imported:
        made: dict[str, Any] = {}
        if "route" in self._raw:
            made["route"] = self._route(mapping(self._raw["route"]), ("route",))
        made["receivers"] = [
            self._receiver(mapping(each), ("receivers", index))
            for index, each in enumerate(listing(self._raw.get("receivers")))
        ]
        if rules := listing(self._raw.get("inhibit_rules")):
            made["inhibit_rules"] = [
                self._rule(mapping(rule), ("inhibit_rules", index)) for index, rule in enumerate(rules)
            ]
        # Alertmanager's older name for the same.
        named = [
            entry
            for key in ("time_intervals", "mute_time_intervals")
            for entry in listing(self._raw.get(key))
        ]
        if named:
            made["time_intervals"] = named
        for key in self._raw:
            if key not in _KNOWN:
                self._dropped((key,), _WHY.get(key, "there is no such key here"))
        for key in self._globals:
            if key not in self._used:
                self._dropped(("global", key), "nothing here uses it")
        return Imported(made, tuple(self.notes))

    def _route(self, raw: Mapping[str, Any], path: Path) -> dict[str, Any]:
        made: dict[str, Any] = {}
        matchers = [*listing(raw.get("matchers")), *_old_matchers(raw, "match")]
        for key, value in raw.items():
            if key == "routes":
                made[key] = [
                    self._route(mapping(child), (*path, key, index))
                    for index, child in enumerate(listing(value))
                ]
            elif key in _ROUTE:
                made[key] = value
            elif key not in ("match", "match_re", "matchers"):
                self._dropped((*path, key), "routes have no such key here")
        if matchers:
            made["matchers"] = matchers
        return made

    def _rule(self, raw: Mapping[str, Any], path: Path) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for side in ("source", "target"):
            matchers = [*listing(raw.get(f"{side}_matchers")), *_old_matchers(raw, f"{side}_match")]
            # None stands for every alert there, which here has to be said.
            made[f"{side}_matchers"] = matchers or ['alertname=~".*"']
        for key, value in raw.items():
            if key in _RULE and key not in made:
                made[key] = value
            elif key not in _RULE and not key.startswith(("source_match", "target_match")):
                self._dropped((*path, key), "inhibition has no such key here")
        return made

    def _receiver(self, raw: Mapping[str, Any], path: Path) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, value in raw.items():
            if key == "name":
                made[key] = value
            elif key in _KINDS:
                made[key] = [
                    self._way(mapping(each), key, (*path, key, index))
                    for index, each in enumerate(listing(value))
                ]
            else:
                self._dropped((*path, key), "this way out is not built: nobody is told by it")
        return made

    def _way(self, raw: Mapping[str, Any], kind: str, path: Path) -> dict[str, Any]:
        known, named = _KINDS[kind], self._file_name(path)
        made = {key: value for key, value in raw.items() if key in known}
        for key in raw:
            if f"{key}_file" in known - made.keys() and key not in known:
                made[f"{key}_file"] = self._secret(f"{named}-{key}", (*path, key))
            elif key not in known:
                self._dropped((*path, key), "messages have a fixed form, and this has no such key")
        for setting, key in _GLOBAL.get(kind, {}).items():
            if setting in self._globals:
                self._used.add(setting)
                if any(made.get(one) for one in (key, f"{key}_file", key.removesuffix("_file"))):
                    continue
                if key in known:
                    made[key] = self._globals[setting]
                elif f"{key}_file" in known:
                    made[f"{key}_file"] = self._secret(setting, ("global", setting))
        if kind not in _TELLS_OF_ENDS and "send_resolved" in known:
            made.setdefault("send_resolved", False)
        return made

    def _file_name(self, path: Path) -> str:
        """Of a way out: its receiver's name, and its number if it is not the first."""
        name = str(mapping(listing(self._raw.get("receivers"))[int(path[1])]).get("name", "receiver"))
        readable = "".join(letter if letter.isalnum() or letter in "._" else "-" for letter in name)
        return f"{readable}-{path[3]}" if path[3] else readable

    def _secret(self, name: str, path: Path) -> str:
        """The file that a secret goes to, which is copied nowhere."""
        self._say(path, f"stands in the file, and is not copied: write it into secrets/{name}")
        return f"secrets/{name}"

    def _dropped(self, path: Path, why: str) -> None:
        self._say(path, f"is dropped: {why}")

    def _say(self, path: Path, what: str) -> None:
        place = self._document.position(path, of_key=True)
        name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
        note = f"{place.file}:{place.line}: {name} {what}"
        if note not in self.notes:
            self.notes.append(note)


def _names(shape: type[Struct]) -> frozenset[str]:
    return frozenset(field.encode_name for field in msgspec.structs.fields(shape))


def _kinds() -> dict[str, frozenset[str]]:
    """The keys of each way out that Alertmanager has as well."""
    found: dict[str, frozenset[str]] = {}
    for field in msgspec.structs.fields(ReceiverFile):
        if field.encode_name.endswith("_configs"):
            info = msgspec.inspect.type_info(field.type)
            info = info.type if isinstance(info, msgspec.inspect.Metadata) else info
            members = info.types if isinstance(info, msgspec.inspect.UnionType) else (info,)
            for member in members:
                if isinstance(member, msgspec.inspect.ListType) and isinstance(
                    member.item_type, msgspec.inspect.StructType
                ):
                    found[field.encode_name] = _names(member.item_type.cls)
    return found


_KNOWN = frozenset({"global", "route", "receivers", "inhibit_rules", "time_intervals", "mute_time_intervals"})
_WHY = {"templates": "messages have a fixed form", "tracing": "traces are set up by OTEL_* variables"}
_ROUTE = _names(RouteFile) - {"when", "routes", "matchers"}
_RULE = _names(InhibitRuleFile)
_KINDS = _kinds()
_GLOBAL: Mapping[str, Mapping[str, str]] = {
    "slack_configs": {"slack_api_url": "api_url", "slack_api_url_file": "api_url_file"},
    "pagerduty_configs": {"pagerduty_url": "url"},
    "email_configs": {
        f"smtp_{name}": name
        for name in (
            "from",
            "smarthost",
            "hello",
            "auth_username",
            "auth_password",
            "auth_password_file",
            "auth_identity",
            "auth_secret",
            "require_tls",
        )
    },
}
_TELLS_OF_ENDS = frozenset({"webhook_configs", "pagerduty_configs"})
"""Ways out that tell of ends in Alertmanager unless it is said that they must not; all do here."""


def _old_matchers(raw: Mapping[str, Any], key: str) -> Iterator[str]:
    for suffix, op in (("", MatchOp.EQUAL), ("_re", MatchOp.MATCHES)):
        for name, value in mapping(raw.get(f"{key}{suffix}")).items():
            yield str(Matcher(str(name), op, str(value)))


def _templates(document: Document) -> Iterator[Problem]:
    assert isinstance(document.value, dict)
    for path, text in go_templates(document.value.get("receivers"), ("receivers",)):
        hint = "messages have a fixed form here: remove it, or write plain text"
        yield problem_at(document.position(path), f"`{path[-1]}` holds a Go template: {_short(text)}", hint)


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
