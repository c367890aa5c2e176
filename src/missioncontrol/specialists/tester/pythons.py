"""Finds a Python that can run a project's tests: its own environment first, then those on PATH."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

PROBE_SECONDS = 15.0
ENVIRONMENTS = (".venv", "venv", "env")
PROBE = """
import importlib.metadata, importlib.util, json, sys
missing = []
for name in sys.argv[1:]:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        missing.append(name)
version = "%d.%d.%d" % sys.version_info[:3]
pytest = importlib.util.find_spec("pytest") is not None
homes = sorted({sys.prefix, sys.base_prefix})
print(json.dumps({"version": version, "pytest": pytest, "missing": missing, "homes": homes}))
"""


class Python(msgspec.Struct, frozen=True):
    """An interpreter and what it has of what the project needs."""

    program: str
    origin: str  # where it was found, in words without a path of this machine
    version: str = ""
    pytest: bool = False
    missing: tuple[str, ...] = ()  # declared dependencies that are not installed for it
    homes: tuple[str, ...] = ()  # directories of this machine that its tracebacks name


def best_python(
    repository: Path, needed: Sequence[str], environment: Mapping[str, str]
) -> Python | None:
    """Return the project's own interpreter if it has pytest, else the one that lacks the least."""
    found: list[Python] = []
    for program, origin in _candidates(repository, environment):
        python = _probed(program, origin, needed, environment)
        if python is None:
            continue
        if python.pytest and (origin.startswith("the project's") or not python.missing):
            return python
        found.append(python)
    return min(found, key=lambda each: (not each.pytest, len(each.missing)), default=None)


def _candidates(repository: Path, environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name in ENVIRONMENTS:
        program = repository / name / "bin" / "python"
        if program.is_file():
            yield str(program), f"the project's own {name}"
    for name in ("python3", "python"):
        on_path = shutil.which(name, path=environment.get("PATH"))
        if on_path:
            yield on_path, f"{name} on PATH"
    yield sys.executable, "the Python that Mission Control runs on"


def _probed(
    program: str, origin: str, needed: Sequence[str], environment: Mapping[str, str]
) -> Python | None:
    """Ask an interpreter what it has; None where it does not answer."""
    try:
        answer = subprocess.run(  # noqa: S603 - a fixed question to a Python found on this machine
            [program, "-c", PROBE, *needed],
            env={name: value for name, value in environment.items() if name != "PYTHONPATH"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_SECONDS,
            check=True,
        ).stdout
        seen = msgspec.json.decode(answer, type=_Seen)
    except (OSError, subprocess.SubprocessError, msgspec.DecodeError):
        return None
    return Python(
        program, origin, seen.version, seen.pytest, tuple(seen.missing), tuple(seen.homes)
    )


class _Seen(msgspec.Struct):
    version: str
    pytest: bool
    missing: list[str]
    homes: list[str]
