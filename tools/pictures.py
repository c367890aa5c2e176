"""Takes the pictures of the console in docs/pictures: `.venv/bin/python -m tools.pictures`.

A home is filled with real work on this repository (or the one named as argument), and a browser
looks at it. Nothing is drawn by hand, so the pictures show what there is.
"""

import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright
from tests.browser.conftest import program
from tests.browser.scene import DESKTOP, Scene

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
GOAL = 'Add a "mission diff RUN RUN" command that shows what differs between two runs of a mission'
SETTLE_SECONDS = 1.5
"""After loading: graphs are laid out, and fonts are there."""

RELEASE = """\
name: release
description: Checks a tag, and publishes it when somebody agrees.
inputs:
  tag: {type: string, default: v1.4.0}
budget: {cost: 2.00 USD}
steps:
  lint: {agent: command, with: {argv: [sh, -c, "sleep 1; echo 214 files, nothing to say"]}}
  test:
    agent: command
    for_each: "${{ ['unit', 'contract', 'journey'] }}"
    with: {argv: [sh, -c, "sleep 2; echo ${{ item }} tests passed"]}
  build:
    agent: command
    needs: [lint, test]
    with: {argv: [sh, -c, "sleep 1; echo built ${{ inputs.tag }}"]}
  notes: {agent: command, needs: [lint], with: {argv: [sh, -c, "sleep 3; echo notes.md"]}}
  publish:
    title: Push the tag
    agent: command
    needs: [build, notes]
    risk: irreversible
    approval: {from: approver, expires: 3d}
    with: {argv: [echo, git, push, origin, "${{ inputs.tag }}"]}
"""

NIGHTLY = """\
name: nightly-audit
description: Looks for secrets and moving dependencies.
steps:
  fetch: {agent: command, with: {argv: [sh, -c, "sleep 1; echo 3 repositories"]}}
  scan:
    agent: command
    needs: [fetch]
    retry: {attempts: 2}
    with: {argv: [sh, -c, "echo 'advisory database: connection refused' >&2; exit 7"]}
  tell: {agent: command, needs: [scan], with: {argv: [echo, told]}}
"""


def main() -> None:
    """Fill a home, and take every picture."""
    repository = sys.argv[1] if len(sys.argv) > 1 else str(ROOT)
    found = program()
    if found is None:
        raise SystemExit("No Chromium on this machine: apt-get install chromium")
    with ExitStack() as opened:
        folder = Path(tempfile.mkdtemp())
        opened.callback(shutil.rmtree, folder, ignore_errors=True)
        scene = Scene(folder)
        opened.callback(scene.stop)
        scene.mission("analytics", "seed", "--users", "12000")
        scene.start()
        mission = _filled(scene, repository)
        playwright = opened.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        opened.callback(browser.close)
        _taken(scene, browser, mission)


def _filled(scene: Scene, repository: str) -> str:
    """Do some work, and return the id of the mission that the pictures show."""
    scene.mission("budget", "set", "workspace", "--per", "day", "--cost", "25", "--reason", "start")
    scene.save("release", RELEASE)
    scene.save("nightly-audit", NIGHTLY)
    cron = ("--cron", "0 2 * * *", "--timezone", "UTC")
    scene.mission("schedule", "add", "nightly", "--workflow", "nightly-audit", *cron)
    mission = scene.told("run", GOAL, "--repo", repository)
    scene.told("workflow", "run", "nightly-audit")
    release = scene.told("workflow", "run", "release")["run"]
    _until(scene, mission["run"], "succeeded", "failed")
    _until(scene, release, "waiting")
    scene.told("workflow", "run", "release", "--input", "tag=v1.4.1")
    return str(mission["mission"])


def _until(scene: Scene, run: str, *statuses: str) -> None:
    while scene.told("show", run)["status"] not in statuses:
        time.sleep(0.5)


def _taken(scene: Scene, browser: Browser, mission: str) -> None:
    wanted = {
        "light": {
            "board": "/board",
            "inbox": "/inbox",
            "mission": f"/missions/{mission}",
            "roadmap": "/board/roadmap",
            "flow": "/board/flow",
            "explore": "/cockpit/trends?product=sample",
        },
        "dark": {"home": "/"},
    }
    for scheme, pages in wanted.items():
        context = scene.person(browser, "", size=DESKTOP, color_scheme=scheme)
        page = context.new_page()
        for name, path in pages.items():
            page.goto(scene.url + path)
            expect(page.get_by_text("Checking…")).to_have_count(0)
            page.wait_for_timeout(1e3 * SETTLE_SECONDS)
            page.screenshot(path=PICTURES / f"console-{name}-{scheme}.png")
        context.close()


if __name__ == "__main__":
    main()
