"""The same record gives the same bytes, in another process, another time zone and another hash."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from tests.cli.command import ARGV, Running, answer, environment

pytestmark = pytest.mark.journey

Finished = tuple[Path, Running]
PLACES = (
    {"TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "1", "LANG": "C.UTF-8", "COLUMNS": "60"},
    {"TZ": "America/Los_Angeles", "PYTHONHASHSEED": "2", "LC_ALL": "C", "COLUMNS": "200"},
)


def made(home: Path, place: dict[str, str], target: Path, *words: str) -> str:
    """Return what one process writes, as a digest; it writes something."""
    done = subprocess.run(
        [*ARGV, *words, "--output", str(target)],
        env=environment(home, **place),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    content = target.read_bytes()
    assert len(content) > 100
    target.unlink()
    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("form", ["html", "md", "json", "zip", "pdf"])
def test_a_report_is_the_same_bytes_wherever_it_is_written(
    finished: Finished, tmp_path: Path, form: str
) -> None:
    home, _ = finished
    words = ("export", "last", "--format", form)
    one, other = (made(home, place, tmp_path / "out", *words) for place in PLACES)
    assert one == other


@pytest.mark.parametrize("form", ["md", "html", "pdf", "docx"])
@pytest.mark.parametrize("kind", ["design", "pack"])
def test_a_document_is_the_same_bytes_wherever_it_is_written(
    finished: Finished, tmp_path: Path, kind: str, form: str
) -> None:
    home, _ = finished
    answer(home, "document", "write", "last", kind)
    words = ("document", "export", "last", kind, "--format", form)
    one, other = (made(home, place, tmp_path / "out", *words) for place in PLACES)
    assert one == other


@pytest.mark.parametrize("form", ["svg", "png", "mermaid"])
def test_a_diagram_is_the_same_bytes_wherever_it_is_drawn(
    finished: Finished, tmp_path: Path, form: str
) -> None:
    home, _ = finished
    words = ("diagram", "last", "flow", "--format", form)
    one, other = (made(home, place, tmp_path / "out", *words) for place in PLACES)
    assert one == other
