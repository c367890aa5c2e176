"""What the tree reads, how it classifies it, and what it leaves out by name."""

import os
from pathlib import Path

import pytest

from missioncontrol.domain.errors import NotFound, Unavailable
from missioncontrol.specialists.git import git, git_part, head_commit, is_repository
from missioncontrol.specialists.tree import Tree, read_tree
from tests.specialists.sample_repository import SampleRepository


@pytest.fixture
def repository(tmp_path: Path) -> SampleRepository:
    return SampleRepository(tmp_path / "project")


def reasons(tree: Tree) -> dict[str, str]:
    return {item.path: item.reason for item in tree.left_out}


def kinds(tree: Tree) -> dict[str, str]:
    return {file.path: file.kind for file in tree.files}


def test_tracked_and_new_files_are_read_and_ignored_ones_are_not(
    repository: SampleRepository,
) -> None:
    repository.put("app.py", "print()\n")
    repository.put(".gitignore", "*.log\n")
    repository.commit("Begin")
    repository.put("new.py", "x = 1\ny = 2")
    repository.put("noise.log", "noise")
    tree = read_tree(repository.root)
    assert [file.path for file in tree.files] == [".gitignore", "app.py", "new.py"]
    assert [file.lines for file in tree.files] == [1, 1, 2]
    assert tree.commit == repository.git("rev-parse", "HEAD").strip()


def test_without_git_every_gitignore_on_the_way_is_honoured(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    for path, text in {
        ".gitignore": "*.tmp\nbuild/\n",
        "a.py": "",
        "a.tmp": "",
        "build/out.py": "",
        "sub/.gitignore": "!keep.tmp\nlocal.py\n",
        "sub/keep.tmp": "",
        "sub/local.py": "",
        "node_modules/x/index.js": "",
        "env/pyvenv.cfg": "",
        "env/lib.py": "",
    }.items():
        target = plain / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    tree = read_tree(plain)
    assert not tree.is_git
    assert tree.commit == ""
    assert set(kinds(tree)) == {".gitignore", "a.py", "sub/.gitignore", "sub/keep.tmp"}
    assert reasons(tree) == {
        "env": "a virtual environment",
        "node_modules": "a directory of caches or installed packages",
    }


def test_links_are_left_out_with_where_they_lead(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (plain / "inside.py").write_text("")
    (plain / "to_inside").symlink_to("inside.py")
    (plain / "out").symlink_to(tmp_path / "secret.txt")
    (plain / "loop").symlink_to("loop")
    (plain / "gone").symlink_to("nowhere")
    (plain / "up").symlink_to("..")
    tree = read_tree(plain)
    assert set(kinds(tree)) == {"inside.py"}
    assert reasons(tree) == {
        "gone": "a symbolic link to nothing",
        "loop": "a symbolic link that leads to itself",
        "out": "a symbolic link out of the repository",
        "to_inside": "a symbolic link inside the repository",
        "up": "a symbolic link out of the repository",
    }


def test_a_tracked_path_behind_a_link_is_not_followed(
    repository: SampleRepository, tmp_path: Path
) -> None:
    repository.put("folder/file.txt", "inside")
    repository.commit("Begin")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file.txt").write_text("secret")
    (repository.root / "folder/file.txt").unlink()
    (repository.root / "folder").rmdir()
    (repository.root / "folder").symlink_to(outside)
    tree = read_tree(repository.root)
    assert reasons(tree)["folder/file.txt"] == "it lies behind a symbolic link"
    assert tree.text("folder/file.txt") is None


def test_huge_missing_and_special_files_are_named(repository: SampleRepository) -> None:
    repository.put("huge.bin", b"x" * (5 * 1024 * 1024))
    repository.put("gone.py", "")
    repository.commit("Begin")
    (repository.root / "gone.py").unlink()
    os.mkfifo(repository.root / "pipe")
    tree = read_tree(repository.root)
    assert tree.files == ()
    excluded = reasons(tree)
    assert excluded["huge.bin"] == "larger than 4.0 MB (5.0 MB)"
    assert excluded["gone.py"] == "git tracks it, but it is not on disk"


def test_a_submodule_is_known_whether_or_not_it_is_checked_out(
    repository: SampleRepository, tmp_path: Path
) -> None:
    library = SampleRepository(tmp_path / "library")
    library.put("lib.py", "")
    library.commit("Begin")
    repository.git(
        *("-c", "protocol.file.allow=always", "submodule", "--quiet", "add"),
        *(str(library.root), "there"),
    )
    repository.git("update-index", "--add", "--cacheinfo", "160000", "1" * 40, "absent")
    tree = read_tree(repository.root)
    assert [(item.path, item.is_checked_out) for item in tree.submodules] == [
        ("absent", False),
        ("there", True),
    ]
    assert reasons(tree) == {
        "absent": "a submodule that is not checked out",
        "there": "a submodule: a repository of its own",
    }


def test_limits_are_kept_and_what_lies_beyond_is_counted(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number:02}.txt").write_text("x" * 100)
    tree = read_tree(tmp_path, files_max=10)
    assert len(tree.files) == 10
    assert tree.left_out_count == 20
    few = read_tree(tmp_path, bytes_max=550)
    assert len(few.files) == 5
    assert few.left_out_count == 25


def test_odd_encodings_become_text_with_plain_line_ends(tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9\r\nend")
    (tmp_path / "wide.txt").write_bytes("größe\r".encode("utf-16"))
    (tmp_path / "marked.py").write_bytes(b"\xef\xbb\xbfx = 1\n")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\0\0")
    tree = read_tree(tmp_path)
    assert tree.text("latin.txt") == "café\nend"
    assert tree.text("wide.txt") == "größe\n"
    assert tree.text("marked.py") == "x = 1\n"
    assert tree.text("picture.png") is None
    assert tree.text("../secret") is None
    assert kinds(tree)["picture.png"] == "binary"


def test_a_name_that_is_not_utf8_is_left_out_by_name(repository: SampleRepository) -> None:
    target = os.path.join(os.fsencode(repository.root), b"caf\xe9.txt")  # noqa: PTH118 - bytes
    with open(target, "wb"):  # noqa: PTH123 - bytes
        pass
    (found,) = read_tree(repository.root).left_out
    assert found.path == "caf\ufffd.txt"
    assert found.reason == "its name is not valid UTF-8"


def test_kinds_follow_from_paths_and_contents(tmp_path: Path) -> None:
    expected = {
        "src/app.py": ("code", "x = 1"),
        "src/made.py": ("generated", "# Code generated by protoc. DO NOT EDIT.\n"),
        "src/testing/desk.py": ("code", "x = 1"),
        "tests/test_app.py": ("test", "x = 1"),
        "web/button.test.ts": ("test", "x"),
        "third_party/lib.c": ("vendored", "x"),
        "uv.lock": ("generated", "x"),
        "pyproject.toml": ("configuration", "x"),
        "package.json": ("configuration", "{}"),
        "data/cities.json": ("data", "{}"),
        "docs/index.rst": ("document", "x"),
        "LICENSE": ("document", "x"),
        "bin/run": ("code", "#!/usr/bin/env python3\n"),
        "lib.egg-info/requires.txt": ("generated", "x"),
        "doc/api.html": ("generated", '<html><link href="_static/pygments.css"></html>'),
        "templates/page.html": ("code", "<html>{{ page }}</html>"),
    }
    for path, (_, text) in expected.items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    assert kinds(read_tree(tmp_path)) == {path: kind for path, (kind, _) in expected.items()}


def test_an_ignored_directory_inside_a_repository_can_be_read_itself(
    repository: SampleRepository,
) -> None:
    repository.put(".gitignore", "inner/\n")
    repository.put("inner/a.py", "x = 1\n")
    repository.commit("Begin")
    tree = read_tree(repository.root / "inner")
    assert list(kinds(tree)) == ["a.py"]
    assert not tree.is_git


def test_a_directory_inside_a_repository_has_paths_relative_to_itself(
    repository: SampleRepository,
) -> None:
    repository.put("outer.py", "")
    repository.put("inner/a.py", "")
    repository.commit("Begin")
    inner = repository.root / "inner"
    assert list(kinds(read_tree(inner))) == ["a.py"]
    assert is_repository(inner)
    assert head_commit(inner) == head_commit(repository.root)


def test_an_empty_repository_has_no_files_and_no_commit(repository: SampleRepository) -> None:
    tree = read_tree(repository.root)
    assert (tree.files, tree.left_out, tree.commit, tree.is_git) == ((), (), "", True)


def test_a_missing_directory_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        read_tree(tmp_path / "nowhere")


def test_programs_named_by_the_repository_are_not_started(repository: SampleRepository) -> None:
    repository.put("a.txt", "one\n")
    repository.put(".gitattributes", "*.txt diff=evil filter=evil\n")
    repository.commit("Begin")
    mark = repository.root / "started"
    for name in (
        *("core.fsmonitor", "core.pager", "diff.external", "diff.evil.textconv"),
        *("diff.evil.command", "core.sshCommand", "gpg.program"),
    ):
        repository.git("config", name, f"touch {mark}; true")
    repository.git("config", "log.showSignature", "true")
    hook = repository.root / ".git/hooks/post-index-change"
    hook.write_text(f"#!/bin/sh\ntouch {mark}\n")
    hook.chmod(0o755)
    tree = read_tree(repository.root)
    git(repository.root, "log", "-p")
    assert not mark.exists()
    assert len(tree.files) == 2


def test_a_work_tree_set_elsewhere_is_not_taken_for_this_one(
    repository: SampleRepository, tmp_path: Path
) -> None:
    repository.git("config", "core.worktree", str(tmp_path / "elsewhere"))
    (tmp_path / "elsewhere").mkdir()
    assert not is_repository(repository.root)


def test_settings_of_a_surrounding_git_command_do_not_leak_in(
    repository: SampleRepository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    repository.put("a.py", "")
    repository.commit("Begin")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "wrong"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "wrong-index"))
    assert list(kinds(read_tree(repository.root))) == ["a.py"]


def test_output_beyond_the_limit_is_cut_or_refused(repository: SampleRepository) -> None:
    for number in range(50):
        repository.put(f"file{number}.txt", "")
    repository.commit("Begin")
    part = git_part(repository.root, "ls-files", "-z", bytes_max=20)
    assert len(part.text) == 20
    assert "more than 20 bytes" in part.cut
    with pytest.raises(Unavailable, match="more than 20 bytes"):
        git(repository.root, "ls-files", "-z", bytes_max=20)


def test_a_git_command_that_fails_says_why(repository: SampleRepository) -> None:
    with pytest.raises(Unavailable, match="status 128"):
        git(repository.root, "rev-parse", "nothing-here")


def test_reading_twice_gives_the_same_answer(repository: SampleRepository) -> None:
    for name in ("b.py", "a.py", "sub/c.md", "B.py"):
        repository.put(name, name)
    repository.commit("Begin")
    once, again = read_tree(repository.root), read_tree(repository.root)
    assert once == again
    assert [file.path for file in once.files] == ["B.py", "a.py", "b.py", "sub/c.md"]


def test_what_was_compiled_from_a_source_beside_it_is_generated(tmp_path: Path) -> None:
    expected = {
        "src/v3/types.ts": "code",
        "v3/types.js": "generated",
        "v3/types.d.cts": "generated",
        "dist/v3/types.mjs": "generated",
        "packages/core/src/index.ts": "code",
        "packages/core/lib/index.js": "generated",
        "lib/index.js": "code",
        "src/legacy.js": "code",
        "legacy.js": "code",
        "globals.d.ts": "code",
    }
    for path in expected:
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("export const x = 1\n")
    assert kinds(read_tree(tmp_path)) == expected
