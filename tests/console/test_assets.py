"""Style sheets, scripts, fonts and icons: small, cached for ever, never read from the disk."""

import gzip
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from missioncontrol.interfaces.api.problems import answer_with
from missioncontrol.interfaces.web import assets
from missioncontrol.interfaces.web.assets import HANDLERS, Shelf, asset, shelf, takes_gzip
from missioncontrol.interfaces.web.rendering import problem_page

ROOT = Path(__file__).parents[2]
FRAME_BYTES_MAX = 105_000
"""Compressed, of what every page loads; it leaves 45 kB of the 150 kB to the page itself."""

IMPORT = re.compile(r"""(?:from|import)\s*\(?\s*["'](\.[^"']+)["']""")


@contextmanager
def client() -> Iterator[TestClient[Litestar]]:
    """Return a client of the files alone."""
    app = Litestar(HANDLERS, exception_handlers={Exception: answer_with(problem_page)})
    with TestClient(app) as found:
        yield found


def loads(path: str, seen: set[str]) -> set[str]:
    """Return a script with all that it imports at once."""
    if path in seen:
        return seen
    seen.add(path)
    text = shelf().find(path).content.decode()
    for name in IMPORT.findall(text):
        folder = Path("/static", path).parent
        loads(str((folder / name).resolve().relative_to("/static")), seen)
    return seen


def test_a_file_is_kept_for_ever_under_its_address() -> None:
    with client() as asking:
        answer = asking.get(asset("console.css"))
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"] == "text/css; charset=utf-8"
        again = asking.get(asset("console.css"), headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_a_file_of_another_release_is_sent_as_it_is_now_and_not_kept() -> None:
    with client() as asking:
        answer = asking.get("/static/0123456789ab/js/shell.js")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("accepted", "is_gzip"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip;q=0.0, *", False),
        ("identity", False),
        ("gzipped", False),
        ("gzip;q=x", False),
        ("gzip;level=9", True),
        ("", False),
    ],
)
def test_gzip_is_sent_to_whoever_takes_it(accepted: str, is_gzip: bool) -> None:
    assert takes_gzip(accepted) is is_gzip
    with client() as asking:
        headers = {"Accept-Encoding": accepted}
        with asking.stream("GET", asset("js/shell.js"), headers=headers) as answer:
            sent = b"".join(answer.iter_raw())
        assert answer.headers["vary"] == "Accept-Encoding"
        content = shelf().find("js/shell.js").content
        assert (gzip.decompress(sent) if is_gzip else sent) == content
        assert ("content-encoding" in answer.headers) is is_gzip


def test_fonts_are_not_packed_twice() -> None:
    assert shelf().find("fonts/inter.woff2").packed is None


@pytest.mark.parametrize(
    "path", ["../assets.py", "js/../../assets.py", "/etc/passwd", "js", "vendor/none.js", ""]
)
def test_what_is_not_on_the_shelf_is_not_there(path: str) -> None:
    with client() as asking:
        assert asking.get(f"/static/{shelf().digest}/{path}").status_code == 404


def test_the_digest_changes_with_any_file() -> None:
    one = Shelf({"css/a.css": b"a{}", "js/b.js": b"1"})
    assert one.digest != Shelf({"css/a.css": b"a{}", "js/b.js": b"2"}).digest
    assert one.digest == Shelf({"js/b.js": b"1", "css/a.css": b"a{}"}).digest


def test_everything_that_scripts_import_is_there() -> None:
    names = [path for path in everything() if path.endswith(".js") and "vendor/" not in path]
    for path in names:
        loads(path, set())
    assert "js/shell.js" in names


def test_everything_that_sheets_name_is_there() -> None:
    sheet = shelf().find("console.css").content.decode()
    named = re.findall(r'url\("([^"#)]+)"\)', sheet)
    assert "fonts/inter.woff2" in {path.removeprefix("./") for path in named}, named
    for path in named:
        shelf().find(path)


def test_the_frame_is_small() -> None:
    paths = loads("js/shell.js", set()) | {
        "console.css",
        "icons.svg",
        "brand.svg",
        "js/theme.js",
        "js/islands/palette.js",
        "vendor/htmx.js",
        "fonts/inter.woff2",
        "fonts/jetbrains-mono.woff2",
    }
    found = [shelf().find(path) for path in paths | loads("js/islands/palette.js", set())]
    assert sum(len(each.packed or each.content) for each in found) < FRAME_BYTES_MAX


def test_no_sheet_and_no_script_needs_what_the_policy_forbids() -> None:
    for path in everything():
        if path.startswith("js/"):
            text = shelf().find(path).content.decode()
            assert not re.search(r"\beval\(|new Function|innerHTML\s*=|\.style\.cssText", text), (
                path
            )


def test_borrowed_files_are_what_the_manifest_pins() -> None:
    done = subprocess.run(
        [sys.executable, "tools/vendor", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.stderr, done.returncode) == ("", 0)


def everything() -> list[str]:
    """Return the paths of all files."""
    entries: dict[str, Any] = vars(assets.shelf())["_assets"]
    return sorted(entries)
