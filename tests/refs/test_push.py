"""Moving one ref of ours in a real repository: all or nothing, and nothing else of it changes."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from missioncontrol.domain.errors import Conflict, MissionControlError, Rejected, Unavailable
from missioncontrol.refs import push
from missioncontrol.refs.names import as_file_name, attempt_ref
from tests.agents.repositories import everything, git, repository

REF = "refs/mission/kept/run-1/build-1"


def borrowing(root: Path, source: Path, name: str = "own.git") -> Path:
    """Return a small repository that finds the objects of `source`."""
    own = root / name
    git(root, "init", "-q", "--bare", str(own))
    objects = Path(git(source, "rev-parse", "--git-common-dir"))
    shared = (source / objects).resolve()
    (own / "objects/info/alternates").write_text(f"{shared / 'objects'}\n")
    if (shared / "shallow").exists():
        (own / "shallow").write_bytes((shared / "shallow").read_bytes())
    return own


def commit(own: Path, parent: str, text: str) -> str:
    """Return a commit on `parent` that holds one more file, which only `own` has."""
    blob = git(own, "hash-object", "-w", "--stdin", stdin=text.encode())
    listed = git(own, "ls-tree", parent) if parent else ""
    lines = [line for line in (*listed.splitlines(), f"100644 blob {blob}\tnew.txt") if line]
    tree = git(own, "mktree", stdin="\n".join(lines).encode() + b"\n")
    return git(own, "commit-tree", tree, *(["-p", parent] if parent else []), "-m", text)


def refs(source: Path) -> dict[str, str]:
    lines = git(source, "for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    return dict(line.split(" ", 1) for line in lines)


def test_a_ref_is_made_moved_and_removed_only_from_what_it_was(tmp_path: Path) -> None:
    source = repository(tmp_path / "r")
    own, head = borrowing(tmp_path, source), git(source, "rev-parse", "HEAD")
    first, second = commit(own, head, "one"), commit(own, head, "two")
    push(source, own, first, REF, "")
    assert refs(source)[REF] == first
    for expected in ("", second, head):
        with pytest.raises(Conflict, match=r"points at .* expected"):
            push(source, own, second, REF, expected)
        assert refs(source)[REF] == first
    push(source, own, first, REF, "")  # It is so already: requested twice, done once.
    push(source, own, second, REF, first)
    assert refs(source)[REF] == second
    with pytest.raises(Conflict):
        push(source, own, "", REF, first)
    push(source, own, "", REF, second)
    assert REF not in refs(source)


def test_what_is_kept_survives_the_removal_of_everything_that_no_ref_needs(tmp_path: Path) -> None:
    source = repository(tmp_path / "r")
    own, head = borrowing(tmp_path, source), git(source, "rev-parse", "HEAD")
    made = commit(own, head, "kept")
    push(source, own, made, REF, "")
    git(source, "reflog", "expire", "--expire=now", "--all")
    git(source, "gc", "-q", "--prune=now")
    subprocess.run(["rm", "-rf", str(own)], check=True)
    assert git(source, "show", f"{REF}:new.txt") == "kept"
    git(source, "fsck", "--full", "--strict")


def test_nothing_but_the_ref_and_its_objects_changes_in_a_dirty_checkout(tmp_path: Path) -> None:
    source = repository(tmp_path / "r")
    (source / "README.md").write_text("stashed\n")
    git(source, "stash")
    (source / "README.md").write_text("dirty\n")
    (source / "staged.txt").write_text("staged\n")
    git(source, "add", "staged.txt")
    before = everything(source)
    own = borrowing(tmp_path, source)
    made = commit(own, git(source, "rev-parse", "HEAD"), "x")
    push(source, own, made, REF, "")
    after = everything(source)
    new = {name for name in after if name not in before}
    assert {name: after[name] for name in before} == before
    assert {name for name in new if not name.startswith(".git/objects/")} == {f".git/{REF}"}


def test_hooks_and_programs_of_the_repository_are_not_started(tmp_path: Path) -> None:
    source = repository(tmp_path / "r")
    mark = tmp_path / "started"
    names = ("pre-receive", "update", "post-receive", "post-update", "reference-transaction")
    for name in (*names, "proc-receive", "push-to-checkout", "pre-auto-gc"):
        hook = source / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\necho {name} >> {mark}\nexit 1\n")
        hook.chmod(0o755)
    lent = repository(tmp_path / "lent")
    (source / ".git/objects/info/alternates").write_text(f"{lent / '.git/objects'}\n")
    git(source, "config", "core.alternateRefsCommand", f"touch {mark}; true")
    git(source, "config", "core.fsmonitor", f"touch {mark}")
    git(source, "config", "core.hooksPath", str(source / ".git/hooks"))
    git(source, "config", "receive.denyCurrentBranch", "updateInstead")
    git(source, "config", "receive.denyDeletes", "true")
    own = borrowing(tmp_path, source)
    made = commit(own, git(source, "rev-parse", "main"), "x")
    push(source, own, made, REF, "")
    push(source, own, "", REF, made)
    assert not mark.exists(), mark.read_text()


@pytest.mark.parametrize(
    ("ref", "code"),
    [
        ("refs/heads/main", "refs.not_ours"),
        ("refs/tags/mission/v1", "refs.not_ours"),
        ("HEAD", "refs.not_ours"),
        ("refs/missionary/x", "refs.not_ours"),
        ("refs/heads/mission", "refs.not_ours"),
        ("refs/mission/x:refs/heads/main", "refs.bad_name"),
        ("refs/mission/*", "refs.bad_name"),
        ("refs/mission/../heads/main", "refs.bad_name"),
        ("refs/mission/a\nb", "refs.bad_name"),
        ("refs/mission/.hidden", "refs.bad_name"),
        ("refs/mission/x.lock", "refs.bad_name"),
        ("refs/mission/x/", "refs.bad_name"),
        ("refs/mission/", "refs.bad_name"),
    ],
)
def test_other_refs_are_refused_before_git_is_asked(tmp_path: Path, ref: str, code: str) -> None:
    with pytest.raises(Rejected) as refused:
        push(tmp_path / "nowhere", tmp_path, "0" * 40, ref, "")
    assert refused.value.code == code


def test_a_branch_that_is_checked_out_anywhere_is_not_moved(tmp_path: Path) -> None:
    source = repository(tmp_path / "r")
    head = git(source, "rev-parse", "HEAD")
    git(source, "worktree", "add", "-q", "-b", "mission/main", str(tmp_path / "linked"))
    git(source, "config", "receive.denyCurrentBranch", "updateInstead")
    own = borrowing(tmp_path, source)
    with pytest.raises(Rejected, match="checked out") as refused:
        push(source, own, commit(own, head, "x"), "refs/heads/mission/main", head)
    assert refused.value.code == "refs.checked_out"
    assert refs(source)["refs/heads/mission/main"] == head


def test_a_name_that_stands_for_a_branch_of_somebody_is_refused(tmp_path: Path) -> None:
    source = repository(tmp_path / "r")
    head = git(source, "rev-parse", "HEAD")
    git(source, "branch", "theirs")
    git(source, "symbolic-ref", "refs/heads/mission/x", "refs/heads/theirs")
    own = borrowing(tmp_path, source)
    with pytest.raises(Rejected, match="is a symbolic ref to refs/heads/theirs"):
        push(source, own, commit(own, head, "x"), "refs/heads/mission/x", head)
    assert refs(source)["refs/heads/theirs"] == head


@pytest.mark.parametrize("sort", ["bare", "shallow", "linked", "below", "sha256", "odd:na'me"])
def test_every_sort_of_repository_is_written_to(tmp_path: Path, sort: str) -> None:
    origin = repository(tmp_path / "origin")
    (origin / "two.txt").write_text("2\n")
    (origin / "below").mkdir()
    (origin / "below/x").write_text("x\n")
    git(origin, "add", "-A")
    git(origin, "commit", "-qm", "Second")
    source = origin
    if sort == "bare":
        source = tmp_path / "bare.git"
        git(tmp_path, "clone", "-q", "--bare", str(origin), str(source))
    elif sort == "shallow":
        source = tmp_path / "shallow"
        git(tmp_path, "clone", "-q", "--depth=1", f"file://{origin}", str(source))
    elif sort == "linked":
        source = tmp_path / "linked"
        git(origin, "worktree", "add", "-q", "--detach", str(source))
    elif sort == "below":
        source = origin / "below"
    elif sort == "sha256":
        source = tmp_path / "sha256"
        git(tmp_path, "init", "-q", "--object-format=sha256", str(source))
        git(source, "commit", "-q", "--allow-empty", "-m", "First")
    else:
        source = tmp_path / sort
        git(tmp_path, "clone", "-q", str(origin), str(source))
    own = source / ".git" if sort == "sha256" else borrowing(tmp_path, source)
    made = commit(own, git(source, "rev-parse", "HEAD"), "x")
    push(source, own, made, REF, "")
    assert refs(source)[REF] == made
    git(source, "fsck")


def test_of_two_at_once_one_wins_and_the_other_is_told(tmp_path: Path) -> None:
    source = repository(tmp_path / "r")
    head = git(source, "rev-parse", "HEAD")

    def one(number: int) -> str:
        own = borrowing(tmp_path, source, f"own-{number}.git")
        made = commit(own, head, f"of {number}")
        try:
            push(source, own, made, REF, "")
        except (Conflict, Unavailable):
            return ""
        return made

    with ThreadPoolExecutor(6) as pool:
        won = [made for made in pool.map(one, range(6)) if made]
    assert won == [refs(source)[REF]]


def test_what_is_no_repository_or_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissionControlError, match="not a git repository"):
        push(tmp_path / "empty", tmp_path, "0" * 40, REF, "")
    with pytest.raises(MissionControlError, match="cannot be started"):
        push(tmp_path / "nowhere", tmp_path, "0" * 40, REF, "")
    source = repository(tmp_path / "r")
    own = borrowing(tmp_path, source)
    made = commit(own, git(source, "rev-parse", "HEAD"), "x")
    (source / ".git/refs/mission").write_text("in the way\n")
    with pytest.raises(Unavailable, match="could not be written"):
        push(source, own, made, REF, "")


def test_what_may_not_be_written_to_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = repository(tmp_path / "r")
    monkeypatch.setattr("os.access", lambda path, mode: False)  # As on a disk that is read only.
    with pytest.raises(Rejected, match="can't be written to"):
        push(source, source / ".git", git(source, "rev-parse", "HEAD"), REF, "")


def test_words_of_people_become_names_that_git_takes() -> None:
    assert attempt_ref("run 1/ü", "a..b.lock", 2) == "refs/mission/kept/run-1/a-b-lock-2"
    assert as_file_name("~^:") == "x"
    assert len(as_file_name("long" * 100)) == 60
