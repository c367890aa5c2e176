"""Gets the sources of real packages, once, through the package registry; for tests and measures."""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import platformdirs

PINNED = Path(__file__).with_name("packages.txt")
SECONDS_MAX = 300.0
RELEASED = "2026-01-01T00:00:00+00:00"
"""The time of the only commit of a checkout, so that its id is the same everywhere."""


class SourceMissing(Exception):
    """The registry does not hand a package out."""


def names() -> list[str]:
    """Return the packages that are pinned."""
    return [line.partition("==")[0] for line in PINNED.read_text(encoding="utf-8").splitlines()]


def source(name: str) -> Path:
    """Return the folder of a package's source distribution; it is kept from run to run.

    Nobody writes there.

    Raises:
        SourceMissing: the registry does not hand it out.
    """
    wanted = _wanted(name)
    kept = Path(platformdirs.user_cache_dir("missioncontrol")) / "sources" / _folder(wanted)
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            archive = _downloaded(wanted, Path(folder))
            with tarfile.open(archive) as tar:
                tar.extractall(Path(folder) / "whole", filter="data")
            [inside] = (Path(folder) / "whole").iterdir()
            _moved(inside, kept)
    return kept


def checkout(name: str, where: Path) -> Path:
    """Return a git repository at `where` with the source of a package as its only commit.

    Raises:
        SourceMissing: the registry does not hand it out.
    """
    shutil.copytree(source(name), where, symlinks=True)
    signed = ["-c", "user.name=Release", "-c", "user.email=release@example.org"]
    dated = {**os.environ, "GIT_AUTHOR_DATE": RELEASED, "GIT_COMMITTER_DATE": RELEASED}
    for command in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "--all", "--force"],
        [*signed, "commit", "--quiet", "--message", f"Release of {_wanted(name).split()[0]}"],
    ):
        subprocess.run(["git", *command], cwd=where, env=dated, check=True)
    return where


def _wanted(name: str) -> str:
    lines = PINNED.read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if line.startswith(f"{name}=="))


def _folder(wanted: str) -> str:
    return wanted.split()[0].replace("==", "-")


def _moved(inside: Path, kept: Path) -> None:
    """Put it where it is kept, unless another process was quicker."""
    try:
        inside.rename(kept)
    except OSError:
        if not kept.exists():
            raise


def _downloaded(wanted: str, folder: Path) -> Path:
    listed = folder / "wanted.txt"
    listed.write_text(wanted, encoding="utf-8")
    command = ["download", "--quiet", "--no-deps", "--no-binary", ":all:", "--require-hashes"]
    where = ["--dest", str(folder), "--requirement", str(listed)]
    done = subprocess.run(
        [sys.executable, "-m", "pip", *command, *where],
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip()[-500:]
        raise SourceMissing(f"{_folder(wanted)} cannot be had from the package registry: {said}")
    [archive] = folder.glob("*.tar.gz")
    return archive
