"""Our own style sheet and scripts, read once; their addresses change with their content, so browsers keep them for good."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, SkipValidation
from msgspec import Struct

_FOLDER = Path(__file__).parent / "static"

_TYPES: Mapping[str, str] = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


class Asset(Struct, frozen=True):
    """One file with the type it is served as."""

    content: bytes
    media_type: str
    mark: str
    """A prefix of the content's hash."""


Assets = Mapping[str, Asset]


def load() -> Assets:
    """Every file of `static/` by name."""
    return {path.name: _asset(path) for path in _FOLDER.iterdir() if path.suffix in _TYPES}


def address(assets: Assets, name: str) -> str:
    """Where a page finds an asset."""
    return f"/static/{name}?v={assets[name].mark}"


@get("/static/{name:str}", include_in_schema=False)
async def serve(name: FromPath[str], assets: NamedDependency[SkipValidation[Assets]]) -> Response[bytes]:
    """An asset by its name."""
    asset = assets.get(name)
    if asset is None:
        raise NotFoundException(f"there is no asset {name!r}")
    caching = {"Cache-Control": "public, max-age=31536000, immutable", "ETag": f'"{asset.mark}"'}
    return Response(asset.content, media_type=asset.media_type, headers=caching)


def _asset(path: Path) -> Asset:
    content = path.read_bytes()
    return Asset(content, _TYPES[path.suffix], sha256(content).hexdigest()[:12])
