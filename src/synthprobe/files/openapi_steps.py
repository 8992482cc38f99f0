"""An OpenAPI description → the steps that call its operations."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from synthprobe.files.import_answers import answer_of
from synthprobe.files.import_parts import (
    ImportFault,
    Secrets,
    escaped,
    listing,
    mapping,
    sendable,
    slug,
    split_url,
)

METHODS = ("get", "head", "post", "put", "patch", "delete", "options")
_DEEPEST = 12

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}").fullmatch


class Operation(Struct, frozen=True):
    """One method of one path."""

    method: str
    path: str
    raw: Mapping[str, Any]
    shared: list[Any]
    """Parameters of all operations of its path."""

    @property
    def id(self) -> str:
        """What it is asked for by."""
        return str(self.raw.get("operationId") or f"{self.method} {self.path}")


class Api:
    """One description: what it refers to, and what its operations need."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = raw
        self.secrets = Secrets()
        self.variables: dict[str, str] = {}
        self.notes: list[str] = []
        """What is left to its author."""

    def title(self) -> str:
        """What it is called."""
        return str(mapping(self.raw.get("info")).get("title", "api"))

    def operations(self) -> Iterator[Operation]:
        """All that it describes, in its order."""
        for path, item in mapping(self.raw.get("paths")).items():
            found = mapping(self.resolved(item))
            for method in METHODS:
                if isinstance(found.get(method), dict):
                    yield Operation(method, str(path), found[method], listing(found.get("parameters")))

    def resolved(self, value: Any, depth: int = 0) -> Any:
        """What a `$ref` within the description stands for."""
        while isinstance(value, dict) and isinstance(ref := value.get("$ref"), str):
            if not ref.startswith("#/") or depth > _DEEPEST:
                raise ImportFault(
                    f"`$ref: {ref}` leads out of the file, or in a circle; bundle the description first"
                )
            depth += 1
            value = self.raw
            for name in ref[2:].split("/"):
                value = mapping(value).get(name.replace("~1", "/").replace("~0", "~"))
        return value

    def _resolved_or_nothing(self, value: Any) -> Any:
        """As `resolved`, but what leads elsewhere says nothing: of an answer not all need be known."""
        try:
            return self.resolved(value)
        except ImportFault:
            return {}

    def base_url(self) -> str:
        """The first server, its variables by their defaults."""
        servers = listing(self.raw.get("servers"))
        server = mapping(servers[0]) if servers else {}
        url = str(server.get("url", "https://api.example"))
        for name, variable in mapping(server.get("variables")).items():
            url = url.replace(f"{{{name}}}", str(mapping(variable).get("default", "")))
        if url.startswith("/"):
            url = f"https://api.example{url}"
        origin, path, _ = split_url(url)
        return (origin + path).rstrip("/")

    def step(self, operation: Operation) -> dict[str, Any]:
        """One operation as a step."""
        request: dict[str, Any] = {"method": operation.method.upper()}
        path, query, headers = quote(escaped(operation.path), safe="/{}$:@!*,;=+()~%"), {}, {}
        for raw in (*operation.shared, *listing(operation.raw.get("parameters"))):
            parameter = mapping(self.resolved(raw))
            name, where = str(parameter.get("name", "")), parameter.get("in")
            if where == "path":
                path = path.replace(quote(f"{{{name}}}", safe="{}"), self._variable(name, parameter))
            elif parameter.get("required") and where == "query":
                query[name] = sendable(self._given(name, parameter))
            elif parameter.get("required") and where == "header":
                headers[name] = str(self._given(name, parameter))
            elif parameter.get("required") and where == "cookie":
                said = [headers["Cookie"]] if "Cookie" in headers else []
                headers["Cookie"] = "; ".join((*said, f"{name}={self._given(name, parameter)}"))
        self._secure(operation, query, headers)
        answer = None
        if operation.method != "head":
            answer = answer_of(mapping(operation.raw.get("responses")), self._resolved_or_nothing)
        if answer and answer.accept:
            headers["Accept"] = answer.accept
        body, type_ = self._body(operation)
        headers |= {"Content-Type": type_} if type_ else {}
        # Nobody could send or hear any other.
        headers = {name: value for name, value in headers.items() if _HEADER(name) and value.isprintable()}
        request["url"] = "${{ region.base_url }}" + path
        request |= {key: value for key, value in (("query", query), ("headers", headers)) if value}
        request |= body
        step = {
            "id": slug(operation.id, "call"),
            "request": request,
            "assert": [{"status": _status(operation.raw)}, *([{"schema": answer.schema}] if answer else [])],
        }
        if summary := operation.raw.get("summary"):
            step = {"id": step["id"], "description": escaped(str(summary)), **step}
        return step

    def _variable(self, name: str, parameter: Mapping[str, Any]) -> str:
        """A path parameter as a variable, for whoever imports it knows a better one."""
        known = slug(name, "value").replace("-", "_")
        self.variables[known] = str(self._given(name, parameter))
        return f"${{{{ vars.{known} }}}}"

    def _given(self, name: str, parameter: Mapping[str, Any]) -> Any:
        for key in ("example", "default"):
            if key in parameter:
                return self.secrets.value(name, parameter[key])
        for example in mapping(parameter.get("examples")).values():
            return self.secrets.value(name, mapping(self.resolved(example)).get("value"))
        found = self._example(parameter.get("schema"), 0)
        return self.secrets.value(name, "1" if found is None else found)

    def _body(self, operation: Operation) -> tuple[dict[str, Any], str]:
        """The body, and its type where the key of the body does not say it."""
        content = mapping(mapping(self.resolved(operation.raw.get("requestBody"))).get("content"))
        types = {str(media).partition(";")[0].strip().lower(): mapping(content[media]) for media in content}
        for type_, described in types.items():
            if type_ == "application/json" or type_.endswith("+json"):
                value = self.secrets.value("", self._body_value(described))
                return {"json": value}, "" if type_ == "application/json" else type_
        if (form := types.get("application/x-www-form-urlencoded")) is not None:
            value = self.secrets.value("", mapping(self._body_value(form)))
            return {"form": {name: sendable(inner) for name, inner in value.items()}}, ""
        if types:
            told = f"the body of {operation.id} is {', '.join(types)}, which is not made by itself"
            self.notes.append(f"{told}: write it into a file, and use `body_file`")
        return {}, ""

    def _body_value(self, described: Mapping[str, Any]) -> Any:
        """An example of a body: what is given as one, or what its schema allows."""
        value = described.get("example")
        if value is None:
            for example in mapping(described.get("examples")).values():
                value = mapping(self.resolved(example)).get("value")
                break
        return self._example(described.get("schema"), 0) if value is None else value

    def _example(self, schema: Any, depth: int) -> Any:
        """A value that a schema allows: its own example where it has one, else the plainest."""
        found = mapping(self.resolved(schema))
        for key in ("example", "default", "const"):
            if key in found:
                return found[key]
        if listed := listing(found.get("examples")) or listing(found.get("enum")):
            return listed[0]
        if depth > _DEEPEST:
            return None
        if parts := listing(found.get("allOf")):
            made = [self._example(part, depth + 1) for part in parts]
            return {key: value for part in made if isinstance(part, dict) for key, value in part.items()}
        if options := listing(found.get("oneOf")) or listing(found.get("anyOf")):
            return self._example(options[0], depth + 1)
        return self._plainest(found, depth)

    def _plainest(self, schema: Mapping[str, Any], depth: int) -> Any:
        kind = schema.get("type")
        kind = next((each for each in kind if each != "null"), None) if isinstance(kind, list) else kind
        if kind == "object" or "properties" in schema:
            needed = set(listing(schema.get("required")))
            return {
                name: self._example(inner, depth + 1)
                for name, inner in mapping(schema.get("properties")).items()
                if name in needed
            }
        if kind == "array":
            return [self._example(schema.get("items"), depth + 1)] if schema.get("minItems") else []
        if kind == "string":
            return _TEXTS.get(str(schema.get("format")), "x" * max(1, int(schema.get("minLength") or 1)))
        return {"integer": schema.get("minimum", 1), "number": schema.get("minimum", 1), "boolean": True}.get(
            str(kind)
        )

    def _secure(self, operation: Operation, query: dict[str, Any], headers: dict[str, str]) -> None:
        asked = operation.raw.get("security", self.raw.get("security"))
        schemes = mapping(mapping(self.raw.get("components")).get("securitySchemes"))
        for name in next((mapping(each) for each in listing(asked)), {}):
            scheme = mapping(self.resolved(schemes.get(name)))
            if scheme.get("type") == "apiKey" and scheme.get("in") == "header":
                headers[str(scheme.get("name"))] = self.secrets.take(name)
            elif scheme.get("type") == "apiKey" and scheme.get("in") == "query":
                query[str(scheme.get("name"))] = self.secrets.take(name)
            elif scheme.get("type") == "http" and str(scheme.get("scheme")).lower() == "basic":
                headers["Authorization"] = f"Basic {self.secrets.take(name)}"
            elif scheme.get("type") in ("http", "oauth2", "openIdConnect"):
                headers["Authorization"] = f"Bearer {self.secrets.take(name)}"


_TEXTS: Mapping[str, str] = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "email": "probe@shop.example",
    "uri": "https://shop.example/",
}


def _status(operation: Mapping[str, Any]) -> Any:
    said = [str(code) for code in mapping(operation.get("responses")) if str(code).startswith("2")]
    exact = sorted(int(code) for code in said if code.isdigit())
    if not exact:
        return {"gte": 200, "lt": 300}
    return exact[0] if len(exact) == 1 else {"one_of": exact}
