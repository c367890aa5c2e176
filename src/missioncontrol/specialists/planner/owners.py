"""Names who sees to each risk: whom the repository or its history names, else who does the work."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from missioncontrol.domain.estimates import LikelyFile
from missioncontrol.domain.plan import Plan, Risk, Task

OWNERS_FILES = ("CODEOWNERS", ".github/CODEOWNERS", ".gitlab/CODEOWNERS", "docs/CODEOWNERS")
OWNERS_BYTES_MAX = 200_000
RULES_MAX = 5_000
FILES_MAX = 3
"""Likeliest files of a requirement that are looked at."""

Rule = tuple[re.Pattern[str], str]
"""Which paths, and the first of those who own them."""


def with_owners(plan: Plan, root: Path | None) -> Plan:
    """Return `plan` with an owner for every risk that names none.

    The code that a risk is about decides: its first owner in CODEOWNERS, else the person
    who changed it
    most. Where neither is known, it is the role or the agent of the first task that watches it.
    """
    rules = list(_rules(_text(root))) if root is not None else []
    risks = tuple(
        risk
        if risk.owner.strip()
        else msgspec.structs.replace(risk, owner=_owner(risk, plan, rules))
        for risk in plan.risks
    )
    return msgspec.structs.replace(plan, risks=risks)


def _owner(risk: Risk, plan: Plan, rules: Sequence[Rule]) -> str:
    watching = [task for task in plan.tasks() if risk.id in task.risks]
    files = list(_files(watching, plan))
    owners = (owner for file in files if (owner := _owner_in(file.path, rules)))
    knowers = (knower.name for file in files for knower in file.knowers[:1] if knower.name.strip())
    return next(owners, "") or next(knowers, "") or _worker(watching, plan)


def _files(watching: Sequence[Task], plan: Plan) -> Iterator[LikelyFile]:
    """Yield the likeliest files for the work that a risk threatens, those of changes first."""
    by_requirement = {likely.requirement: likely.files[:FILES_MAX] for likely in plan.likely}
    changing = sorted(watching, key=lambda task: not task.is_change)
    for name in dict.fromkeys(name for task in changing for name in task.requirements):
        yield from by_requirement.get(name, ())


def _worker(watching: Sequence[Task], plan: Plan) -> str:
    """Return who does the work: a task that is handed over is watched by the one who reviews."""
    here = [task for task in watching if not task.is_handover]
    task = next((each for each in here if each.is_change), next(iter(here), None))
    if task is not None:
        return task.agent or task.role
    reviews = next((each for each in plan.tasks() if each.role == "reviewer"), None)
    return reviews.role if reviews is not None else "builder"


def _text(root: Path) -> str:
    for name in OWNERS_FILES:
        path = root / name
        try:
            if path.is_file() and not path.is_symlink():
                return path.read_bytes()[:OWNERS_BYTES_MAX].decode("utf-8", "replace")
        except OSError:
            continue
    return ""


def _rules(text: str) -> Iterator[Rule]:
    for line in text.splitlines()[:RULES_MAX]:
        words = line.partition("#")[0].split()
        if len(words) > 1 and not words[0].startswith(("[", "^[")):
            yield _pattern(words[0]), words[1]


def _pattern(glob: str) -> re.Pattern[str]:
    """Return what a path pattern of CODEOWNERS means, which is nearly what it means to git."""
    anchored = "/" in glob.rstrip("/")
    body = re.escape(glob.strip("/"))
    body = body.replace(r"\*\*/", "(?:.*/)?").replace(r"\*\*", ".*")
    body = body.replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
    start = "" if anchored else "(?:.*/)?"
    end = "" if glob.endswith("*") and not glob.endswith("**") and anchored else "(?:/.*)?"
    return re.compile(f"{start}{body}{end}")


def _owner_in(path: str, rules: Sequence[Rule]) -> str:
    """Return who owns a path: the last rule that fits it decides."""
    return next((owner for pattern, owner in reversed(rules) if pattern.fullmatch(path)), "")
