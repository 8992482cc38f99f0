"""A request as signatures see it, just before it is sent."""

from urllib.parse import urlsplit

from msgspec import Struct


class Unsignable(ValueError):
    """Something is to be signed that the request has not."""


class Message(Struct, frozen=True):
    """Method, URL as it is sent, headers in order, and body."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path as it is sent, without the query."""
        return urlsplit(self.url).path or "/"

    @property
    def query(self) -> str:
        """The query as it is sent, without its `?`."""
        return urlsplit(self.url).query

    @property
    def scheme(self) -> str:
        """`https` or `http`."""
        return urlsplit(self.url).scheme.lower()

    @property
    def authority(self) -> str:
        """The host, and its port unless that is the scheme's own (RFC 9110 §4.2.3), in lower case."""
        parts = urlsplit(self.url)
        netloc = parts.netloc.rpartition("@")[2].lower()
        return netloc.removesuffix({"http": ":80", "https": ":443"}[self.scheme])

    def header(self, name: str) -> str:
        """A header's value; several of one name are joined (RFC 9110 §5.3). Raises `Unsignable`."""
        if name.lower() == "host":
            return self.authority
        found = [value.strip() for key, value in self.headers if key.lower() == name.lower()]
        if not found:
            raise Unsignable(f"`{name}` is to be signed, but the request has no such header")
        return ", ".join(found)
