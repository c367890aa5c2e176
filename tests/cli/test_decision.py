"""`mission decision` and `mission workflow template`: recorded, judged, exchanged, and asked."""

from pathlib import Path

import pytest

from tests.cli.command import answer, mission

ADR = "# 1. Use TOML\n\nDate: 2024-05-06\n\n## Status\n\nAccepted\n\n## Decision\n\nWe do.\n"


def test_a_decision_is_recorded_judged_and_superseded(tmp_path: Path) -> None:
    made = answer(
        tmp_path, "decision", "record", "Use SQLite", "--choice", "SQLite", "--bad", "one"
    )
    assert made == {"id": "D1", "status": "proposed"}
    accepted = mission(tmp_path, "decision", "accept", "D1", "--reason", "measured")
    assert accepted.stdout == b"D1 is accepted.\n"
    answer(tmp_path, "decision", "record", "Use Postgres", "--supersedes", "D1")
    lines = {each["id"]: each for each in answer(tmp_path, "decision", "list")}
    assert (lines["D1"]["status"], lines["D1"]["superseded_by"]) == ("superseded", "D2")
    refused = mission(tmp_path, "decision", "supersede", "D2", "--by", "D1")
    assert refused.returncode == 2
    assert b"D1 \xe2\x86\x92 D2" in refused.stderr
    shown = mission(tmp_path, "decision", "show", "d1").stdout.decode()
    assert "gives up" in shown


def test_an_import_is_a_trial_first_and_the_same_files_change_nothing(tmp_path: Path) -> None:
    home, repository = tmp_path / "home", tmp_path / "repository"
    records = repository / "docs" / "adr"
    records.mkdir(parents=True)
    (records / "0001-use-toml.md").write_text(ADR + "\n## Odd\n\nText.\n")
    tried = mission(home, "decision", "import", str(repository))
    assert b"line 13: the section 'Odd' was not understood" in tried.stdout
    assert b"Nothing was changed" in tried.stderr
    assert answer(home, "decision", "list") == []
    (records / "0002-picture.md").write_bytes(b"\x89PNG\0")
    tried = mission(home, "decision", "import", str(repository))
    assert (tried.returncode, b"1 of 2 files could not be read" in tried.stderr) == (1, True)
    assert b"unread     docs/adr/0002-picture.md: it is no text" in tried.stdout
    mission(home, "decision", "import", str(repository), "--apply")
    assert len(answer(home, "decision", "list")) == 1
    (records / "0002-picture.md").unlink()
    again = answer(home, "decision", "import", str(repository), "--apply")
    assert [line["verdict"] for line in again["lines"]] == ["unchanged"]


def test_what_is_exported_gives_the_same_log_in_another_home(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    answer(one, "decision", "record", "Use SQLite", "--choice", "SQLite", "--accepted")
    answer(one, "decision", "record", "Use Postgres", "--supersedes", "D1", "--file", "src/a.py")
    answer(one, "decision", "export", "--output", str(tmp_path / "a"))
    answer(other, "decision", "import", str(tmp_path / "a"), "--apply")
    answer(other, "decision", "export", "--output", str(tmp_path / "b"))
    files = {each.name: each.read_text() for each in (tmp_path / "a").iterdir()}
    assert files == {each.name: each.read_text() for each in (tmp_path / "b").iterdir()}
    assert sorted(files) == ["0001-use-sqlite.md", "0002-use-postgres.md"]
    (tmp_path / "b" / "0001-use-sqlite.md").write_text("mine")
    refused = mission(other, "decision", "export", "--output", str(tmp_path / "b"))
    assert refused.returncode == 2
    assert (tmp_path / "b" / "0001-use-sqlite.md").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("decision", "accept", "D9"), b"no decision 'D9'"),
        (("decision", "link", "D9"), b"nothing to link"),
        (("decision", "record", " "), b"title is empty"),
        (("decision", "import", "nowhere"), b"can't be read"),
        (("template", "show", "nothing"), b"no template 'nothing'"),
        (("plan", "--repo", ".", "--template", "removal"), b"needs an answer to 'part'"),
        (
            ("plan", "--repo", ".", "--answer", "a=b"),
            b"without a template it is the number of a question",
        ),
        (("plan", "x", "--repo", ".", "--template", "removal"), b"two goals"),
    ],
)
def test_what_does_not_fit_is_refused(
    tmp_path: Path, arguments: tuple[str, ...], message: bytes
) -> None:
    done = mission(tmp_path, *arguments)
    assert done.returncode != 0
    assert message in done.stderr


def test_templates_are_listed_and_shown(tmp_path: Path) -> None:
    keys = [each["key"] for each in answer(tmp_path, "template", "list")]
    assert keys == sorted(keys)
    assert len(keys) == 14
    shown = mission(tmp_path, "template", "show", "security-review").stdout.decode()
    assert "attacker (one of these)" in shown
    assert "--template security-review --answer part=…" in shown
