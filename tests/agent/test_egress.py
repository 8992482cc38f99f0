"""What the transport is told of certificates, proxies and addresses, and how it is hidden from all that is shown."""

from pathlib import Path
from typing import Any

import httpx
from probing import check, everything, filled, request, run, step

from synthprobe.core.egress import IpVersion, Proxy, TlsProfile
from synthprobe.core.failures import Kind
from synthprobe.core.probes import SecretSource
from synthprobe.core.reports import Finished
from synthprobe.wire.contexts import Pem, TlsOptions
from synthprobe.wire.proxy import Via

SECRETS = {"key": SecretSource(env="KEY"), "word": SecretSource(env="WORD")}
ENVIRONMENT = {"KEY": "-----BEGIN PRIVATE KEY-----\nopensesame\n", "WORD": "whisper-88"}
ACME = TlsProfile("certs/ca.pem", "certs/acme.pem", filled("${{ secrets.key }}"), "1.3")
CORP = Proxy("http://proxy.corp.example:3128", "prober", filled("${{ secrets.word }}"), ("*.example",))
OUT = Proxy("http://proxy.corp.example", "prober", filled("${{ secrets.word }}"), ("*.corp.example",))


def told(redirect: str | None = None, **options: Any) -> tuple[Finished, list[dict[str, Any]]]:
    """A run, and the extensions of each of its requests."""
    seen: list[dict[str, Any]] = []

    def target(asked: httpx.Request) -> httpx.Response:
        seen.append(dict(asked.extensions))
        if redirect and len(seen) == 1:
            return httpx.Response(302, headers={"Location": redirect})
        return httpx.Response(200)

    action = request(follow_redirects=1, **options)
    return run(check(step(action=action), secrets=SECRETS), target, ENVIRONMENT), seen


def test_a_tls_profile_is_files_beside_the_probe_and_text_of_secrets() -> None:
    _, (seen,) = told(tls=ACME)
    assert seen["tls"] == TlsOptions(
        Path("probes/certs/ca.pem"), Path("probes/certs/acme.pem"), Pem(ENVIRONMENT["KEY"]), "1.3"
    )


def test_another_origin_does_not_see_who_we_are() -> None:
    _, (_, seen) = told("https://pay.example:8421/", tls=ACME)
    assert seen["tls"] == TlsOptions(Path("probes/certs/ca.pem"), min_version="1.3")


def test_a_proxy_is_told_with_its_credentials() -> None:
    _, (seen,) = told(via=OUT)
    assert seen["via"] == Via("proxy.corp.example", 80, "prober", "whisper-88")
    assert "no_proxy" not in seen


def test_a_host_of_no_proxy_is_reached_directly() -> None:
    _, (seen,) = told(via=CORP)
    assert "via" not in seen


def test_the_address_family_and_that_the_host_is_named_are_told() -> None:
    _, (seen,) = told(ip=IpVersion.V6)
    assert (seen["ip"], seen["named"]) == ("v6", True)


def test_a_proxys_url_that_is_none_is_the_probes_fault() -> None:
    finished, seen = told(via=Proxy(filled("${{ secrets.word }}")))
    assert finished.result.failure is not None
    assert finished.result.failure.kind is Kind.SCRIPT_ERROR
    assert not seen


def test_nothing_of_it_is_shown() -> None:
    finished, _ = told(tls=ACME, via=OUT)
    assert "opensesame" not in everything(finished)
    assert "whisper-88" not in everything(finished)
