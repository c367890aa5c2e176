"""Directories of decision records as strangers may have made them."""

import os
from pathlib import Path

import pytest

from missioncontrol.adapters.decision_folders import (
    BYTES_MAX,
    FILES_MAX,
    TOGETHER_MAX,
    decision_files,
)
from missioncontrol.application.decision_files import (
    DecisionFile,
    ImportLine,
    decoded,
    intended,
)
from missioncontrol.domain.decision import DecisionLog, decide, evolve
from missioncontrol.domain.errors import NotFound, Rejected

NOW = 1_795_435_200.0
RECORD = "# {title}\n\n## Status\n\n{status}\n\n## Context\n\nWhy.\n\n## Decision\n\n{title}.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "repo/docs/adr"
    found.mkdir(parents=True)
    (found / "0001-first.md").write_text(RECORD.format(title="Use trees", status="Accepted"))
    return found


def names(repository: Path) -> list[str]:
    return [name for name, _ in decision_files(repository).files]


def test_a_huge_file_is_named_after_its_first_bytes_and_the_rest_is_read(
    folder: Path, tmp_path: Path
) -> None:
    with (folder / "0002-huge.md").open("wb") as file:
        file.truncate(40_000_000_000)  # A hole: it takes no room, and would not fit in memory.
    found = decision_files(tmp_path / "repo")
    assert found.unread == (("docs/adr/0002-huge.md", "it has more than 400,000 bytes"),)
    assert names(tmp_path / "repo") == ["docs/adr/0001-first.md"]


def test_files_that_are_too_much_together_are_refused(folder: Path, tmp_path: Path) -> None:
    for number in range(TOGETHER_MAX // BYTES_MAX + 1):
        (folder / f"{number + 2:04}-long.md").write_bytes(b"a" * BYTES_MAX)
    with pytest.raises(Rejected, match="All files together") as refused:
        decision_files(tmp_path / "repo")
    assert refused.value.code == "decision.too_large"


def test_what_is_no_text_is_named_and_the_rest_is_read(folder: Path, tmp_path: Path) -> None:
    (folder / "0002-image.md").write_bytes(bytes(range(256)))
    (folder / "0003-old.md").write_bytes("# Old\n\nGr\u00fc\u00dfe".encode("latin-1"))
    (folder / "0004-wide.md").write_bytes("# Wide".encode("utf-16"))
    (folder / "0005-bom.md").write_bytes(b"\xef\xbb\xbf" + (folder / "0001-first.md").read_bytes())
    (folder / os.fsdecode(b"0006-\xff.md")).write_bytes(b"\xff")
    files, unread = decoded(*decision_files(tmp_path / "repo")[1:])
    assert [each.name[-12:] for each in files] == ["001-first.md", "/0005-bom.md"]
    assert [(line.file[9:13], line.verdict, line.why.split(":")[0]) for line in unread] == [
        ("0002", "unread", "it is no text"),
        ("0003", "unread", "it is not UTF-8"),
        ("0004", "unread", "it is UTF-16"),
        ("0006", "unread", "it is not UTF-8"),
    ]
    assert "line 3" in unread[1].why
    assert "\ufffd" in unread[3].file, "a name that is no text can be told as well"


def test_links_out_of_the_repository_and_pipes_are_left_out(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("# Secret")
    (folder / "0002-out.md").symlink_to(tmp_path / "secret.md")
    (folder / "0003-circle.md").symlink_to(folder / "0003-circle.md")
    (folder / "0004-gone.md").symlink_to(folder / "nowhere.md")
    (folder / "0005-far").symlink_to("/etc")
    (folder / "0006-again").symlink_to(folder)
    os.mkfifo(folder / "0007-pipe.md")
    (folder / "0008-folder.md").mkdir()
    assert names(tmp_path / "repo") == ["docs/adr/0001-first.md"]


@pytest.mark.parametrize(
    "content",
    [b"/etc", b"../..", b"a\0b", b"x" * 300, b"", b"nowhere", b"circle", b"\xff\xfe", b"a" * 10**7],
)
def test_whatever_the_declared_place_says_only_the_repository_is_read(
    folder: Path, tmp_path: Path, content: bytes
) -> None:
    repository = tmp_path / "repo"
    (tmp_path / "secret.md").write_text("# Secret")
    (repository / "circle").symlink_to(repository / "circle")
    (repository / ".adr-dir").write_bytes(content)
    assert names(repository) == ["docs/adr/0001-first.md"]


def test_a_declared_place_that_is_a_pipe_or_endless_is_no_place(
    folder: Path, tmp_path: Path
) -> None:
    repository = tmp_path / "repo"
    os.mkfifo(repository / ".adr-dir")
    assert names(repository) == ["docs/adr/0001-first.md"]
    (repository / ".adr-dir").unlink()
    (repository / ".adr-dir").symlink_to("/dev/zero")
    assert names(repository) == ["docs/adr/0001-first.md"]


@pytest.mark.parametrize("kind", ["pipe", "circle", "nothing"])
def test_what_is_no_directory_of_records_is_said_to_be_none(tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    if kind == "pipe":
        os.mkfifo(path)
    if kind == "circle":
        path.symlink_to(path)
    with pytest.raises((Rejected, NotFound)) as refused:
        decision_files(path)
    assert kind in refused.value.reason


def test_five_thousand_files_are_refused_with_what_to_do(folder: Path, tmp_path: Path) -> None:
    for number in range(5_000):
        (folder / f"{number:04}-many.md").touch()
    with pytest.raises(Rejected, match=f"more than {FILES_MAX:,} files") as refused:
        decision_files(tmp_path / "repo")
    assert "Name the directory" in refused.value.hint


def read(repository: Path) -> tuple[DecisionFile, ...]:
    return decoded(decision_files(repository).files)[0]


def taken(repository: Path) -> tuple[DecisionLog, tuple[ImportLine, ...]]:
    """Return the log after an import, and its report; the same again comes to nothing."""
    files = read(repository)
    imported = intended(DecisionLog({}), files, str(repository), now=NOW)
    log = DecisionLog({})
    for command in imported.commands:
        for event in decide(command, log, NOW):
            log = evolve(log, event, NOW)
    assert intended(log, files, str(repository), now=NOW).commands == ()
    return log, imported.lines


@pytest.mark.parametrize("count", [1, 2, 3, 40])
def test_records_that_supersede_each_other_in_a_circle_leave_none(
    folder: Path, tmp_path: Path, count: int
) -> None:
    for number in range(count):
        after = (number + 1) % count
        status = f"Superseded by [{after + 1}]({after + 1:04}-round.md)"
        text = RECORD.format(title=f"Way {number}", status=status)
        (folder / f"{number + 1:04}-round.md").write_text(text)
    (folder / "0001-first.md").unlink()
    log, lines = taken(tmp_path / "repo")
    assert len(log.decisions) == count
    for start in log.decisions:
        seen, at = set(), start
        while at:
            assert at not in seen
            seen.add(at)
            at = log.decisions[at].superseded_by
    refused = [odd.what for line in lines for odd in line.not_understood]
    assert len([what for what in refused if "supersedes" in what]) == 1


def test_records_of_one_number_are_all_kept_each_under_its_own(
    folder: Path, tmp_path: Path
) -> None:
    for name in ("two", "three", "four"):
        text = RECORD.format(title=f"Way {name}", status="Accepted")
        (folder / f"0001-{name}.md").write_text(text)
    log, lines = taken(tmp_path / "repo")
    titles = {each.text.title for each in log.decisions.values()}
    assert titles == {"Use trees", "Way two", "Way three", "Way four"}
    assert [line.verdict for line in lines] == ["new"] * 4
    assert len({line.id for line in lines}) == 4
