"""What is known about one place, in sentences that each name their source."""

from collections.abc import Iterator, Sequence
from typing import Any

from missioncontrol.specialists.markdown import counted
from missioncontrol.specialists.writer.markdown import code
from missioncontrol.specialists.writer.material import Material
from missioncontrol.specialists.writer.places import Place

LISTED_MAX = 5
TOGETHER_MIN = 2


def around(place: Place, material: Material) -> Iterator[str]:
    """Yield who imports it, how often it changed, which tests reach it, what was found in it."""
    yield from _imports(place, material)
    yield from _history(place, material)
    for key, finding in material.findings.get(place.path, ())[:LISTED_MAX]:
        at = f":{finding.line}" if finding.line else ""
        yield (
            f"Found by `{key}`: {finding.title} ({finding.severity}, `{finding.rule}`, "
            f"`{finding.path}{at}`)."
        )


def listed(paths: Sequence[str], most: int = LISTED_MAX) -> str:
    """Return paths as code, the first ones, and how many more there are."""
    shown = ", ".join(code(path) for path in paths[:most])
    return f"{shown} and {len(paths) - most} more" if len(paths) > most else shown


def _imports(place: Place, material: Material) -> Iterator[str]:
    found = material.near.get(place.path)
    if found is None:
        return
    near, source = found
    importers = _strings(near.get("imported_by"))
    if importers:
        reach = near.get("reaches")
        more = (
            f"; {counted(reach, 'module needs', 'modules need')} it in all"
            if isinstance(reach, int) and reach
            else ""
        )
        yield f"Imported by {listed(importers)}{more} ({source})."
    tests = _strings(near.get("tests"))
    if tests:
        yield f"Imported directly by the tests {listed(tests)} ({source})."
    elif place.standing == "changed":
        through = near.get("tests_through")
        ways = f"; {through} reach it through other modules" if through else ""
        yield f"No test file imports `{place.path}` directly{ways} ({source})."


def _history(place: Place, material: Material) -> Iterator[str]:
    for number, row in enumerate(_rows(material, "files")):
        if row.get("path") == place.path:
            people = len(row["authors"]) if isinstance(row.get("authors"), list) else 0
            by = f" by {people} {'person' if people == 1 else 'people'}" if people else ""
            fixes = f", {row['fixes']} of them fixes" if row.get("fixes") else ""
            last = f", the last on {row['last']}" if row.get("last") else ""
            commits = "1 commit" if row.get("commits") == 1 else f"{row.get('commits')} commits"
            yield (f"Changed in {commits}{by}{fixes}{last} (history.json /files/{number}).")


def changed_together(path: str, material: Material) -> list[tuple[int, str, int]]:
    """Return files that changed in the same commits: number of the pair, path, and how often."""
    found = []
    for number, row in enumerate(_rows(material, "pairs")):
        ends, count = [row.get("one"), row.get("other")], row.get("together")
        if path in ends and isinstance(count, int) and count >= TOGETHER_MIN:
            other = str(ends[1] if ends[0] == path else ends[0])
            found.append((number, other, count))
    return found[:LISTED_MAX]


def _rows(material: Material, key: str) -> list[dict[str, Any]]:
    whole = material.json.get("history.json")
    rows = whole.get(key) if isinstance(whole, dict) else None
    return [row if isinstance(row, dict) else {} for row in rows] if isinstance(rows, list) else []


def _strings(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
