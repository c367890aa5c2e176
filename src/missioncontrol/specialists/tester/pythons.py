"""Finds a Python that can run a project's tests: its own environment first, then those on PATH."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

MADE = "an environment made from what the project declares"
PROBE_SECONDS = 15.0
ENVIRONMENTS = (".venv", "venv", "env")
OWN_TO_A_RUN = frozenset({"HOME", "PYTHONPATH", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"})
"""Variables that name a fresh directory in each run; the answer of an interpreter is the same."""
ANSWERS_MAX = 64
PROBE = """
import importlib.util, json, sys
missing = []
if sys.argv[1:]:
    import importlib.metadata
for name in sys.argv[1:]:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        missing.append(name)
version = "%d.%d.%d" % sys.version_info[:3]
pytest = importlib.util.find_spec("pytest") is not None
homes = sorted({sys.prefix, sys.base_prefix})
plugins = [name for name in ("pytest_cov", "xdist") if importlib.util.find_spec(name)]
answer = {"version": version, "pytest": pytest, "missing": missing, "homes": homes}
print(json.dumps({**answer, "plugins": plugins}))
"""


class Python(msgspec.Struct, frozen=True):
    """An interpreter and what it has of what the project needs."""

    program: str
    origin: str  # where it was found, in words without a path of this machine
    version: str = ""
    pytest: bool = False
    missing: tuple[str, ...] = ()  # declared dependencies that are not installed for it
    homes: tuple[str, ...] = ()  # directories of this machine that its tracebacks name
    plugins: tuple[str, ...] = ()  # of pytest, those that change how tests are watched


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
    given = {name: value for name, value in environment.items() if name != "PYTHONPATH"}
    # Packages may be installed for the project's own while this process lives.
    ask = _ask if origin.startswith("the project's") else _seen
    try:
        seen = ask(program, tuple(needed), given)
    except (OSError, subprocess.SubprocessError, msgspec.DecodeError):
        return None
    missing, homes, plugins = map(tuple, (seen.missing, seen.homes, seen.plugins))
    return Python(program, origin, seen.version, seen.pytest, missing, homes, plugins)


class _Seen(msgspec.Struct):
    version: str
    pytest: bool
    missing: list[str]
    homes: list[str]
    plugins: list[str]


_Question = tuple[str, tuple[str, ...], tuple[tuple[str, str], ...]]
_answers: dict[_Question, _Seen] = {}


def _seen(program: str, needed: tuple[str, ...], environment: Mapping[str, str]) -> _Seen:
    """Return the answer of `_ask`, computed once in a process."""
    shared = sorted(each for each in environment.items() if each[0] not in OWN_TO_A_RUN)
    asked = (program, needed, tuple(shared))
    if asked not in _answers:
        if len(_answers) == ANSWERS_MAX:
            _answers.clear()
        _answers[asked] = _ask(program, needed, environment)
    return _answers[asked]


def _ask(program: str, needed: tuple[str, ...], environment: Mapping[str, str]) -> _Seen:
    """Return what an interpreter says of itself.

    Raises:
        OSError, SubprocessError, DecodeError: It did not answer.
    """
    answer = subprocess.run(  # noqa: S603 - a fixed question to a Python found on this machine
        [program, "-c", PROBE, *needed],
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PROBE_SECONDS,
        check=True,
    ).stdout
    return msgspec.json.decode(answer, type=_Seen)


def suited(wanted: str, environment: Mapping[str, str]) -> Python | None:
    """Return an interpreter of this machine that fits `wanted`, such as `>=3.10`.

    That of Mission Control comes first; None where none fits.
    """
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        fitting = SpecifierSet(wanted)
    except InvalidSpecifier:
        fitting = SpecifierSet()
    names = ("python3", *(f"python3.{minor}" for minor in range(14, 8, -1)))
    found = [shutil.which(name, path=environment.get("PATH")) for name in names]
    for program in dict.fromkeys([sys.executable, *filter(None, found)]):
        python = _probed(program, "", (), environment)
        if python is not None and fitting.contains(python.version, prereleases=True):
            return python
    return None


def of_environment(directory: Path, base: Python) -> Python:
    """Return the interpreter of an environment that was made from `base`.

    It is not asked itself: what packages leave for its start would run outside of the copy.
    """
    packages = [*directory.glob("lib/python*/site-packages"), directory][0]
    plugins = tuple(name for name in ("pytest_cov", "xdist") if (packages / name).is_dir())
    return Python(
        str(directory / "bin" / "python"),
        MADE,
        base.version,
        (packages / "pytest").is_dir(),
        (),
        (str(directory), *base.homes),
        plugins,
    )
