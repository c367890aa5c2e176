"""The libraries of Segment and PostHog for Node.js, and a program that sends with one of them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from missioncontrol.domain.errors import Unavailable
from missioncontrol.testing.real_tools import RealTool, installed

SEGMENT = RealTool(
    "segment-node",
    "@segment/analytics-node",
    "3.1.0",
    "node_modules/@segment/analytics-node/package.json",
)
POSTHOG = RealTool(
    "posthog-node", "posthog-node", "5.70.0", "node_modules/posthog-node/package.json"
)
SEGMENT_PAGE = RealTool(
    "segment-page",
    "@segment/analytics-next",
    "1.84.3",
    "node_modules/@segment/analytics-next/dist/umd/index.js",
)
POSTHOG_PAGE = RealTool(
    "posthog-page", "posthog-js", "1.449.2", "node_modules/posthog-js/dist/module.no-external.js"
)
SECONDS_MAX = 120


def file_of(tool: RealTool) -> Path:
    """Return the file that a library is; the test is left out where it can't be installed."""
    try:
        return installed(tool)
    except Unavailable as error:
        pytest.skip(error.reason)


def folder_of(tool: RealTool) -> Path:
    """Return where a library is installed, as `file_of`."""
    package = file_of(tool)
    return next(each for each in package.parents if each.name == "node_modules").parent


def run(tool: RealTool, program: str, **variables: str) -> str:
    """Run a program that finds the library; return what it prints."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    done = subprocess.run(
        [node, "--input-type=commonjs", "-e", program],
        cwd=folder_of(tool),
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()
