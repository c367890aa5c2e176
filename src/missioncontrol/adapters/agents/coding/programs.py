"""Finds an installed tool and checks its version."""

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from missioncontrol.adapters.agents.coding.session import ToolSession
from missioncontrol.ports.agent import AttemptFailed

ANY = "any"
_VERSION = re.compile(r"\d+\.\d+\.\d+[\w.+-]*")


class Installed:
    """A tool from an npm package."""

    def __init__(self, kind: str, package: str, natives: Sequence[str]) -> None:
        """`natives` are patterns of the native program below `node_modules`."""
        # npm may put a script into PATH that starts the native program. Killing the script would
        # leave the program running.
        self._kind = kind
        self._package = package
        self._natives = natives
        self._known: dict[tuple[str, int, int], str] = {}

    def find(self, program: str, environment: Mapping[str, str]) -> str:
        """Return the path of the native program.

        Raises:
            AttemptFailed: `KIND.not_found`.
        """
        found = shutil.which(program, path=environment.get("PATH"))
        if found is None:
            raise AttemptFailed(
                f"{self._kind}.not_found",
                f"There is no program {program!r} to run.",
                hint=f"Install it (`npm install -g {self._package}`), or give its full path as "
                "`program` of the agent.",
                retryable=False,
            )
        real = Path(found).resolve()
        modules = next((up for up in real.parents if up.name == "node_modules"), None)
        for pattern in self._natives if modules is not None else ():
            assert modules is not None
            for native in sorted(modules.glob(pattern)):
                return str(native)
        return str(real)

    async def version(self, path: str, session: ToolSession) -> str:
        """Return the version that the program prints, cached until its file changes."""
        key = self._key(path)
        if key not in self._known:
            self._known[key] = await self._read_version(path, session)
        return self._known[key]

    def _key(self, path: str) -> tuple[str, int, int]:
        try:
            status = Path(path).stat()
        except OSError:
            raise self._gone(path) from None
        return path, status.st_mtime_ns, status.st_size

    async def _read_version(self, path: str, session: ToolSession) -> str:
        output = bytearray()
        code = await session.run([path, "--version"], b"", lambda raw, _: output.extend(raw[:1000]))
        match = _VERSION.search(output.decode("utf-8", "replace"))
        if code == 0 and match:
            return match[0]
        if code in (126, 127):
            raise self._gone(path)
        raise AttemptFailed(
            f"{self._kind}.no_version",
            f"{path!r} does not print its version; it ended with status {code}. "
            f"{' '.join(session.errors)}".rstrip(),
            hint=f"Install it again: `npm install -g {self._package}`.",
            retryable=False,
        )

    def _gone(self, path: str) -> AttemptFailed:
        return AttemptFailed(
            f"{self._kind}.not_found",
            f"The program {path!r} is missing, or can't be executed.",
            hint=f"Install it again: `npm install -g {self._package}`.",
            retryable=False,
        )

    def refuse_other(self, version: str, wanted: str, agent: str) -> None:
        """Raise if a version is not `wanted`, unless that is `any`.

        Raises:
            AttemptFailed: `KIND.wrong_version`.
        """
        if wanted in (ANY, version):
            return
        name = self._package.rpartition("@")[0]
        raise AttemptFailed(
            f"{self._kind}.wrong_version",
            f"The program of agent {agent!r} has version {version} instead of {wanted}, and its "
            "events may differ between versions.",
            hint=f"Install it (`npm install -g {name}@{wanted}`), or set `version` of the agent "
            f'to "{version}" if that works for you, or to "{ANY}".',
            retryable=False,
        )
