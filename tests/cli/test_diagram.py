"""`mission runs diagram`: which diagrams there are, and one of them in each form."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.cli.command import Running, answer, mission

pytestmark = pytest.mark.journey

Finished = tuple[Path, Running]
PNG = b"\x89PNG\r\n\x1a\n"


def test_the_diagrams_are_named_with_what_they_show(finished: Finished) -> None:
    home, _ = finished
    diagrams = answer(home, "diagram", "last")
    assert [each["kind"] for each in diagrams] == [
        "flow", "as-is", "proposed", "deployment", "data-model", "tasks",
    ]  # fmt: skip
    assert all(each["said"] for each in diagrams)
    output = mission(home, "diagram", "last").stdout.decode()
    assert "data-model  Data model  (nothing to draw)" in output


def test_a_diagram_is_written_in_each_form(finished: Finished, tmp_path: Path) -> None:
    home, _ = finished
    svg = mission(home, "diagram", "last", "flow")
    assert ET.fromstring(svg.stdout).tag.endswith("svg")
    text = mission(home, "diagram", "last", "flow", "--format", "mermaid").stdout
    assert text.startswith(b"flowchart LR\n")
    graph = json.loads(mission(home, "diagram", "last", "flow", "--json").stdout)["graph"]
    assert graph["nodes"]
    target = tmp_path / "flow.png"
    made = mission(home, "diagram", "last", "flow", "--format", "png", "--output", str(target))
    assert made.returncode == 0, made.stderr
    assert target.read_bytes().startswith(PNG)


def test_what_cannot_be_drawn_is_refused_with_a_reason(finished: Finished) -> None:
    home, _ = finished
    for arguments, words in (
        (("cloud",), b"There are flow, as-is"),
        (("data-model",), b"defines no table"),
        (("flow", "--format", "png"), b"--output"),
    ):
        done = mission(home, "diagram", "last", *arguments)
        assert done.returncode == 2, done.stderr
        assert words in done.stderr
