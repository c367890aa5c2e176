"""What is refused is refused alike: beside the home, beside an engine, and through a server."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.command import GOAL, mission, repository
from tests.console.test_front import Up

pytestmark = pytest.mark.journey

CONFLICT, BAD_INPUT = 1, 2
REFUSED = """
2 cancel RUN
2 retry RUN no-such-step
2 workflow run none
2 budget set workflow none --reason x
2 schedule remove none
2 agent drain none
2 limit remove agent none
2 approvals approve none
2 gateway revoke none
2 decision accept none
2 memory forget none --reason x
2 trace waive RUN no-such-gap --reason x
1 document edit RUN prd --file text.md --base 9
2 document settle RUN prd none mine
2 share revoke none
2 token revoke none
""".strip().splitlines()
SCOPES = ("read", "operate", "approve", "govern", "administer", "audit")


def refused(home: Path | None, run: str, at: Path, env: Mapping[str, str] = {}) -> list[str]:
    """Return the exit status and the words of every refusal."""
    found = []
    for line in REFUSED:
        arguments = line.replace("RUN", run).split()[1:]
        done = mission(home, *arguments, env=env, cwd=at)
        refusal = re.sub(r"\S*/home\b|http://\S+", "HOME", done.stderr.decode().strip())
        found.append(f"{line}: {done.returncode} {refusal}")
    return found


@pytest.mark.timeout(300)
def test_a_refusal_has_the_same_words_and_status_wherever_it_is_decided(tmp_path: Path) -> None:
    home, path = tmp_path / "home", repository(tmp_path / "tiny")
    begun = mission(home, "run", GOAL, "--repo", str(path), "--json")
    run = json.loads(begun.stdout.splitlines()[-1])["run"]
    assert mission(home, "document", "write", run, "prd").returncode == 0
    scopes = [word for scope in SCOPES for word in ("--scope", scope)]
    token = json.loads(mission(home, "token", "new", "all", *scopes, "--json").stdout)["token"]
    (tmp_path / "text.md").write_text("x")
    alone = refused(home, run, tmp_path)
    for line, refusal in zip(REFUSED, alone, strict=True):
        assert refusal.startswith(f"{line}: {line[0]} mission"), refusal
        assert "unrecognized" not in refusal
    up = Up(home)
    assert refused(home, run, tmp_path) == alone
    afar = {"MISSION_SERVER": up.url, "MISSION_TOKEN": token}
    assert refused(None, run, tmp_path, afar) == alone
    up.end()
