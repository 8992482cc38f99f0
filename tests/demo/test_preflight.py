"""What is missing or in the way is said in plain words."""

import socket

from free_ports import free_ports
from synthprobe.demo.preflight import PACKAGES, missing_packages, taken_ports


def test_a_missing_package_is_named_with_how_to_install_it() -> None:
    (said,) = missing_packages({"no_such_package_here": "the payment API"})
    assert said == (
        "no_such_package_here is not installed (the payment API). Install it with: pip install 'synthprobe[demo]'"
    )


def test_what_is_installed_is_not_missing() -> None:
    assert list(missing_packages(PACKAGES)) == []


def test_a_taken_port_is_named_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        (said,) = taken_ports([(port, "the web pages", "choose another with --port")])
    assert said == (
        f"port {port} of 127.0.0.1 is taken by another program; it is needed for the web pages: "
        "choose another with --port"
    )


def test_a_free_port_is_no_trouble() -> None:
    (port,) = free_ports(1)
    assert list(taken_ports([(port, "the web pages", "")])) == []
