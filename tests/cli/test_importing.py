"""Imports: what a curl command or an OpenAPI description says becomes a probe that is valid, and runs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from payments.starting import PaymentServer, payment_server
from synthprobe.cli import synthprobe
from synthprobe.files.import_curl import import_curl
from synthprobe.files.import_openapi import import_openapi
from synthprobe.files.import_parts import ImportFault
from synthprobe.files.probes import load_probe
from synthprobe.files.writing import written

ENVIRONMENT = {"AUTHORIZATION": "sk_live_9876", "TOKEN": "tok", "BASIC": "dTpw", "BEARER": "bearer-token"}


@pytest.fixture(scope="module")
def provider() -> Iterator[PaymentServer]:
    with payment_server() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*words: str, given: str | None = None) -> Result:
    return CliRunner(env=ENVIRONMENT).invoke(synthprobe, words, input=given)


def request(command: str) -> dict[str, Any]:
    """The request that a command becomes, in a file that is valid."""
    document = import_curl([command]).document
    load_probe(written(document), "imported.yaml")
    made: dict[str, Any] = document["steps"][0]["request"]
    assert made["url"].startswith("${{ region.base_url }}")
    made["url"] = document["regions"]["emea"]["base_url"] + made["url"].removeprefix("${{ region.base_url }}")
    return made


@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        pytest.param("curl acme.example", {"method": "GET", "url": "https://acme.example/"}, id="an address"),
        pytest.param(
            "curl -sSL --max-time 2.5 http://acme.example:8080/a?b=1&c=2 -4",
            {
                "method": "GET",
                "url": "http://acme.example:8080/a",
                "query": {"b": "1", "c": "2"},
                "timeout": "2500ms",
                "follow_redirects": 5,
                "ip": "v4",
            },
            id="switches",
        ),
        pytest.param(
            """curl -XPOST https://acme.example/pay -H 'Content-Type: application/json' -d '{"a": 1.5, "b": "$${{ x }}"}'""",
            {"method": "POST", "url": "https://acme.example/pay", "json": {"a": 1.5, "b": "$$${{ x }}"}},
            id="JSON",
        ),
        pytest.param(
            "curl https://acme.example/pay -d a=1 -d 'b=x y' --data-urlencode 'c=ä&'",
            {"method": "POST", "url": "https://acme.example/pay", "form": {"a": "1", "b": "x y", "c": "ä&"}},
            id="a form",
        ),
        pytest.param(
            "curl -G https://acme.example/find -d q=1 -d q=2",
            {"method": "GET", "url": "https://acme.example/find", "query": {"q": ["1", "2"]}},
            id="-G",
        ),
        pytest.param(
            "curl https://acme.example/x -H 'Content-Type: text/xml' --data-raw '<a/>'",
            {
                "method": "POST",
                "url": "https://acme.example/x",
                "headers": {"Content-Type": "text/xml"},
                "raw": "<a/>",
            },
            id="other text",
        ),
        pytest.param(
            "curl https://acme.example/x -H 'authorization: Bearer abc' -H 'X-Api-Key: k' -H 'Accept: a/b' -b 'sid=1'",
            {
                "method": "GET",
                "url": "https://acme.example/x",
                "headers": {
                    "authorization": "Bearer ${{ secrets.authorization }}",
                    "X-Api-Key": "${{ secrets.x_api_key }}",
                    "Accept": "a/b",
                    "Cookie": "${{ secrets.cookie }}",
                },
            },
            id="credentials become secrets",
        ),
        pytest.param(
            r"""curl https://acme.example/pay -H 'Content-Type: application/json' --data-raw $'{"a": "it\'s \u00e4 \xc3\xa4\u0021"}' """,
            {"method": "POST", "url": "https://acme.example/pay", "json": {"a": "it's ä ä!"}},
            id="as browsers copy it for bash",
        ),
        pytest.param(
            """curl https://acme.example/pay --json '{"price": "cost $", "b": "'"$'x"'"}'""",
            {"method": "POST", "url": "https://acme.example/pay", "json": {"price": "cost $", "b": "$'x"}},
            id="a dollar before a quote of another kind",
        ),
        pytest.param(
            """curl https://acme.example/pay?token=a --json '{"number": "4539578763621486", "token": "b", "n": 4539578763621486}'""",
            {
                "method": "POST",
                "url": "https://acme.example/pay",
                "query": {"token": "${{ secrets.token_2 }}"},
                "json": {
                    "number": "${{ secrets.number }}",
                    "token": "${{ secrets.token }}",
                    "n": "${{ secrets.n }}",
                },
            },
            id="a real card's number becomes a secret, and two of one name are two",
        ),
        pytest.param(
            "curl -I https://[::1]:8443/", {"method": "HEAD", "url": "https://[::1]:8443/"}, id="-I"
        ),
        pytest.param(
            "curl \\\n  -X DELETE \\\n  https://acme.example/v1/a",
            {"method": "DELETE", "url": "https://acme.example/v1/a"},
            id="several lines",
        ),
    ],
)
def test_a_command_becomes_the_same_request(command: str, wanted: dict[str, Any]) -> None:
    assert request(command) == wanted


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("curl", "names no URL"),
        ("curl -F a=@b https://acme.example", "-F sends a multipart form.*use `body_file"),
        ("curl --form a=b https://acme.example", "--form sends a multipart form"),
        ("curl -T a https://acme.example", "-T sends a file: use `--data-binary @FILE`"),
        ("curl --ntlm https://acme.example", "--ntlm is not understood; leave it out"),
        ("curl 'https://acme.example", "cannot be read"),
        ("curl ftp://acme.example", "no http:// or https:// URL"),
        ("curl https://acme.example -X", "-X has no value"),
        ("curl https://acme.example -X PURGE", "the method PURGE is not known"),
        ("curl https://acme.example -m soon", "no number of seconds"),
        ("wget https://acme.example", "more than one URL"),
        (
            "curl https://acme.example -H 'Content-Type: text/xml' -d '<pan>4539578763621486</pan>'",
            "a published test",
        ),
    ],
    ids=[
        "nothing",
        "a multipart form",
        "its long name",
        "a file",
        "an option",
        "an open quote",
        "another scheme",
        "no value",
        "a method",
        "a time",
        "another command",
        "a card in a text",
    ],
)
def test_what_cannot_be_imported_is_told(command: str, told: str) -> None:
    with pytest.raises(ImportFault, match=told):
        import_curl([command])
    assert call("import", "curl", command).exit_code != 0


@pytest.mark.parametrize(
    ("option", "type_"), [("-d", "application/x-www-form-urlencoded"), ("--json", "application/json")]
)
def test_a_file_is_sent_with_the_type_that_curl_gives_it(option: str, type_: str) -> None:
    (step,) = import_curl([f"curl https://acme.example {option} @body.txt"]).document["steps"]
    assert step["request"]["body_file"] == "body.txt"
    assert step["request"]["headers"] == {"Content-Type": type_}


def test_a_number_that_comes_out_otherwise_is_told() -> None:
    notes = import_curl(['curl https://acme.example --json \'{"a": 1.50, "b": 1.5}\'']).notes
    assert [note for note in notes if "number" in note] == [
        "the number 1.50 is sent as 1.5: where that matters, write the body as `raw`"
    ]


def test_no_credential_is_written_and_the_probe_runs(folder: Path, provider: PaymentServer) -> None:
    provider.settings(api_key="sk_live_9876")
    command = f"""curl -X POST {provider.url}/v1/payments -H 'Authorization: Bearer sk_live_9876' -H 'Idempotency-Key: i1'
        -d '{{"reference": "r", "amount": {{"value": "1.07", "currency": "EUR"}}, "method": "pm_card_visa"}}'"""
    result = call("import", "--name", "pay", "--to", "pay.yaml", "curl", given=command)
    assert result.exit_code == 0, result.output
    assert "AUTHORIZATION must be in the environment" in result.output
    assert "sk_live" not in (folder / "pay.yaml").read_text()
    assert call("validate", "pay.yaml").exit_code == 0
    ran = call("run", "pay.yaml")
    provider.settings(api_key="")
    assert ran.exit_code == 0, ran.output


OPENAPI = """\
openapi: 3.1.0
info: {title: Acme Payments}
servers: [{url: "{scheme}://acme.example", variables: {scheme: {default: https}}}]
security: [{bearer: []}]
components:
  securitySchemes: {bearer: {type: http, scheme: bearer}}
  parameters: {Id: {name: payment-id, in: path, required: true, schema: {type: string, example: pay_1}}}
  schemas:
    Amount: {type: object, required: [value, currency], properties: {value: {type: string, example: "1.07"}, currency: {enum: [EUR, USD]}, more: {$ref: "#/components/schemas/Amount"}}}
    Answer:
      type: object
      required: [id, status, amount, pin]
      properties:
        id: {type: string, format: uuid, maxLength: 3}
        status: {enum: [AUTHORISED, DECLINED]}
        amount: {allOf: [{$ref: "#/components/schemas/Amount"}]}
        captured: {oneOf: [{$ref: "#/components/schemas/Amount"}, {type: string}]}
        failure: {type: string, nullable: true, enum: [declined]}
        mandate: {nullable: true, allOf: [{$ref: "#/components/schemas/Amount"}]}
        pin: {type: string, writeOnly: true}
        other: {$ref: "elsewhere.yaml#/Other"}
    Payment:
      allOf:
        - {type: object, required: [reference, method], properties: {reference: {type: string, minLength: 3}, method: {type: string, default: pm_card_visa}}}
        - {type: object, required: [amount], properties: {amount: {$ref: "#/components/schemas/Amount"}}}
paths:
  /health: {get: {security: [], responses: {"200": {description: ok}}}}
  /v1/payments:
    post:
      operationId: createPayment
      summary: Charge a card.
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/Payment"}}}}
      responses: {"201": {description: made, content: {text/xml: {}, application/json: {schema: {$ref: "#/components/schemas/Answer"}}}}, "400": {description: no}}
    get:
      operationId: findPayments
      parameters: [{name: reference, in: query, required: true, schema: {type: string}, example: sp-1}, {name: page, in: query}]
      responses: {"200": {description: found}}
  /v1/payments/{payment-id}:
    parameters: [{$ref: "#/components/parameters/Id"}]
    get: {operationId: getPayment, responses: {default: {description: any}}}
"""


def described(*wanted: str) -> dict[str, dict[str, Any]]:
    """The steps that a description becomes, in a file that is valid."""
    imported = import_openapi(yaml.safe_load(OPENAPI), wanted)
    load_probe(written(imported.document), "imported.yaml")
    return {step["id"]: step for step in imported.document["steps"]}


def test_operations_that_change_nothing_become_steps_with_their_examples() -> None:
    steps = described()
    assert list(steps) == ["get-health", "findpayments", "getpayment"]
    assert "headers" not in steps["get-health"]["request"]
    assert steps["findpayments"]["request"] == {
        "method": "GET",
        "url": "${{ region.base_url }}/v1/payments",
        "query": {"reference": "sp-1"},
        "headers": {"Authorization": "Bearer ${{ secrets.bearer }}"},
    }
    assert (
        steps["getpayment"]["request"]["url"] == "${{ region.base_url }}/v1/payments/${{ vars.payment_id }}"
    )
    assert steps["getpayment"]["assert"] == [{"status": {"gte": 200, "lt": 300}}]


def test_an_operation_that_is_named_has_the_plainest_body_its_schema_allows() -> None:
    step = described("createPayment")["createpayment"]
    assert step["description"] == "Charge a card."
    assert step["request"]["json"] == {
        "reference": "xxx",
        "method": "pm_card_visa",
        "amount": {"value": "1.07", "currency": "EUR"},
    }
    assert step["assert"][0] == {"status": 201}
    assert described("POST /v1/payments").keys() == {"createpayment"}


AMOUNT = {
    "type": "object",
    "required": ["value", "currency"],
    "properties": {"value": {"type": "string"}, "currency": {"enum": ["EUR", "USD"]}},
}


BODIES = """
openapi: 3.0.3
info: {title: Bodies, version: "1"}
paths:
  /form:
    post:
      operationId: form
      parameters: [{name: sid, in: cookie, required: true, example: a1}, {name: min, in: query, required: true, example: 1.10}]
      requestBody: {content: {application/x-www-form-urlencoded: {example: {amount: 1.25, line: {id: 1}, ids: [1, 2.5]}}}}
  /vendor: {post: {operationId: vendor, requestBody: {content: {application/vnd.acme+json; v=1: {example: {a: 1}}}}}}
  /upload: {post: {operationId: upload, requestBody: {content: {multipart/form-data: {}}}}}
  /card: {post: {operationId: card, requestBody: {content: {application/json; charset=utf-8: {example: {pan: 4539578763621486}}}}}}
"""


def test_bodies_are_made_as_far_as_they_can_be_and_the_rest_is_told() -> None:
    imported = import_openapi(yaml.safe_load(BODIES), ("form", "vendor", "upload", "card"))
    load_probe(written(imported.document), "imported.yaml")
    form, vendor, upload, card = (step["request"] for step in imported.document["steps"])
    assert form["form"] == {"amount": "1.25", "line": '{"id": 1}', "ids": [1, "2.5"]}
    assert form["query"] == {"min": "1.1"}
    assert form["headers"] == {"Cookie": "sid=a1"}
    assert (vendor["json"], vendor["headers"]) == ({"a": 1}, {"Content-Type": "application/vnd.acme+json"})
    assert card["json"] == {"pan": "${{ secrets.pan }}"}
    assert set(upload) == {"method", "url"}
    assert any("the body of upload is multipart/form-data" in note for note in imported.notes)


def test_a_documented_answer_becomes_a_schema_of_what_it_is_made_of() -> None:
    step = described("createPayment")["createpayment"]
    (_, asserted) = step["assert"]
    answer = asserted["schema"]
    assert answer["required"] == ["id", "status", "amount"], "what is of requests only is not there"
    found = {name: each for name, each in answer["properties"].items() if name not in ("amount", "captured")}
    assert found == {
        "id": {"type": "string"},
        "status": {"enum": ["AUTHORISED", "DECLINED"]},
        "failure": {"type": ["string", "null"], "enum": ["declined", None]},
    }
    (amount,) = answer["properties"]["amount"]["allOf"]
    assert {key: amount[key] for key in ("type", "required")} == {
        key: AMOUNT[key] for key in ("type", "required")
    }
    assert [each["type"] for each in answer["properties"]["captured"]["anyOf"]] == ["object", "string"]
    assert step["request"]["headers"]["Accept"] == "application/json"


def wide(depth: int) -> dict[str, Any]:
    """A schema of ten properties each of which is as wide as itself."""
    inner: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        properties = {f"p{number}": inner for number in range(10)}
        inner = {"type": "object", "required": ["p0"], "properties": properties}
    return inner


@pytest.mark.parametrize(
    ("responses", "schema"),
    [
        pytest.param({"200": AMOUNT, "404": {"type": "string"}}, AMOUNT, id="errors do not count"),
        pytest.param({"200": AMOUNT, "201": AMOUNT}, AMOUNT, id="the same twice"),
        pytest.param(
            {"200": AMOUNT, "202": {"type": "array", "items": {"type": "integer"}}},
            {"anyOf": [AMOUNT, {"type": "array", "items": {"type": "integer"}}]},
            id="one or the other",
        ),
        pytest.param({"200": AMOUNT, "204": None}, None, id="an answer without a body"),
        pytest.param({"200": {}}, None, id="anything"),
        pytest.param({"200": {"anyOf": [AMOUNT, {}]}}, None, id="one of which is anything"),
        pytest.param({"200": {"type": "strange"}}, None, id="no type of JSON"),
        pytest.param({"200": {"enum": ["${{ a }}"]}}, None, id="what would be taken for a reference"),
        pytest.param({"200": {"pattern": "(?=a)"}}, None, id="only what is not kept"),
        pytest.param({"default": AMOUNT}, None, id="no good answer by its number"),
        pytest.param({"200": {"$ref": "#/paths"}}, None, id="what is no schema"),
        pytest.param(
            {"200": wide(4)},
            {"type": "object", "required": ["p0"], "properties": {
                f"p{number}": {"type": "object", "required": ["p0"]} for number in range(10)
            }},
            id="a large one as deep as can be looked through",
        ),
    ],
)  # fmt: skip
def test_of_an_answer_is_kept_what_is_simple_and_true(
    responses: dict[str, Any], schema: dict[str, Any] | None
) -> None:
    said = {
        code: {"content": {"application/json": {"schema": each}}} if each is not None else {}
        for code, each in responses.items()
    }
    raw = {"openapi": "3.0.3", "paths": {"/a": {"get": {"responses": said}}}}
    document = import_openapi(raw, ()).document
    load_probe(written(document), "imported.yaml")
    assert document["steps"][0]["assert"][1:] == ([{"schema": schema}] if schema else [])


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("swagger: '2.0'", "no OpenAPI 3"),
        ("[1]", "no OpenAPI 3"),
        ("openapi: 3.0.0", "no operations"),
        ("openapi: 3.0.0\npaths: {/a: {$ref: 'other.yaml#/a'}}", "leads out of the file"),
        ("openapi: 3.0.0\npaths: {/a: {$ref: '#/paths/~1a'}}", "in a circle"),
        ("openapi: 3.0.0\npaths: {/a: {post: {}}}", "every operation changes something"),
    ],
    ids=["Swagger", "a list", "nothing", "another file", "a circle", "no safe operation"],
)
def test_a_description_that_cannot_be_used_says_why(folder: Path, raw: str, told: str) -> None:
    with pytest.raises(ImportFault, match=told):
        import_openapi(yaml.safe_load(raw), ())
    (folder / "api.yaml").write_text(raw)
    assert call("import", "openapi", "api.yaml").exit_code != 0


def test_an_imported_description_runs(folder: Path, provider: PaymentServer) -> None:
    (folder / "api.yaml").write_text(OPENAPI.replace("{scheme}://acme.example", provider.url))
    words = [
        word for name in ("createPayment", "findPayments", "GET /health") for word in ("--operation", name)
    ]
    assert call("import", "--to", "api-probe.yaml", "openapi", "api.yaml", *words).exit_code == 0
    ran = call("run", "api-probe.yaml")
    assert ran.exit_code == 0, ran.output
    assert ran.output.count("✓") == 3


@pytest.mark.parametrize("before", [True, False], ids=["before the command", "behind it"])
def test_what_is_imported_is_written_to_the_file_that_is_named(folder: Path, *, before: bool) -> None:
    (folder / "am.yml").write_text(
        "route: {receiver: x}\nreceivers: [{name: x, webhook_configs: [{url: 'https://x.test/'}]}]\n"
    )
    to, command = ("--to", "routes.yaml"), ("alertmanager", "am.yml")
    done = call("import", *(to + command if before else command + to))
    assert (done.exit_code, done.stdout) == (0, "")
    assert "webhook_configs" in (folder / "routes.yaml").read_text()


@pytest.mark.parametrize("option", ["-u bob:pw", "--oauth2-bearer abc"])
def test_a_header_that_is_written_stands_before_what_an_option_would_make(option: str) -> None:
    imported = import_curl([f"curl https://acme.example/ -H 'authorization: Token s3cret' {option}"])
    made = imported.document["steps"][0]["request"]
    assert made["headers"] == {"authorization": "Token ${{ secrets.authorization }}"}
    assert list(imported.document["secrets"]) == ["authorization"]
    assert not any("base64" in note for note in imported.notes)
