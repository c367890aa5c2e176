"""Repositories for tests, made by the real git, and a look at all that is in one."""

import hashlib
import os
import subprocess
from pathlib import Path

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_ALLOW_PROTOCOL": "file",
}

PYTEST_ALONE = 'addopts = "--disable-plugin-autoload"\n'
"""For the settings of pytest in a small repository: to load all plugins that are installed here is
three quarters of the processor time of a start."""


def git(root: Path, *args: str, stdin: bytes = b"") -> str:
    done = subprocess.run(
        ["git", *args], cwd=root, env=ENVIRONMENT, input=stdin, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode("utf-8", "replace").strip()


def repository(root: Path, files: dict[str, str] | None = None) -> Path:
    """Make a repository with one commit; with none where `files` is empty."""
    root.mkdir(parents=True)
    git(root, "init", "-q", "-b", "main")
    found = {"README.md": "# Readme\n", "src/app.py": "print('hello')\n"}
    for name, text in (found if files is None else files).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    if files is None or files:
        git(root, "add", "-A")
        git(root, "commit", "-qm", "First")
    return root


def everything(root: Path) -> dict[str, tuple[int, str]]:
    """Return mode and digest of every file below `root`, `.git` included."""
    found = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        if path.is_symlink():
            content = os.fsencode(path.readlink())
        elif path.is_file():
            content = path.read_bytes()
        else:
            continue
        name = path.relative_to(root).as_posix()
        found[name] = (status.st_mode, hashlib.sha256(content).hexdigest())
    return found


def applied(repository_root: Path, base: str, patch: bytes, place: Path) -> Path:
    """Return a fresh clone at `base` to which the patch was applied, as a user would do it."""
    git(repository_root, "clone", "-q", str(repository_root), str(place))
    if base:
        git(place, "checkout", "-q", base)
    if patch:
        git(place, "apply", "--index", "-", stdin=patch)
    return place
