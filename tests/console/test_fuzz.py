"""Whatever is asked of the API, it answers as its document says, and never breaks."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.console.house_process import HouseProcess, furnish, house_process

EXAMPLES = 6
"""Random requests of each kind to each operation, besides those at the edges of its shapes."""

LEFT_OUT = {
    "follow_events": "It goes on until somebody leaves; test_live and test_client listen to it.",
    "operation_stop": "All that comes after it would be refused, and nothing else be tried.",
    "revoke_token": "It learns the id of the token that it asks with, and would be nobody then.",
}

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
)
KNOWN = 0.7
"""How often a name in a request is one that there is."""

NAMES = {
    "path.run": "run",
    "path.other": "run",
    "query.run": "run",
    "path.mission": "mission",
    "path.step": "step",
    "path.approval": "approval",
    "path.digest": "digest",
}


@pytest.mark.slow
@pytest.mark.journey
@pytest.mark.timeout(900)
def test_every_answer_is_as_the_document_says_and_what_does_not_fit_is_refused(
    tmp_path: Path,
) -> None:
    with house_process(tmp_path) as house, house.client() as client:
        settings = tmp_path / "schemathesis.toml"
        settings.write_text(_settings(furnish(client)))
        done = _fuzzed(house, settings)
        assert done.returncode == 0, _shown(done.stdout)
        # Otherwise it would have been refused all the time, and everything be as documented.
        assert client.get("/me").status_code == 200
        generated = re.search(r"(\d+) generated", done.stdout)
        assert generated is not None
        assert int(generated[1]) > 2_000


def _settings(names: dict[str, list[str]]) -> str:
    lists = [f"[dictionaries.{kind}]\nvalues = {json.dumps(names[kind])}" for kind in names]
    chosen = [
        f'"{place}" = {{ dictionary = "{kind}", probability = {KNOWN} }}'
        for place, kind in NAMES.items()
    ]
    return "\n".join([*lists, "[parameters]", *chosen, ""])


def _fuzzed(house: HouseProcess, settings: Path) -> subprocess.CompletedProcess[str]:
    left_out = [word for name in LEFT_OUT for word in ("--exclude-operation-id", name)]
    return subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            f"--config-file={settings}",
            "run",
            f"{house.url}/api/openapi.json",
            f"--header=Authorization: Bearer {house.token}",
            "--phases=coverage,fuzzing",
            f"--max-examples={EXAMPLES}",
            f"--checks={','.join(CHECKS)}",
            "--generation-deterministic",
            "--continue-on-failure",
            "--request-timeout=20",
            "--warnings=off",
            "--no-color",
            *left_out,
        ],
        cwd=settings.parent,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
    )


def _shown(output: str) -> str:
    """Return what went wrong, and no line of it without an end."""
    return "\n".join(line[:500] for line in output.splitlines()[-200:])
