"""What every artifact store promises."""

import hashlib
from pathlib import Path

import pytest

from missioncontrol.adapters.artifact_stores.folder import FolderArtifactStore
from missioncontrol.adapters.artifact_stores.memory import MemoryArtifactStore
from missioncontrol.domain.errors import Corrupt, NotFound
from missioncontrol.ports.artifact_store import ArtifactStore

KEEPERS = ["folder", "memory"]
ABSENT = "0" * 64


@pytest.fixture(params=KEEPERS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    if request.param == "memory":
        return MemoryArtifactStore()
    return FolderArtifactStore(tmp_path / "artifacts")


@pytest.fixture
def folder(tmp_path: Path) -> FolderArtifactStore:
    return FolderArtifactStore(tmp_path / "artifacts")


@pytest.mark.parametrize("content", [b"", b"a", bytes(range(256)) * 5_000], ids=len)
def test_bytes_come_back_under_their_digest(store: ArtifactStore, content: bytes) -> None:
    digest = store.put(content)
    assert digest == hashlib.sha256(content).hexdigest()
    assert store.get(digest) == content


def test_programs_find_the_bytes_in_a_file(folder: FolderArtifactStore) -> None:
    assert folder.path(folder.put(b"words")).read_bytes() == b"words"


def test_the_same_bytes_are_kept_once(folder: FolderArtifactStore) -> None:
    first = folder.path(folder.put(b"same"))
    inode = first.stat().st_ino
    assert folder.path(folder.put(b"same")).stat().st_ino == inode


def test_what_was_never_kept_is_not_found(store: ArtifactStore) -> None:
    with pytest.raises(NotFound) as no:
        store.get(ABSENT)
    assert no.value.code == "artifact.unknown"
    assert ABSENT in no.value.reason


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "AB" * 32, "0" * 63, "é" * 64])
def test_what_is_no_digest_leads_nowhere(store: ArtifactStore, digest: str) -> None:
    for look in (store.get, store.path):
        with pytest.raises(NotFound):
            look(digest)


def test_bytes_that_changed_are_not_handed_out(folder: FolderArtifactStore) -> None:
    path = folder.path(folder.put(b"whole"))
    path.chmod(0o644)
    path.write_bytes(b"whale")
    with pytest.raises(Corrupt) as no:
        folder.get(hashlib.sha256(b"whole").hexdigest())
    assert no.value.code == "artifact.corrupt"


def test_bytes_that_were_cut_off_are_kept_anew(folder: FolderArtifactStore) -> None:
    path = folder.path(folder.put(b"whole"))
    path.chmod(0o644)
    path.write_bytes(b"who")
    assert folder.get(folder.put(b"whole")) == b"whole"


def test_bytes_that_changed_are_kept_anew(folder: FolderArtifactStore) -> None:
    path = folder.path(folder.put(b"whole"))
    path.chmod(0o644)
    path.write_bytes(b"whale")
    assert folder.get(folder.put(b"whole")) == b"whole"


def test_a_kept_file_is_read_only_and_no_draft_stays(tmp_path: Path) -> None:
    store = FolderArtifactStore(tmp_path)
    path = store.path(store.put(b"whole"))
    assert path.stat().st_mode & 0o222 == 0
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == [path]


def test_a_write_that_fails_leaves_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("missioncontrol.adapters.artifact_stores.folder.os.fsync", full)
    store = FolderArtifactStore(tmp_path)
    with pytest.raises(OSError, match="No space"):
        store.put(b"whole")
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []
