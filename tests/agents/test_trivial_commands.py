"""Which commands of a coding agent prove something of its work."""

import pytest

from missioncontrol.adapters.agents.coding.session import is_trivial


@pytest.mark.parametrize(
    "command",
    [
        *("", "true", ":", "# nothing", "sleep 1", "exit 0", "date", "A=1", "mkdir -p x"),
        *("/bin/bash -lc true", "sh -c 'bash -c :'", "env", "timeout 5 true", "git add -A"),
        *("python --version", "cd src && ls | head -3", "for f in a b; do cat $f; done"),
        *('echo "All done; tests pass"', "cat <<EOF\nDone\npytest: all pass\nEOF"),
        *("pytest -q || true", "bash -lc 'make check || true'", "ls > /dev/null 2>&1"),
    ],
)
def test_what_shows_or_does_nothing_proves_nothing(command: str) -> None:
    assert is_trivial(command)


@pytest.mark.parametrize(
    "command",
    [
        *("pytest -q", "cd a && pytest -q 2>&1 | tail -3", "bash -lc 'make check'"),
        *("PYTHONPATH=. timeout 60 python -m pytest", "python - <<EOF\nimport x\nEOF"),
        *("(cd a; go test ./...)", "if npm test; then echo ok; fi", "echo a && ./run"),
    ],
)
def test_a_check_of_the_work_is_proof(command: str) -> None:
    assert not is_trivial(command)
