"""`mission document`: written, read, edited, compared and passed on from the command line."""

import json
from pathlib import Path

import pytest

from missioncontrol.cli.document import differing
from missioncontrol.cli.exit_codes import UNPROVEN
from missioncontrol.domain.document import KINDS
from tests.cli.command import Running, answer, mission

pytestmark = pytest.mark.journey

Finished = tuple[Path, Running]


def said(home: Path, *arguments: str, code: int = 0) -> str:
    done = mission(home, "document", *arguments)
    assert done.returncode == code, done.stderr
    return (done.stdout if code == 0 else done.stderr).decode()


def test_every_document_is_written_read_edited_and_kept(finished: Finished, tmp_path: Path) -> None:
    home, _ = finished
    assert said(home, "list", "last").count("draft") == len(KINDS)
    draft = said(home, "show", "last", "brief")
    assert "**Draft.**" in draft.split("## ")[0]
    target = tmp_path / "draft.html"
    said(home, "export", "last", "brief", "--format", "html", "--output", str(target))
    assert "<strong>Draft.</strong>" in target.read_text()
    assert said(home, "write", "last").count("version 1") == len(KINDS)
    assert "nothing new to say" in said(home, "write", "last", "brief")
    before = said(home, "show", "last", "brief")
    assert "## Sources" in before
    file = tmp_path / "brief.md"
    file.write_text(before.replace("## Where it stands", "## Where Ann stands"))
    edited = ("edit", "last", "brief", "--file", str(file))
    assert "no_base" not in said(home, *edited, code=2)
    assert "version 2" in said(home, *edited, "--base", "1", "--note", "for Ann")
    assert "version 2 is there by now" in said(home, *edited, "--base", "1", code=1)
    assert "+## Where Ann stands" in said(home, "diff", "last", "brief")
    assert "nothing new" in said(home, "write", "last", "brief")
    assert said(home, "show", "last", "brief", "--version", "1") == before
    view = answer(home, "document", "show", "last", "brief")
    assert [each["made"] for each in view["versions"]] == ["generated", "edited"]
    assert view["versions"][1]["note"] == "for Ann"
    assert mission(home, "audit", "verify").returncode == UNPROVEN


def test_a_document_is_passed_on_as_markdown(finished: Finished, tmp_path: Path) -> None:
    home, _ = finished
    said(home, "write", "last", "prd")
    target = tmp_path / "prd.md"
    mission(home, "document", "export", "last", "prd", "--format", "md", "--output", str(target))
    assert target.read_text() == said(home, "show", "last", "prd")


def test_an_editor_that_fails_changes_nothing(finished: Finished) -> None:
    home, _ = finished
    said(home, "write", "last", "adrs")
    done = mission(home, "document", "edit", "last", "adrs", env={"EDITOR": "false"})
    assert done.returncode == 2
    assert b"nothing was changed" in done.stderr
    done = mission(home, "document", "edit", "last", "adrs", env={"EDITOR": "true"})
    assert done.returncode == 0
    assert json.loads(mission(home, "document", "list", "last", "--json").stdout)


def test_what_does_not_exist_is_said(finished: Finished) -> None:
    home, _ = finished
    assert "no kind of document" in said(home, "write", "last", "poem", code=2)
    assert "no version 9" in said(home, "show", "last", "prd", "--version", "9", code=2)
    assert "no run" in said(home, "list", "run-none", code=2)


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ("same " * 60 + "mine here", "same " * 60 + "theirs here"),
        ("same " * 60 + "mine " + "end " * 90, "same " * 60 + "theirs " + "end " * 90),
        ("x" * 300 + " mine", "x" * 300 + " theirs"),
        ("mine", "theirs"),
        ("mine" + " more" * 90, "theirs"),
    ],
)
def test_of_a_conflict_the_words_are_shown_that_differ(mine: str, theirs: str) -> None:
    one, other = differing(mine, theirs)
    assert one != other
    assert "mine" in one
    assert "theirs" in other
    assert max(len(one), len(other)) <= 162
    assert differing("", theirs) == ("", theirs[:160] + "…" * (len(theirs) > 160))
