"""Says on one page how healthy a repository is: `health_summary.py LOOKED_AT.json HIGH_MAX`.

Writes health.md, and to standard output {"healthy": …, "problems": […]}.
"""

import json
import sys
from pathlib import Path
from typing import Any


def problems_of(found: dict[str, Any], high_max: int) -> list[str]:
    """Return what keeps the repository from being healthy, the gravest first."""
    problems = [f"{name}: {error}" for name, error in found["errors"].items() if error]
    audits = found["packages"] or []
    for severity, allowed in (("critical", 0), ("high", high_max)):
        count = sum(audit[severity] for audit in audits)
        if count > allowed:
            places = ", ".join(audit["package"] for audit in audits if audit[severity])
            problems.append(f"{severity} findings: {count}, at most {allowed} allowed; in {places}")
    tests = found["tests"]
    if tests is None and not found["errors"]["tests"]:
        problems.append("no command for tests was found")
    elif tests is not None and not tests["passed"]:
        counts = tests["counts"]
        broken = counts["failed"] + counts["errors"]
        detail = f", {broken} of {sum(counts.values())} did not pass" if broken else ""
        problems.append(f"tests: {tests['status']}{detail} {tests['reason']}".rstrip())
    architecture = found["architecture"]
    if architecture and architecture["counts"]["cycles_at_load"]:
        problems.append(f"import cycles at load: {architecture['counts']['cycles_at_load']}")
    return problems


def page(found: dict[str, Any], problems: list[str]) -> str:
    """Return health.md."""
    survey, history = found["survey"], found["history"]
    lines_of = f"{survey['code_lines']} lines of code, {survey['test_lines']} lines of tests"
    lines = [
        f"# {survey['name'] or 'The repository'}: {'healthy' if not problems else 'needs care'}",
        "",
        *(f"- {problem}" for problem in problems or ["Nothing that needs care was found."]),
        "",
        "## What it is",
        "",
        f"- {survey['files']} files, {lines_of}",
        f"- licence {survey['licence'] or 'not recognised'}, commit {survey['commit'] or 'none'}",
    ]
    if history:
        lines.append(
            f"- {history['commits']} commits by {history['people']} people; "
            f"{history['bus_factor']} of them made more than half"
        )
    lines += ["", "## Packages", "", "| package | files | critical | high | medium | low |"]
    lines.append("| --- | ---: | ---: | ---: | ---: | ---: |")
    for audit in found["packages"] or []:
        counts = " | ".join(str(audit[n]) for n in ("files", "critical", "high", "medium", "low"))
        lines.append(f"| {audit['package']} | {counts} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page and the verdict."""
    found = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    problems = problems_of(found, int(sys.argv[2]))
    Path("health.md").write_text(page(found, problems), encoding="utf-8")
    print(json.dumps({"healthy": not problems, "problems": problems}))


main()
