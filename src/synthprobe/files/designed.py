"""Keys and values of probe files that are designed but not built: refused by name, never ignored.

Whoever builds one removes it here and adds it to the shape.
"""

from synthprobe.files.shapes import Unbuilt

UNBUILT: Unbuilt = {
    "ProbeFile": {"auth", "slo", "undo_timeout", "inputs"},
    "ProbeFile.environment": {"live"},
    "Schedule": {"cron", "timezone", "while_failing", "only"},
    "Secret": {"vault"},
    "DefaultRequest": {
        "auth",
        "connection",
        "cookies",
        "propagate",
        "query",
    },
    "Request": {
        "body_file",
        "auth",
        "connection",
        "cookies",
        "propagate",
    },
    "Safety": {"max_amount", "max_open_exposure", "budget"},
    "Step": {
        "poll",
        "await",
        "use",
        "with",
        "resend",
        "tcp",
        "tls",
        "dns",
        "iso8583",
        "pause",
        "if",
        "classify",
        "money",
        "undo",
    },
    "Assertion": {
        "size",
        "schema",
        "certificate_expires_in",
        "tls_version",
        "http_version",
        "redirect_to",
        "deliveries",
        "delay",
        "answers",
        "field",
        "phase.resolve",
        "phase.dns",
        "phase.connect",
        "phase.tls",
        "phase.send",
        "phase.wait",
        "phase.receive",
    },
    "Capture": {"cookie", "certificate", "field"},
    "Alert": {"degraded_after"},
}
"""In the order of the file; by struct of the shape."""

UNBUILT_REFERENCES = frozenset({"item", "inputs", "run.callback_url"})
"""Namespaces, and names in one, that are designed but not built."""
