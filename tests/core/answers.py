"""A response with every kind of value in it, for assertions and captures."""

from typing import Any

from synthprobe.core.expectations import Position
from synthprobe.core.responses import Response

HERE = Position("probes/pay.yaml", 7, 3)

BODY = """{
  "id": "0042", "amount": "2.00", "fee": 1.10, "count": 3, "paid": true, "none": null, "big": 12345678901234567890123,
  "at": "2026-03-02T12:00:00Z", "tags": ["a", "b", 3], "card": {"number": "4242", "exp": {"year": 2030}},
  "items": [{"id": "x", "price": 5}, {"id": "y", "price": 7.5}], "text": "hello world", "empty": []
}"""


def response(body: str | bytes = BODY, **options: Any) -> Response:
    """A response with every kind of value in it."""
    headers = (("Content-Type", "application/json"), ("X-Count", "5"), ("X-Many", "a"), ("x-many", "b"))
    defaults: dict[str, Any] = {
        "status": 201,
        "headers": headers,
        "duration": 0.25,
        "url": "http://pay.example/v1",
    }
    return Response(body=body.encode() if isinstance(body, str) else body, **(defaults | options))
