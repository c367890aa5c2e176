"""Scenario files: what is wrong is named once, and a snapshot is the same commit everywhere."""

import asyncio
import json
import subprocess
import tarfile
import tomllib
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest

from missioncontrol.adapters import snapshots
from missioncontrol.cli.scenarios import scenarios_of, shipped
from missioncontrol.domain.errors import MissionControlError, Rejected
from missioncontrol.evaluation.scenario import Scenario, differing, played
from missioncontrol.evaluation.scenario_files import scenario_of, scenario_schema
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.ports.trials import File
from tests.agents.repositories import git

KEPT = Path(__file__).parents[2] / "docs/reference/scenario.schema.json"
TEXT = """
id = "fix"
title = "Fix it"
language = "python"
task = "Do it."
forbidden = ["tests/"]
[files]
"a.py" = "x\\n"
"run.sh" = "#!/bin/sh\\n"
[[check]]
name = "it is done"
run = ["grep", "-q", "y", "a.py"]
"""


def read(text: str) -> Scenario:
    return scenario_of(text, "fix.toml", lambda name: {})


def written(root: Path, text: str = TEXT) -> Path:
    root.mkdir(exist_ok=True)
    (root / "scenario.toml").write_text(text)
    return root


def found(*names: Path | str) -> list[Scenario]:
    return asyncio.run(scenarios_of([str(name) for name in names]))


def test_a_scenario_is_read_with_what_usually_holds() -> None:
    spec = read(TEXT)
    assert (spec.task, spec.checks[0].seconds_max, spec.checks[0].passes_before) == (
        "Do it.\n",
        60.0,
        False,
    )
    assert (spec.caps.seconds, spec.caps.quiet_seconds, spec.caps.tokens) == (600.0, 120.0, None)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('id = "fix"', "id = ", "it is no TOML"),
        ('id = "fix"', "", "missing required field `id`"),
        ('id = "fix"', 'id = "Fix it"', r"matching regex.*\$\.id"),
        ('id = "fix"', 'id = "fix"\nname = "x"', "unknown field `name`"),
        ('task = "Do it."', 'task = ""', r"length >= 1.*\$\.task"),
        ('[[check]]\nname = "it is done"\nrun = ["grep", "-q", "y", "a.py"]', "", "`check`"),
        ('["grep", "-q", "y", "a.py"]', "[]", r"length >= 1.*check\[0\]\.run"),
        ('["grep", "-q", "y", "a.py"]', '"grep y"', r"array.*check\[0\]\.run"),
        ("name = ", 'before = "never"\nname = ', r"never.*check\[0\]\.before"),
        ("name = ", 'before = "passes"\nname = ', "every check passes before"),
        ("name = ", 'time = "soon"\nname = ', r"check\[0\]\.time is 'soon'. Write a duration"),
        ("name = ", "time = -1\nname = ", r"check\[0\]\.time is -1"),
        ("[[check]]", "[caps]\ntime = 0\n[[check]]", r"caps\.time is 0"),
        ("[[check]]", '[caps]\ncost = "dear"\n[[check]]', r"caps\.cost"),
        ("[[check]]", '[caps]\ncost = "0"\n[[check]]', "nothing at all"),
        ("[[check]]", "[caps]\ntokens = 0\n[[check]]", r"caps\.tokens"),
        ('forbidden = ["tests/"]', "", "could pass by changing what checks it"),
        ('forbidden = ["tests/"]', 'forbidden = ["/"]', "'/' is no pattern"),
        ('forbidden = ["tests/"]', 'forbidden = ["x"]\nexecutable = ["b"]', "names 'b'"),
        ('"a.py" = "x\\n"', '"../a.py" = "x"', "'../a.py' is no plain relative path"),
        ('"a.py" = "x\\n"', '"/a.py" = "x"', "no plain relative path"),
        ('"a.py" = "x\\n"', '"a//b.py" = "x"', "no plain relative path"),
        ('"a.py" = "x\\n"', '"" = "x"', "no plain relative path"),
        ('"a.py" = "x\\n"', '".GIT/hooks/x" = "x"', "lies in .git"),
        ('"a.py" = "x\\n"', '"run.sh/a" = "x"', "both a file and a directory"),
        ('"a.py" = "x\\n"\n"run.sh" = "#!/bin/sh\\n"', "", "no files to begin with"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(old: str, new: str, fault: str) -> None:
    assert old in TEXT
    with pytest.raises(Rejected, match=fault) as refused:
        read(TEXT.replace(old, new))
    assert str(refused.value).startswith("fix.toml: ")
    assert "\n" not in refused.value.reason


def test_two_checks_of_a_name_are_refused() -> None:
    check = TEXT[TEXT.index("[[check]]") :]
    with pytest.raises(Rejected, match="two checks are called 'it is done'"):
        read(TEXT + check)


def test_the_schema_is_the_published_one_and_holds_for_what_ships() -> None:
    schema = json.loads(json.dumps(scenario_schema()))
    assert json.loads(KEPT.read_text()) == schema
    for text in shipped().values():
        jsonschema.validate(tomllib.loads(text), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**tomllib.loads(TEXT), "name": "x"}, schema)


def test_eleven_scenarios_ship_of_more_than_one_language() -> None:
    every = found()
    assert len(every) >= 8
    assert len({each.language for each in every}) >= 3
    assert [each.id for each in every] == sorted(shipped())


def test_names_that_mean_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MissionControlError, match="no scenario 'nope'"):
        found("nope")
    with pytest.raises(Rejected, match="named twice"):
        found("fix-rounding", "fix-rounding")
    (tmp_path / "a.toml").write_bytes(b"\xff")
    with pytest.raises(Rejected, match="no UTF-8"):
        found(tmp_path / "a.toml")


FILES = {
    "src/a.py": File(b"print(1)\n"),
    "run.sh": File(b"#!/bin/sh\n", is_executable=True),
    "link": File(b"src/a.py", is_link=True),
    "name with\ttab \xe9": File(b"\x00\xff\r\n"),
    "ignored.log": File(b"kept all the same\n"),
    ".gitignore": File(b"*.log\n"),
}


def commit_of(files: dict[str, File], place: Path) -> str:
    return asyncio.run(snapshots.repository(files, place))


def test_a_snapshot_is_the_same_commit_whatever_it_was_read_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = commit_of(FILES, tmp_path / "one")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Somebody")
    monkeypatch.setenv("GIT_DEFAULT_HASH", "sha256")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    config = tmp_path / "config"
    config.write_text("[core]\n\tautocrlf = true\n[user]\n\tname = Else\n[commit]\n\tgpgSign = 1\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".gitconfig").write_text(config.read_text())
    folder = tmp_path / "there"
    made = folder / "repository"
    made.mkdir(parents=True)
    snapshots.lay(FILES, made)
    with tarfile.open(folder / "all.tar.gz", "w:gz") as archive:
        archive.add(made, ".")
    git(tmp_path / "one", "bundle", "create", "-q", str(folder / "all.bundle"), "HEAD")
    for number, name in enumerate(("repository", "all.tar.gz", "all.bundle")):
        files = dict(asyncio.run(snapshots.brought(folder, name)))
        assert files == FILES, name
        assert commit_of(files, tmp_path / f"again{number}") == commit, name
    assert commit == "0dc992fdb3ba4b749b470a040edefe952c6a4b83"


def test_what_is_no_snapshot_is_refused(tmp_path: Path) -> None:
    (tmp_path / "odd.tar").write_bytes(b"no tar")
    (tmp_path / "odd.bundle").write_bytes(b"no bundle")
    (tmp_path / "pipes").mkdir()
    subprocess.run(["mkfifo", tmp_path / "pipes/p"], check=True)
    with tarfile.open(tmp_path / "hard.tar", "w") as archive:
        info = tarfile.TarInfo("b")
        info.type, info.linkname = tarfile.LNKTYPE, "/etc/passwd"
        archive.addfile(info)
    with tarfile.open(tmp_path / "out.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo("../../out"))
    refused = {
        "none": "There is no 'none'",
        "../x": "does not lie beside",
        "/etc": "does not lie beside",
        "odd.tar": "can't be read",
        "odd.bundle": "bundle",
        "pipes": "'p' in it is no file",
        "hard.tar": "'b' in it is no file",
        "out.tar": "no plain relative path",
    }
    head, inline, rest = TEXT.partition("[files]")
    for name, fault in refused.items():
        text = f'{head}snapshot = "{name}"\n{inline}{rest}'
        with pytest.raises(Rejected, match=fault):
            found(written(tmp_path / "s" if name == "none" else tmp_path, text))


def test_a_scenario_in_a_directory_brings_what_lies_beside_it(tmp_path: Path) -> None:
    root = written(
        tmp_path / "s",
        TEXT.replace("[files]", 'snapshot = "repository"\nhidden = "held"\n[files]'),
    )
    for name, text in {"repository/a.py": "old\n", "repository/b.py": "b\n", "held/c": "c"}.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    [scenario] = found(root)
    assert {name: file.content for name, file in scenario.files.items()} == {
        "a.py": b"x\n",
        "b.py": b"b\n",
        "run.sh": b"#!/bin/sh\n",
    }
    assert list(scenario.hidden) == ["c"]


def test_digests_tell_what_differs() -> None:
    one = played(read(TEXT), "c0ffee")
    changes = {
        "Do it.": ("the task", "Do it!"),
        '"-q", "y"': ("the checks", '"-q", "z"'),
        '["tests/"]': ("the checks", '["test/"]'),
        "[[check]]": ("the caps", "[caps]\ntokens = 5\n[[check]]"),
    }
    for old, (part, new) in changes.items():
        other = played(read(TEXT.replace(old, new)), "c0ffee")
        assert other.digest != one.digest
        assert differing(one, other) == [part]
    assert differing(one, played(read(TEXT), "f00d")) == ["the snapshot"]
    assert played(read(TEXT), "c0ffee") == one


def test_nothing_is_laid_through_a_link_or_over_a_directory(tmp_path: Path) -> None:
    place, outside = tmp_path / "place", tmp_path / "outside"
    (place / "way/to").mkdir(parents=True)
    outside.mkdir()
    (place / "held").symlink_to(outside)
    (place / "deep").write_text("a file")
    (place / "link").symlink_to(outside / "victim")
    files = {name: File(b"x") for name in ("held/a", "deep/er/b", "link", "way/to")}
    snapshots.lay(files, place)
    assert list(outside.iterdir()) == []
    assert all((place / name).read_bytes() == b"x" for name in files)
    assert not (place / "link").is_symlink()


def test_a_patch_that_does_not_fit_or_reaches_out_is_refused(tmp_path: Path) -> None:
    files = {"a": File(b"1\n")}
    commit = commit_of(files, tmp_path / "one")
    for number, patch in enumerate(
        (
            b"--- a/a\n+++ b/a\n@@ -1 +1 @@\n-2\n+3\n",
            b"--- /dev/null\n+++ b/../../out\n@@ -0,0 +1 @@\n+x\n",
            b"--- /dev/null\n+++ b/.git/hooks/post-checkout\n@@ -0,0 +1 @@\n+x\n",
        )
    ):
        with pytest.raises(AttemptFailed):
            asyncio.run(snapshots.with_patch(files, commit, patch, tmp_path / f"p{number}"))
    with pytest.raises(AttemptFailed, match="became commit"):
        asyncio.run(snapshots.with_patch(files, "0" * 40, b"", tmp_path / "other"))
    assert not (tmp_path / "out").exists()
