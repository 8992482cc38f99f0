"""The target: nginx on loopback, plain and TLS, that answers like a small payment API; and its certificate."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trustme
from msgspec import Struct

from processes import NotStarted, found, free_port, program, until_open

MISSING = "nginx (Debian: apt-get install nginx-light)"

_CONFIG = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log crit;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    default_type application/json;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{plain} backlog=4096;
        listen 127.0.0.1:{tls} ssl backlog=4096;
        ssl_certificate {folder}/cert.pem;
        ssl_certificate_key {folder}/key.pem;
        location = /health {{ return 200 '{health}'; }}
        location = /v1/payments {{ return 201 '{authorised}'; }}
        location ~ ^/v1/payments/([a-z0-9_]+)/captures$ {{ return 202 '{captured}'; }}
        location ~ ^/v1/payments/([a-z0-9_]+)/refunds$ {{ return 201 '{refunded}'; }}
        location ~ ^/v1/payments/([a-z0-9_]+)$ {{ return 200 '{settled}'; }}
    }}
}}
"""

_AMOUNT = '"amount": {"value": "1.07", "currency": "EUR"}'
_ANSWERS = {
    "health": '{"status": "ok", "version": "2026.11", "checks": [{"name": "ledger", "ok": true}]}',
    "authorised": '{"id": "pay_$request_id", "status": "AUTHORISED", ' + _AMOUNT + "}",
    "captured": '{"id": "$1", "status": "CAPTURED", ' + _AMOUNT + "}",
    "settled": '{"id": "$1", "status": "CAPTURED", "refunded": "0.00", ' + _AMOUNT + "}",
    "refunded": '{"id": "ref_$request_id", "payment": "$1", "status": "REFUNDED", ' + _AMOUNT + "}",
}


class Target(Struct, frozen=True):
    """Where it answers."""

    plain: str
    tls: str
    authority: Path
    """The PEM file of who signed its certificate."""


@contextmanager
def serving(folder: Path) -> Iterator[Target]:
    """A target on two free ports. Raises `NotStarted`."""
    nginx = found("nginx")
    if nginx is None:
        raise NotStarted(f"nothing to probe: {MISSING}")
    _write_certificate(folder)
    plain, tls = free_port(), free_port()
    config = folder / "nginx.conf"
    config.write_text(_CONFIG.format(folder=folder, plain=plain, tls=tls, **_ANSWERS))
    log = folder / "nginx.log"
    with program([nginx, "-p", str(folder), "-c", str(config)], log):
        until_open(tls, log)
        yield Target(f"http://127.0.0.1:{plain}", f"https://127.0.0.1:{tls}", folder / "authority.pem")


def _write_certificate(folder: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "localhost")
    authority.cert_pem.write_to_path(folder / "authority.pem")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    for index, pem in enumerate(issued.cert_chain_pems):
        pem.write_to_path(folder / "cert.pem", append=index > 0)
