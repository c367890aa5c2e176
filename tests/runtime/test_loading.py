"""What a home that rests has not loaded: libraries that only some workflows ask for."""

import subprocess
import sys
from pathlib import Path

from missioncontrol.adapters.expressions.cel import CelExpressions
from missioncontrol.adapters.expressions.lazy import LazyExpressions

OPENED = """
import asyncio, sys
import missioncontrol as mc

async def rest():
    async with mc.Engine(sys.argv[1]):
        print(*{name.partition(".")[0] for name in sys.modules})

asyncio.run(rest())
"""


def test_an_engine_that_rests_has_loaded_no_library_that_only_workflow_files_need(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-c", OPENED, str(tmp_path / "home")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "msgspec" in done.stdout.split()
    assert not {"cel_expr_python", "re2", "yaml", "genai_prices"} & set(done.stdout.split())


def test_expressions_that_are_loaded_late_answer_as_those_that_are_there() -> None:
    late, there = LazyExpressions(), CelExpressions()
    for source in ("steps.a.output.rows.all(row, row.size > 0)", "{'a': 1}.b", "1 +", "inputs.x"):
        assert late.fault(source) == there.fault(source)
        assert late.kind(source) == there.kind(source)
        assert late.item_paths(source) == there.item_paths(source)
        assert late.missing_members(source) == there.missing_members(source)
    assert late.evaluate("inputs.x + 1", {"inputs": {"x": 1}}) == 2
