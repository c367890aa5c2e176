"""Compares an audit with accepted findings: `new_findings.py AUDIT.sarif ACCEPTED.json`.

ACCEPTED.json is a findings.json of an earlier night; where there is none, nothing counts as new.
Writes findings.json and new-findings.md, and to standard output
{"new": N, "gone": N, "known": N, "new_grave": ["high: … at …", …]}.
"""

import json
import sys
from pathlib import Path
from typing import Any

GRAVE = ("critical", "high")
GRAVE_MAX = 100  # reported one by one


def findings_of(sarif: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what the audit shows to people, by fingerprints that outlive moved lines."""
    found = {}
    for result in sarif["runs"][0]["results"]:
        if not result["properties"]["shown"]:
            continue
        place = result["locations"][0]["physicalLocation"]
        (fingerprint,) = result["partialFingerprints"].values()
        found[fingerprint] = {
            "severity": result["properties"]["severity"],
            "rule": result["ruleId"],
            "text": result["message"]["text"],
            "path": place["artifactLocation"]["uri"],
            "line": place.get("region", {}).get("startLine", 0),
        }
    return found


def told(finding: dict[str, Any]) -> str:
    """Return a finding in one line."""
    return f"{finding['severity']}: {finding['text']} ({finding['path']}:{finding['line']})"


def page(new: list[dict[str, Any]], gone: list[dict[str, Any]], known: int) -> str:
    """Return new-findings.md."""
    lines = ["# Since the last accepted night", ""]
    lines += [f"{len(new)} new, {len(gone)} gone, {known} as before.", ""]
    lines += ["## New", "", *(f"- {told(each)}" for each in new), ""] if new else []
    lines += ["## Gone", "", *(f"- {told(each)}" for each in gone), ""] if gone else []
    return "\n".join(lines)


def main() -> None:
    """Compare, and write down what is there."""
    present = findings_of(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    record = Path(sys.argv[2])
    before = json.loads(record.read_text(encoding="utf-8")) if record.exists() else present
    new = [each for key, each in present.items() if key not in before]
    gone = [each for key, each in before.items() if key not in present]
    known = len(present) - len(new)
    grave = [told(each) for each in new if each["severity"] in GRAVE]
    Path("findings.json").write_text(json.dumps(present, indent=1) + "\n", encoding="utf-8")
    Path("new-findings.md").write_text(page(new, gone, known), encoding="utf-8")
    counts = {"new": len(new), "gone": len(gone), "known": known}
    print(json.dumps({**counts, "new_grave": grave[:GRAVE_MAX]}))


main()
