"""Tiny programs that speak the line protocol, and an agent that starts them."""

import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

from missioncontrol.adapters.agents.program import ProgramAgent
from missioncontrol.adapters.artifact_stores.folder import FolderArtifactStore
from tests.sandboxes import OpenBelow

PRELUDE = """
import hashlib, json, os, pathlib, signal, subprocess, sys, time
order = json.loads(sys.stdin.readline())
scratch = pathlib.Path(order["scratch"])
def send(**message):
    sys.stdout.write(json.dumps(message) + "\\n")
    sys.stdout.flush()
def kept(name, content, path=None, **more):
    path = path or scratch / name
    path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    reference = dict(name=name, digest=digest, size=len(content), media_type="text/plain")
    send(type="artifact", path=str(path), **{**reference, **more})
    return reference
def announce(path, digest="0" * 64, size=1):
    send(type="artifact", name="l", path=str(path), digest=digest, size=size, media_type="x/y")
def done(**work):
    send(type="done", work=work)
"""


def a_program(
    root: Path, code: str, *, environment: Mapping[str, str] | None = None
) -> ProgramAgent:
    """Return an agent that runs `code` after the prelude."""
    script = root / "program.py"
    script.write_text(PRELUDE + textwrap.dedent(code))
    return ProgramAgent(
        [sys.executable, "-S", "-E", str(script)],
        scratch=root / "scratch",
        artifacts=FolderArtifactStore(root / "artifacts"),
        environment=environment or {},
        sandbox=OpenBelow(root),
    )
