"""Errors in Alertmanager's two forms: a bare JSON string, and `{"code", "message"}` for what does not fit the schema."""

import msgspec
from litestar import Response


class ApiError(Exception):
    """An answer that is an error."""

    status = 400

    def body(self) -> object:
        """Its JSON."""
        return str(self)


class Refused(ApiError):
    """A request that cannot be followed."""


class Unknown(ApiError):
    """There is no such thing."""

    status = 404


class BadBody(ApiError):
    """A body that cannot be read."""

    def __init__(self, message: str, *, plain: bool = False) -> None:
        super().__init__(message)
        self._plain = plain

    def body(self) -> object:
        """Its JSON."""
        return str(self) if self._plain else {"code": 400, "message": str(self)}


class Invalid(ApiError):
    """What does not fit the schema."""

    status = 422

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self._code = code

    def body(self) -> object:
        """Its JSON."""
        return {"code": self._code, "message": str(self)}


def answer(_: object, error: ApiError) -> Response[bytes]:
    """The error as it is sent."""
    return Response(
        msgspec.json.encode(error.body()), status_code=error.status, media_type="application/json"
    )
