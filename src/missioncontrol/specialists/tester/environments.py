"""Environments that tests need: made once by pip or npm, stored by the digest of contents.

No code of a package runs while one is made: pip takes wheels alone, npm and pnpm run no scripts.
They are confined to the new directory. Only this step may use the network for registries; the
tests that run afterwards get settings to stay offline, and cannot write here.
"""

import configparser
import hashlib
import os
import re
import shutil
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import psutil

from missioncontrol.ports.confinement import Sandbox
from missioncontrol.specialists.tester import node_modules
from missioncontrol.specialists.tester.command_runner import Ran, run
from missioncontrol.specialists.tester.environment import (
    ENVIRONMENTS_DIRECTORY,
    REGISTRIES_SWITCH,
    REGISTRY_SETTINGS,
)

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

UNKNOWN = "0.0.0.dev0"
"""The version of a project that takes it from its tags."""
SECONDS_MAX = 240.0
COUNT_MAX = 12
BYTES_MAX = 6 * 1024**3
"""Of all that are stored; those longest unused go first."""
RECIPE = 1
"""To be raised where the same inputs come to another environment."""
DROPPED_MAX = 3
"""Requirements without a wheel that are left out before the whole is given up."""
PIP = (
    *("-I", "-m", "pip", "install", "--only-binary", ":all:", "--no-cache-dir", "--no-input"),
    *("--no-warn-script-location", "--disable-pip-version-check", "--progress-bar", "off"),
)
_LACKING = re.compile(r"No matching distribution found for ([A-Za-z0-9][\w.-]*)")
_CONFLICT = re.compile(r"ResolutionImpossible|conflicting dependencies|Cannot install")
_ERROR = re.compile(r"^(?:ERROR: |npm (?:ERR!|error) |\s*\[?(?=ERR_PNPM_))(.+)$", re.MULTILINE)
_MADE = "made.json"
MADE_ASIDE = ("tmp", "npm", "log.txt", "requirements.txt", "constraints.txt")
"""What only making an environment needs."""


class Made(msgspec.Struct, frozen=True):
    """An environment, or why there is none."""

    directory: Path | None
    reason: str = ""  # why there is none
    seconds: float = 0.0  # that making it took; 0 where it was there
    lacks: tuple[str, ...] = ()  # requirements that have no wheel here
    is_locked: bool = False  # whether it has the versions of the lock file

    @property
    def python(self) -> str:
        """The interpreter in it."""
        return str(self.directory / "bin" / "python") if self.directory else ""


class _EnvironmentFacts(msgspec.Struct):
    """What is written beside an environment once it is whole."""

    bytes: int
    lacks: tuple[str, ...] = ()
    is_locked: bool = False


class Environments:
    """The environments below one directory."""

    def __init__(
        self, place: Path, sandbox: Sandbox, tick: Callable[[float], None], seconds_max: float
    ) -> None:
        """Work below `place`; making one takes at most `seconds_max`, in which `tick` is called."""
        self._place = place
        self._sandbox = sandbox
        self._tick = tick
        self._seconds_max = seconds_max

    def python(
        self, base: str, version: str, requirements: Sequence[str], constraints: Sequence[str]
    ) -> Made:
        """Return an environment of the interpreter `base` with `requirements` from wheels."""
        inputs = ["python", version, sys.platform, sorted(requirements), sorted(constraints)]

        def make(aside: Path, left: Callable[[], float]) -> _EnvironmentFacts | str:
            ran, output = self._run([base, "-m", "venv", str(aside)], aside, left())
            if ran.exit_code:
                return f"`python -m venv` failed: {_cause(output, ran)}"
            return self._installed(aside, list(requirements), list(constraints), left)

        return self._made(inputs, make)

    def node(self, version: str, files: Mapping[str, str], packages: Sequence[str] = ()) -> Made:
        """Return a directory whose `node_modules` have what `files` ask for.

        They are manifests and the lock by their paths; `packages` are the directories of those
        that are tested. Without a lock that is read, package.json decides the versions.
        """
        inputs = ["node", version, sys.platform, sorted(files.items()), sorted(packages)]

        def make(aside: Path, left: Callable[[], float]) -> _EnvironmentFacts | str:
            ran, output, is_locked = node_modules.installed(
                files, packages, aside, lambda argv: self._run(argv, aside, left())
            )
            failed = ran.exit_code or not (aside / "node_modules").is_dir()
            return _cause(output, ran) if failed else _EnvironmentFacts(0, is_locked=is_locked)

        return self._made(inputs, make)

    def _made(
        self,
        inputs: Sequence[Any],
        make: Callable[[Path, Callable[[], float]], _EnvironmentFacts | str],
    ) -> Made:
        """Return what is stored for `inputs`, else make it aside and move it there at once."""
        key = hashlib.sha256(msgspec.json.encode([RECIPE, *inputs])).hexdigest()[:32]
        target = self._place / key
        stored = _read_facts(target)
        if stored is not None:
            os.utime(target / _MADE)  # It was used now: others are evicted first.
            return Made(target, lacks=stored.lacks, is_locked=stored.is_locked)
        started = time.monotonic()
        aside = self._place / f".making-{key}-{os.getpid()}"
        try:
            self._evict()
            aside.mkdir(parents=True)
            found = make(aside, lambda: self._seconds_max - (time.monotonic() - started))
            if isinstance(found, str):
                return Made(None, found)
            self._put(aside, target, found)
        except OSError as error:
            return Made(None, f"it could not be written: {error.strerror}")
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        took = round(time.monotonic() - started, 1)
        return Made(target, "", max(took, 0.1), found.lacks, found.is_locked)

    def _put(self, aside: Path, target: Path, stored: _EnvironmentFacts) -> None:
        for name in (node_modules.TOOLS, *MADE_ASIDE):
            shutil.rmtree(aside / name, ignore_errors=True)
            if (aside / name).is_file():
                (aside / name).unlink()
        _point_scripts_at(aside, target)
        size = sum(path.lstat().st_size for path in _files(aside))
        data = msgspec.json.encode(msgspec.structs.replace(stored, bytes=size))
        (aside / _MADE).write_bytes(data)
        if _read_facts(target) is None:  # Another process may have been faster.
            shutil.rmtree(target, ignore_errors=True)
            aside.rename(target)

    def _installed(
        self, aside: Path, wanted: list[str], constraints: list[str], left: Callable[[], float]
    ) -> _EnvironmentFacts | str:
        """Install `wanted`; by and by without the lock, and without what has no wheel."""
        lacks: list[str] = []
        while True:
            (aside / "requirements.txt").write_text("\n".join(wanted) + "\n")
            (aside / "constraints.txt").write_text("\n".join(constraints) + "\n")
            argv = [str(aside / "bin" / "python"), *PIP, "-r", "requirements.txt"]
            argv += ["-c", "constraints.txt"] if constraints else []
            ran, output = self._run(argv, aside, left())
            if not ran.exit_code:
                return _EnvironmentFacts(0, tuple(lacks), bool(constraints))
            if ran.stopped:
                return _cause(output, ran)
            missing = _LACKING.search(output)
            rest = [each for each in wanted if missing is None or not _is(each, missing[1])]
            if constraints and (_CONFLICT.search(output) or missing):
                constraints = []  # What is locked need not have a wheel for this interpreter.
            elif missing and rest and len(rest) < len(wanted) and len(lacks) < DROPPED_MAX:
                lacks.append(missing[1])
                wanted = rest
            else:
                return _cause(output, ran)

    def _run(self, argv: Sequence[str], aside: Path, seconds: float) -> tuple[Ran, str]:
        log, temporary = aside / "log.txt", aside / "tmp"
        temporary.mkdir(exist_ok=True)
        names = ("PATH", "HOME", "LANG", "LC_ALL", *REGISTRY_SETTINGS)
        given = {name: os.environ[name] for name in names if name in os.environ}
        own = {"TMPDIR": str(temporary), "npm_config_cache": str(aside / "npm"), "CI": "true"}
        own |= dict.fromkeys(("XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"), str(temporary))
        ran = run(
            argv,
            directory=aside,
            environment={**given, **own},
            output=log,
            seconds_max=max(seconds, 1.0),
            tick=self._tick,
            sandbox=self._sandbox,
            unix_sockets=False,
        )
        return ran, log.read_text("utf-8", "replace")[-200_000:]

    def _evict(self) -> None:
        """Make room for one more: drop those longest unused, and what was left half made."""
        for path in self._place.glob(".making-*"):
            if not psutil.pid_exists(int(path.name.rpartition("-")[2])):
                shutil.rmtree(path, ignore_errors=True)
        found = [(path, stored) for path in self._place.iterdir() if (stored := _read_facts(path))]
        found.sort(key=lambda each: (each[0] / _MADE).stat().st_mtime, reverse=True)
        total = 0
        for number, (path, stored) in enumerate(found, 1):
            total += stored.bytes
            if number >= COUNT_MAX or total > BYTES_MAX:
                shutil.rmtree(path, ignore_errors=True)


def environments(
    sandbox: Sandbox, tick: Callable[[float], None], seconds_left: float
) -> Environments | None:
    """Return where they are stored; None where it is switched off or no directory is named."""
    named = os.environ.get(ENVIRONMENTS_DIRECTORY, "")
    if not named or is_off() or not Path(named).is_dir():
        return None
    return Environments(Path(named), sandbox, tick, min(SECONDS_MAX, seconds_left))


def is_off() -> bool:
    """Whether people switched it off."""
    return os.environ.get(REGISTRIES_SWITCH, "").strip().lower() in {"off", "0", "no", "false"}


def _read_facts(path: Path) -> _EnvironmentFacts | None:
    try:
        return msgspec.json.decode((path / _MADE).read_bytes(), type=_EnvironmentFacts)
    except (OSError, msgspec.DecodeError):
        return None


def _files(directory: Path) -> Iterator[Path]:
    for top, _, names in os.walk(directory):
        yield from (Path(top) / name for name in names)


def _point_scripts_at(aside: Path, target: Path) -> None:
    """Make the programs in `bin` start the interpreter at its final place."""
    for path in (aside / "bin").glob("*") if (aside / "bin").is_dir() else ():
        if path.is_symlink() or not path.is_file():
            continue
        data = path.read_bytes()
        if data.startswith(b"#!") or path.name.lower().startswith("activate"):
            path.write_bytes(data.replace(str(aside).encode(), str(target).encode()))


def _is(requirement: str, name: str) -> bool:
    def plain(text: str) -> str:
        found = re.match(r"[\w.-]+", text)
        return re.sub(r"[-_.]+", "-", found[0]).lower() if found else ""

    return plain(requirement) == plain(name)


def _cause(output: str, ran: Ran) -> str:
    """Return why a program failed, in one line."""
    if ran.stopped:
        return f"it was stopped: {ran.stopped}"
    errors = _ERROR.findall(output)
    lines = [line for line in output.splitlines() if line.strip()]
    cause = next((each for each in errors if "distribution" in each or "requirement" in each), "")
    return (cause or next(iter(errors), "") or (lines[-1] if lines else "no output"))[:200]


def write_metadata(tree: "Tree", place: Path) -> bool:
    """Write a `.dist-info` of the project into `place`; False where no manifest names it."""
    from missioncontrol.specialists.manifests import read_manifests

    packages = [each for each in read_manifests(tree).packages if each.ecosystem == "python"]
    named = next((each for each in packages if "/" not in each.manifest), None)
    if named is None or not re.fullmatch(r"[A-Za-z0-9][\w.-]*", named.name):
        return False
    version = named.version if re.fullmatch(r"\d[\w.+!-]*", named.version) else UNKNOWN
    folder = place / f"{re.sub(r'[-_.]+', '_', named.name).lower()}-{version}.dist-info"
    folder.mkdir(parents=True, exist_ok=True)
    metadata = f"Metadata-Version: 2.1\nName: {named.name}\nVersion: {version}\n"
    (folder / "METADATA").write_text(metadata)
    (folder / "entry_points.txt").write_text("\n".join(_entry_points(tree)))
    return True


def _entry_points(tree: "Tree") -> Iterator[str]:
    project = _project(tree.text("pyproject.toml") or "")
    groups = {
        "console_scripts": project.get("scripts"),
        "gui_scripts": project.get("gui-scripts"),
        **(project.get("entry-points") or {}),
    }
    for name, table in groups.items():
        if isinstance(table, dict) and table:
            yield f"[{name}]"
            yield from (f"{key} = {target}" for key, target in table.items())
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(tree.text("setup.cfg") or "")
    except configparser.Error:
        return
    if parser.has_section("options.entry_points"):
        for name, text in parser["options.entry_points"].items():
            yield f"[{name}]"
            yield from (line.strip() for line in text.split("\n") if "=" in line)


def _project(text: str) -> dict[str, Any]:
    try:
        found = tomllib.loads(text).get("project")
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
