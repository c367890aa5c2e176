"""Programs of others for tests: exact versions from npm, installed once into a cache of ours."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import msgspec
import platformdirs

from missioncontrol.domain.errors import Unavailable

INSTALL_SECONDS_MAX = 300.0
REASON_MAX = 300


class RealTool(msgspec.Struct, frozen=True):
    """A program that a package of npm brings."""

    name: str
    package: str
    version: str
    program: str  # a pattern below the directory of the installation

    @property
    def title(self) -> str:
        """Name and version for people."""
        return f"{self.name} {self.version}"


CODEX = RealTool(
    "codex",
    "@openai/codex",
    "0.169.0",
    "node_modules/@openai/codex-*/vendor/*/bin/codex",
)
CLAUDE = RealTool(
    "claude",
    "@anthropic-ai/claude-code",
    "2.1.329",
    "node_modules/@anthropic-ai/claude-code-*/claude",
)

OPENCODE = RealTool(
    "opencode",
    "opencode-ai",
    "1.18.33",
    "node_modules/opencode-[dl]*/bin/opencode",
)
GEMINI = RealTool(
    "gemini",
    "@google/gemini-cli",
    "0.61.0",
    "node_modules/@google/gemini-cli/bundle/gemini.js",  # for node
)
CONFORMANCE = RealTool(
    "mcp-conformance",
    "@modelcontextprotocol/conformance",
    "0.2.0-alpha.12",  # 0.1 knows nothing of the revision 2026-07-28
    "node_modules/@modelcontextprotocol/conformance/dist/index.js",  # for node 22 or later
)


def cache() -> Path:
    """Return where tools are stored; the variable MISSION_TOOLS_CACHE names another place."""
    named = os.environ.get("MISSION_TOOLS_CACHE")
    return Path(named) if named else platformdirs.user_cache_path("missioncontrol") / "tools"


def installed(tool: RealTool) -> Path:
    """Return the program of `tool`, which is fetched where it is not there yet.

    Raises:
        Unavailable: `tool.unavailable`, saying why it could not be fetched.
    """
    place = cache() / f"{tool.name}-{tool.version}"
    if not place.is_dir():
        place.parent.mkdir(parents=True, exist_ok=True)
        with (place.parent / f"{place.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # One fetches it, and others wait and then have it.
            if not place.is_dir():
                _fetch(tool, place)
    found = sorted(place.glob(tool.program))
    if not found:
        raise Unavailable("tool.unavailable", f"{place} holds no program of {tool.title}.")
    return found[0]


def _fetch(tool: RealTool, place: Path) -> None:
    """Install into a directory beside `place` and move it there: it is whole or not there."""
    npm = shutil.which("npm")
    if npm is None:
        raise Unavailable("tool.unavailable", f"{tool.title} needs npm, which is not installed.")
    begun = place.with_name(f".{place.name}.{os.getpid()}")
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--loglevel=error"]
    options += ["--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
    argv = [npm, "install", *options, "--prefix", str(begun), f"{tool.package}@{tool.version}"]
    try:
        begun.mkdir()
        done = subprocess.run(  # noqa: S603 - a fixed program with fixed arguments
            argv, cwd=begun, capture_output=True, timeout=INSTALL_SECONDS_MAX, check=False
        )
        if done.returncode:
            message = " ".join(done.stderr.decode("utf-8", "replace").split())[:REASON_MAX]
            raise Unavailable("tool.unavailable", f"npm cannot fetch {tool.title}: {message}")
        begun.rename(place)
    except subprocess.TimeoutExpired:
        reason = f"npm took longer than {INSTALL_SECONDS_MAX:g} s to fetch {tool.title}."
        raise Unavailable("tool.unavailable", reason) from None
    finally:
        shutil.rmtree(begun, ignore_errors=True)
