"""Gets the sources of real packages, once, through the package registry; for tests and measures."""

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import urllib.parse
import urllib.request
from pathlib import Path

import platformdirs

PINNED = Path(__file__).with_name("packages.txt")
SECONDS_MAX = 60.0
INDEX = "https://pypi.org/simple"
LISTING = "application/vnd.pypi.simple.v1+json"
"""PEP 691."""

RELEASED = "2026-01-01T00:00:00+00:00"
"""The time of the only commit of a checkout, so that its id is the same everywhere."""


class SourceMissing(Exception):
    """The registry does not hand a package out."""


def names() -> list[str]:
    """Return the packages that are pinned."""
    return [line.partition("==")[0] for line in PINNED.read_text(encoding="utf-8").splitlines()]


def source(name: str) -> Path:
    """Return the folder of a package's source distribution; it is reused from run to run.

    It is read only.

    Raises:
        SourceMissing: the registry does not hand it out.
    """
    wanted = _wanted(name)
    cached = Path(platformdirs.user_cache_dir("missioncontrol")) / "sources" / _folder(wanted)
    if not cached.exists():
        cached.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cached.parent) as folder:
            archive = _downloaded(wanted, Path(folder))
            with tarfile.open(archive) as tar:
                tar.extractall(Path(folder) / "whole", filter="data")
            [inside] = (Path(folder) / "whole").iterdir()
            _moved(inside, cached)
    return cached


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


def _moved(inside: Path, target: Path) -> None:
    """Move it to its final place, unless another process was quicker."""
    try:
        inside.rename(target)
    except OSError:
        if not target.exists():
            raise


def _downloaded(wanted: str, folder: Path) -> Path:
    """Return the archive as the index lists it; `pip download` would build each package first."""
    listing, archive = _listed(wanted)
    try:
        with urllib.request.urlopen(archive, timeout=SECONDS_MAX) as answer:
            content = answer.read()
    except OSError as error:
        raise SourceMissing(f"{archive} cannot be had: {error}") from None
    if hashlib.sha256(content).hexdigest() not in wanted:
        raise SourceMissing(f"{archive} is not what is pinned in {PINNED.name}.")
    place = folder / listing
    place.write_bytes(content)
    return place


def _listed(wanted: str) -> tuple[str, str]:
    """Return the name of a source distribution, and its address."""
    name, version = wanted.split()[0].split("==")
    index = os.environ.get("PIP_INDEX_URL", INDEX).rstrip("/")
    asked = urllib.request.Request(f"{index}/{name}/", headers={"Accept": LISTING})
    try:
        with urllib.request.urlopen(asked, timeout=SECONDS_MAX) as answer:
            files = json.load(answer)["files"]
    except (OSError, ValueError, KeyError) as error:
        raise SourceMissing(f"{name} cannot be had from {index}: {error}") from None
    for each in files:
        if each["filename"].endswith(f"-{version}.tar.gz"):
            return each["filename"], urllib.parse.urljoin(asked.full_url, each["url"])
    raise SourceMissing(f"{index} lists no source distribution of {name} {version}.")
