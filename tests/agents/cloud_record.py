"""Records what `codex cloud` prints without an account; the rest of the contract stays.

    python -m tests.agents.cloud_record

Run it with each new version of Codex, and read the difference.
"""

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from missioncontrol.testing.real_tools import CODEX, installed

CONTRACT = Path(__file__).with_name("cloud_contract.json")
HELPED = ("", "exec", "status", "diff", "list", "apply")
UNSIGNED = (
    ("exec", "--env=env_1", "--branch=main", "-"),
    ("status", "task_e_1"),
    ("diff", "task_e_1"),
    ("list", "--json", "--limit=1", "--env=env_1"),
    ("apply", "task_e_1"),
)
WRONG = (("exec", "-"), ("status",), ("diff",))


def contract() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(CONTRACT.read_text("utf-8"))
    return found


def asked(program: Path, *arguments: str) -> dict[str, Any]:
    """Ask the real program where no user is signed in."""
    with tempfile.TemporaryDirectory(prefix="cloud-") as place:
        done = subprocess.run(
            [program, "cloud", *arguments],
            cwd=place,
            env={"PATH": os.environ["PATH"], "HOME": place, "CODEX_HOME": place},
            input=b"Say goodbye.",
            capture_output=True,
            timeout=60,
            check=False,
        )
    # It warns of a home in a temporary directory, which is ours and not its answer.
    errors = [line for line in done.stderr.decode().splitlines() if "PATH aliases" not in line]
    return {
        "argv": ["cloud", *arguments],
        "exit_code": done.returncode,
        "stdout": done.stdout.decode(),
        "stderr": "\n".join(errors),
    }


def recorded(program: Path) -> dict[str, Any]:
    """Return what can be recorded without an account."""
    helped = [[*([verb] if verb else []), "--help"] for verb in HELPED]
    return {
        "help": [asked(program, *arguments) for arguments in helped],
        "not_signed_in": [asked(program, *arguments) for arguments in UNSIGNED],
        "wrong": [asked(program, *arguments) for arguments in WRONG],
    }


if __name__ == "__main__":
    found = contract() if CONTRACT.exists() else {}
    found = {"version": CODEX.version, **found, "recorded": recorded(installed(CODEX))}
    CONTRACT.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
