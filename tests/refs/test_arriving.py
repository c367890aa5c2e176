"""Commits of other machines: accepted in whole under a ref of ours, or not at all."""

import subprocess
import zlib
from hashlib import sha1
from pathlib import Path

import pytest

from missioncontrol.domain.errors import Rejected, Unavailable
from missioncontrol.refs import transfer as module
from missioncontrol.refs.transfer import import_commit, pack_commit
from tests.agents.repositories import everything, git, repository
from tests.refs.small_disk import small_disk
from tests.specialists.changes import kept

REF = "refs/mission/kept/run-1/build-1"


@pytest.fixture
def here(tmp_path: Path) -> Path:
    return repository(tmp_path / "here", {"a.txt": "a\n" * 500, "b.txt": "b\n"})


@pytest.fixture
def there(here: Path, tmp_path: Path) -> Path:
    git(tmp_path, "clone", "-q", str(here), "there")
    return tmp_path / "there"


def test_a_commit_arrives_with_its_very_files_and_only_once(here: Path, there: Path) -> None:
    (here / "a.txt").write_text("half done\n")
    commit = kept(there, {"a.txt": "a\n" * 400, "c/new.bin": bytes(range(256))})
    base = git(here, "rev-parse", "HEAD")
    pack = pack_commit(there, commit, base)
    assert len(pack) < 1_000
    before = git(here, "status", "--porcelain")
    assert import_commit(here, pack, commit, base, REF) == REF
    tree = f"{commit}^{{tree}}"
    assert git(here, "rev-parse", tree) == git(there, "rev-parse", tree)
    assert git(here, "rev-parse", REF) == commit
    assert git(here, "status", "--porcelain") == before
    git(here, "fsck", "--strict")
    assert import_commit(here, b"", commit, base, REF) == REF  # It is here; nothing is unpacked.
    other = kept(there, {"b.txt": "B\n"}, name="two")
    assert import_commit(here, pack_commit(there, other, base), other, "", REF) == f"{REF}.2"
    assert git(here, "for-each-ref", "--format=%(refname)", "refs/mission").split() == [
        REF,
        f"{REF}.2",
    ]


def test_a_disk_that_is_full_leaves_all_as_it_was(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small") as disk:
        here = repository(disk.path / "here", {"b.txt": "b\n"})
        git(tmp_path, "clone", "-q", str(here), "there")
        commit = kept(tmp_path / "there", {"b.txt": "B\n"})
        base = git(here, "rev-parse", "HEAD")
        pack = pack_commit(tmp_path / "there", commit, base)
        disk.fill()
        before = everything(here)
        with pytest.raises(Unavailable) as no:
            import_commit(here, pack, commit, base, REF)
        assert no.value.code == "refs.not_pushed"
        disk.free()
        assert everything(here) == before
        assert import_commit(here, pack, commit, base, REF) == REF


def _object(root: Path, kind: str, content: bytes) -> str:
    """Write an object as it is: git itself would refuse some."""
    whole = b"%b %d\0%b" % (kind.encode(), len(content), content)
    name = sha1(whole, usedforsecurity=False).hexdigest()
    file = root / ".git/objects" / name[:2] / name[2:]
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(zlib.compress(whole))
    return name


def _of(root: Path, tree: str, *parents: str) -> str:
    lines = [f"tree {tree}", *(f"parent {each}" for each in parents)]
    who = "Eve <eve@example.org> 1700000000 +0000"
    text = "\n".join([*lines, f"author {who}", f"committer {who}", "", "Hm\n"])
    return _object(root, "commit", text.encode())


@pytest.mark.parametrize(
    "kind",
    ["into .git", "up", "no base", "two parents", "root", "cut", "noise", "not sent", "a tree"],
)
def test_what_is_no_sound_commit_on_the_base_writes_nothing(
    here: Path, there: Path, kind: str
) -> None:
    base, want = git(here, "rev-parse", "HEAD"), ""
    blob = _object(there, "blob", b"#!/bin/sh\n")
    tree = git(there, "rev-parse", "HEAD^{tree}")
    name = {"into .git": b".git", "up": b".."}.get(kind, b"c.txt")
    own = _object(there, "tree", b"100644 %b\0%b" % (name, bytes.fromhex(blob)))
    commit = _of(there, own, base)
    if kind == "no base":
        commit = _of(there, own, _of(there, tree, base))
    elif kind == "two parents":
        commit = _of(there, own, base, _of(there, tree, base))
    elif kind == "root":
        commit = _of(there, own)
    asked = ["git", "-C", str(there), "pack-objects", "--stdout", "-q"]
    ids = {"not sent": [commit, own]}.get(kind, [commit, own, blob])
    pack = subprocess.run(
        asked, input="\n".join(ids).encode(), capture_output=True, check=True
    ).stdout
    pack = {"cut": pack[:-30], "noise": b"PACK" + bytes(60)}.get(kind, pack)
    want = own if kind == "a tree" else commit
    before = everything(here)
    with pytest.raises(Rejected) as no:
        import_commit(here, pack, want, base, REF)
    assert no.value.code == "refs.bad_commit"
    assert everything(here) == before


def test_only_our_refs_are_written_and_only_so_much_travels(
    here: Path, there: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, base = kept(there, {"b.txt": "B\n"}), git(here, "rev-parse", "HEAD")
    pack, before = pack_commit(there, commit, base), everything(here)
    with pytest.raises(Rejected) as no:
        import_commit(here, pack, commit, base, "refs/heads/main2")
    assert no.value.code == "refs.not_ours"
    with pytest.raises(Rejected) as no:
        import_commit(here, pack, "--upload-pack=x", base, REF)
    assert no.value.code == "refs.bad_commit"
    monkeypatch.setattr(module, "PACK_BYTES_MAX", 50)
    for refused in (
        lambda: pack_commit(there, commit, base),
        lambda: import_commit(here, pack, commit, base, REF),
    ):
        with pytest.raises(Rejected) as no:
            refused()
        assert no.value.code == "refs.too_large"
    assert everything(here) == before
