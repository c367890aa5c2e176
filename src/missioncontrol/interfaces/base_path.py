"""Where a workspace is in the addresses of a console that serves several: below `/w/NAME`.

Handlers and templates know nothing of it: they write `/runs`, and an answer gets its base at the
end. A console of one workspace has the empty base, and its answers stay as they are.
"""

import re
from collections.abc import Iterable
from typing import Any

PREFIX = "/w/"
BASE = "base"
"""The name in `scope["state"]`."""

FIND_WORKSPACES = "find_workspaces"
"""The name there of what finds the workspaces that the sender of a request can switch to."""

_LINK = re.compile(
    r'(\s(?:href|src|action|formaction|data-address|data-edit|hx-(?:get|post|put|patch|delete|push-url|replace-url))=")'
    r"/(?!/|static/|w/)"
)
"""A quote in the text of a person is escaped in a page, so this is found in our markup alone."""

_ADDRESSES = frozenset((b"location", b"hx-redirect", b"hx-push-url", b"hx-replace-url"))
_COOKIE_PATH = re.compile(rb"(;\s*path=)/(?=[^;\s])", re.IGNORECASE)
"""Of a cookie for a part of the console. The one of a session is for all: its name tells which."""

Headers = list[tuple[bytes, bytes]]


def base_of(scope: Any) -> str:
    """Return the base of the workspace that a request is for; "" where there is only one."""
    found: str = (scope.get("state") or {}).get(BASE, "")
    return found


def based(path: str, base: str) -> str:
    """Return where a path of a workspace is; the paths of all workspaces stay as they are."""
    if not base or not path.startswith("/") or path.startswith(("//", "/static/", PREFIX)):
        return path
    return base + path


def page_based(text: str, base: str) -> str:
    """Return a page whose links lead into its workspace."""
    return _LINK.sub(lambda link: f"{link[1]}{base}/", text) if base else text


def headers_based(headers: Iterable[tuple[bytes, bytes]], base: str) -> Headers:
    """Return the headers of an answer, with addresses and paths of cookies below the base."""
    return [(name, _based(name.lower(), value, base)) for name, value in headers]


def _based(name: bytes, value: bytes, base: str) -> bytes:
    if name in _ADDRESSES:
        return based(value.decode("latin-1"), base).encode("latin-1")
    if name == b"set-cookie":
        return _COOKIE_PATH.sub(rb"\g<1>" + base.encode() + b"/", value)
    return value
