"""Asks the Go toolchain whether a checkout compiles with some changes in it."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

SECONDS_MAX = 300.0
REASON_MAX = 300
COMMANDS = (("build", "./..."), ("vet", "./..."))
"""The second compiles tests as well. No code of the repository runs."""

SETTINGS = {
    "GOENV": "off",
    "GOFLAGS": "-mod=readonly",
    "GOPROXY": "off",  # What is not in the module cache is not fetched.
    "GOTOOLCHAIN": "local",
    "CGO_ENABLED": "0",
}


def why_not_compiled(root: Path, paths: Sequence[str], changed: Mapping[str, str]) -> str:
    """Return why nothing shows that a checkout compiles with `changed` texts; "" where it does.

    `paths` are the files of the checkout; they are copied, and it stays as it is.
    """
    program = shutil.which("go")
    if program is None:
        return "go is not installed here, so nothing shows that the result compiles"
    modules = sorted({path.rpartition("/")[0] for path in paths if _is_module(path)})
    inside = [each for each in modules if any(_is_below(path, each) for path in changed)]
    if not inside:
        return "no go.mod says how it is compiled"
    with tempfile.TemporaryDirectory(prefix="mission-go-") as scratch:
        copy = Path(scratch).resolve() / "copy"
        _copied(root, copy, paths)
        before = {
            (at, each): _failure_line(program, each, copy / at)
            for at in inside
            for each in COMMANDS
        }
        for path, text in changed.items():
            (copy / path).write_text(text, "utf-8", newline="")
        for (at, command), was in before.items():
            if was and command == COMMANDS[0]:
                return f"it does not compile without the change either: {was}"
            if not was and (failure := _failure_line(program, command, copy / at)):
                return f"`go {' '.join(command)}` fails with it: {failure}"
    return ""


def _is_module(path: str) -> bool:
    return path == "go.mod" or path.endswith("/go.mod")


def _is_below(path: str, folder: str) -> bool:
    return not folder or path.startswith(f"{folder}/")


def _copied(root: Path, copy: Path, paths: Sequence[str]) -> None:
    copy.mkdir()
    for path in paths:
        source, target = root / path, copy / path
        if source.is_file() and not source.is_symlink():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def _failure_line(program: str, command: Sequence[str], at: Path) -> str:
    """Return the first line of what a command says as it fails; "" where it succeeds."""
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program with fixed arguments
            [program, *command],
            cwd=at,
            env={**os.environ, **SETTINGS},
            capture_output=True,
            timeout=SECONDS_MAX,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it takes longer than {SECONDS_MAX:g} s"
    if not done.returncode:
        return ""
    lines = done.stderr.decode("utf-8", "replace").splitlines()
    messages = [line for line in lines if line.strip() and not line.startswith("#")]
    return (messages or [f"exit status {done.returncode}"])[0][:REASON_MAX]
