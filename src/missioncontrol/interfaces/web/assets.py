"""Style sheets, scripts, fonts and icons of the pages, from the package's own folder `static`.

The address of each file carries the digest of all of them: `/static/0a1b2c3d4e5f/js/shell.js`. So
a browser keeps what it has for ever, a new release has new addresses, and files name each other by
relative paths. What a request names is looked up in a table and never on the disk.
"""

import gzip
import hashlib
from functools import cache, cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

from missioncontrol.domain.errors import NotFound
from missioncontrol.interfaces.codings import takes
from missioncontrol.interfaces.sign_in.guard import needs

MEDIA_TYPES = {
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
    "woff2": "font/woff2",
    "txt": "text/plain",
    "json": "application/json",
}
CONSOLE = "console.css"
"""All sheets of `css/` and `css/areas/` in the order of their names, as one file."""

_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"


class Asset:
    """One file, as it is sent."""

    def __init__(self, path: str, content: bytes) -> None:
        """`path` is relative to `static`; its ending says the media type."""
        self.path = path
        self.content = content
        self.media_type = MEDIA_TYPES[path.rpartition(".")[2]]
        self.etag = f'"{hashlib.sha256(content).hexdigest()[:24]}"'

    @cached_property
    def packed(self) -> bytes | None:
        """The content by gzip, or None where that saves nothing: fonts are packed already."""
        found = gzip.compress(self.content, 9, mtime=0)
        return found if len(found) < len(self.content) * 0.95 else None


class Shelf:
    """All files, and the digest that is part of their addresses."""

    def __init__(self, contents: dict[str, bytes]) -> None:
        """`contents` by path relative to `static`."""
        contents = {**contents, CONSOLE: _console_sheet(contents)}
        self._assets = {path: Asset(path, content) for path, content in contents.items()}
        hashed = hashlib.sha256()
        for path in sorted(self._assets):
            hashed.update(f"{path}\n{self._assets[path].etag}\n".encode())
        self.digest = hashed.hexdigest()[:12]

    def find(self, path: str) -> Asset:
        """Return a file.

        Raises:
            NotFound: `asset.unknown`.
        """
        asset = self._assets.get(path)
        if asset is None:
            raise NotFound("asset.unknown", f"File {path[:80]!r} does not exist.")
        return asset

    def names(self, folder: str, ending: str) -> list[str]:
        """Return the names of the files right in a folder, without their ending."""
        return sorted(
            path.removeprefix(folder).removesuffix(ending)
            for path in self._assets
            if path.startswith(folder) and path.endswith(ending) and "/" not in path[len(folder) :]
        )

    def pack(self) -> None:
        """Compress what will be asked for, before it is."""
        for asset in self._assets.values():
            _ = asset.packed


def _console_sheet(contents: dict[str, bytes]) -> bytes:
    own = sorted(path for path in contents if path.startswith("css/") and path.count("/") == 1)
    areas = sorted(path for path in contents if path.startswith("css/areas/"))
    return b"\n".join(contents[path] for path in [*own, *areas])


@cache
def shelf() -> Shelf:
    """Return the files of this release, read once."""
    return Shelf(dict(_walk(files("missioncontrol.interfaces.web") / "static", "")))


def _walk(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in folder.iterdir():
        path = prefix + entry.name
        if entry.is_dir():
            found += _walk(entry, path + "/")
        elif entry.name.rpartition(".")[2] in MEDIA_TYPES:
            found.append((path, entry.read_bytes()))
    return found


def asset(path: str) -> str:
    """Return the address of a file, such as `js/shell.js`.

    Raises:
        NotFound: `asset.unknown`, so that a template that names none is noticed.
    """
    return f"/static/{shelf().digest}/{shelf().find(path).path}"


@get("/static/{digest:str}/{path:path}", include_in_schema=False, **needs("nothing"))
async def send(
    request: Request[Any, Any, Any], digest: FromPath[str], path: FromPath[str]
) -> Response[bytes]:
    """Send a file; one of another release is sent as it is now, and must not be cached."""
    return _sent(request, path.lstrip("/"), _FOR_EVER if digest == shelf().digest else _ASK_AGAIN)


@get("/push-worker.js", include_in_schema=False, **needs("nothing"))
async def send_worker(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Send the script that shows messages: it is for all pages only at an address above them."""
    return _sent(request, "js/push-worker.js", _ASK_AGAIN)


def _sent(request: Request[Any, Any, Any], path: str, caching: str) -> Response[bytes]:
    found = shelf().find(path)
    headers = {
        "ETag": found.etag,
        "Cache-Control": caching,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if found.etag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers, media_type=found.media_type)
    content = found.content
    if found.packed is not None and takes_gzip(request.headers.get("accept-encoding", "")):
        content = found.packed
        headers["Content-Encoding"] = "gzip"
    return Response(content, headers=headers, media_type=found.media_type)


def takes_gzip(accepted: str) -> bool:
    """Whether a client that sends this `Accept-Encoding` takes gzip: it or `*`, and not at 0."""
    return takes(accepted, "gzip")


HANDLERS: list[Any] = [send, send_worker]
