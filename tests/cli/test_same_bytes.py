"""The same record gives the same bytes, in another process, another time zone and another hash."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import Running, answer, environment

pytestmark = pytest.mark.journey

Finished = tuple[Path, Running]
Words = tuple[str, ...]
PLACES = (
    {"TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "1", "LANG": "C.UTF-8", "COLUMNS": "60"},
    {"TZ": "America/Los_Angeles", "PYTHONHASHSEED": "2", "LC_ALL": "C", "COLUMNS": "200"},
)
REPORTS = ("html", "md", "json", "zip", "pdf")
KINDS = ("design", "pack")
DOCUMENTS = ("md", "html", "pdf", "docx")
DIAGRAMS = ("svg", "png", "mermaid")
WRITTEN: tuple[Words, ...] = (
    *(("export", "last", "--format", form) for form in REPORTS),
    *(
        ("document", "export", "last", kind, "--format", form)
        for kind in KINDS
        for form in DOCUMENTS
    ),
    *(("diagram", "last", "flow", "--format", form) for form in DIAGRAMS),
)
WRITE = """
import json, sys
from missioncontrol.cli.main import main
for words in json.load(sys.stdin):
    assert main(words) == 0, words
"""
"""Command lines, one after the other: each place takes one start of Python."""


def written(home: Path, place: dict[str, str], folder: Path, lines: list[Words]) -> list[bytes]:
    """Return what the process of a place writes, in the order of `WRITTEN`."""
    targets = {words: str(folder / "-".join(words)) for words in lines}
    done = subprocess.run(
        [sys.executable, "-c", WRITE],
        env=environment(home, **place),
        input=json.dumps([[*words, "--output", targets[words]] for words in lines]).encode(),
        capture_output=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return [Path(targets[words]).read_bytes() for words in WRITTEN]


@pytest.fixture(scope="module")
def places(
    finished: Finished, tmp_path_factory: pytest.TempPathFactory
) -> dict[Words, tuple[bytes, ...]]:
    """Return what both places write; the second one in the opposite order."""
    home, _ = finished
    for kind in KINDS:
        answer(home, "document", "write", "last", kind)
    one, other = (
        written(home, place, tmp_path_factory.mktemp("place"), list(lines))
        for place, lines in zip(PLACES, (WRITTEN, reversed(WRITTEN)), strict=True)
    )
    return dict(zip(WRITTEN, zip(one, other, strict=True), strict=True))


@pytest.mark.parametrize("words", WRITTEN, ids="-".join)
def test_what_is_written_is_the_same_bytes_in_both_places(
    places: dict[Words, tuple[bytes, ...]], words: Words
) -> None:
    one, other = places[words]
    assert len(one) > 100
    assert one == other
