"""Technical design: how it works today, what changes where, and what was decided."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from missioncontrol.documents.figures import counted, grouped
from missioncontrol.documents.studio import parts, product
from missioncontrol.documents.studio.material import Material, code, ended, named, short, together
from missioncontrol.documents.studio.model import (
    Block,
    Code,
    Listing,
    Paragraph,
    Row,
    Section,
    Statement,
    Table,
)
from missioncontrol.domain.plan import Component

# Shows a definition of the execution pack whole within a budget, and says what is left out.

LINES_MAX, CHARACTERS_MAX = 200, 12_000
"""The budget of one definition: three of them fill some ten pages of a design at most."""

NAMES_MAX = 8
"""Definitions that are named of the lines left out."""


class Shown(NamedTuple):
    """Lines of a definition, and what its caption adds where these are not all."""

    lines: list[str]
    note: str = ""


def shown_of(of: Material, each: dict[str, Any]) -> Shown:
    """Return what fits of a definition that an execution pack has as `path`, `start` and `text`."""
    start = int(each["start"])
    packed = str(each["text"]).strip("\n").rstrip().split("\n")
    left = int(each.get("more") or 0)
    last = start + len(packed) - 1 + left
    lines = _whole(of, each, packed, last) if left else packed
    shown_lines = lines[: _fitting(lines)]
    if start + len(shown_lines) - 1 >= last:
        return Shown(shown_lines)
    first = start + len(shown_lines)
    return Shown(shown_lines, f", lines {start} to {first - 1} of {_left_out(each, first, last)}")


def used(why: str) -> str:
    """Return why a definition is shown; a bare number of lines says in which it is used."""
    return f"Used in {why}" if why[:1].isdigit() else why


def _whole(of: Material, each: dict[str, Any], packed: list[str], last: int) -> list[str]:
    """Return the lines to the end of a definition that the pack cuts, as the repository has them.

    Where it has other lines by now than the pack, those of the pack are all that is known.
    """
    start = int(each["start"])
    text = of.source(str(each["path"])) if of.source else None
    lines = text.split("\n")[start - 1 : last] if text else []
    return lines if lines[: len(packed)] == packed else packed


def _fitting(lines: list[str]) -> int:
    size = 0
    for number, line in enumerate(lines[:LINES_MAX]):
        size += len(line) + 1
        if size > CHARACTERS_MAX:
            return max(1, number)
    return min(len(lines), LINES_MAX)


def _begin(name: str) -> int:
    """Return the line at which a definition begins that is named as `get` (61-70)."""
    found = re.search(r"\((\d+)-\d+\)$", name)
    return int(found[1]) if found else 0


def _left_out(each: dict[str, Any], first: int, last: int) -> str:
    """Say which lines are left out, and which definitions stand in them as far as that is known."""
    left = last - first + 1
    where = f"line {first}" if left == 1 else f"lines {first} to {last}"
    listed = each.get("left_out")
    names = [str(name) for name in listed] if isinstance(listed, list) else []
    names = [name for name in names if _begin(name) >= first]
    more = len(names) - NAMES_MAX
    if more > 0:
        names = [*names[:NAMES_MAX], f"{more} more"]
    inside = f", with {together(names)}" if names else ""
    return (
        f"{last - int(each['start']) + 1}; {counted(left, 'line')} of {code(str(each['path']))} "
        f"{'is' if left == 1 else 'are'} left out here ({where}{inside})"
    )


EXCERPTS_MAX = 3
DEFINITIONS_MAX = 20
DEPENDENCIES_MAX = 20
LANGUAGE_SHARE_MIN, ALL_BUT_SHARE = 5.0, 95.0
"""Percent of the code lines from which a language is named, and from which it stands alone."""
_PROSE = (".md", ".rst", ".txt", ".adoc")
"""A heading of a document is no definition."""


def sections(of: Material) -> Iterator[Section]:
    """Yield the sections, in order."""
    design = of.plan.design
    yield from _overview(of)
    if not design:
        yield from _today(of)
        yield from _where(of)
    yield from _proposed(of)
    for kind, title in (("flow", "How it is used"), ("deployment", "Deployment")):
        yield from parts.section(kind, title, parts.drawing(of, kind))
    yield from parts.section("data-model", "Data", parts.drawing(of, "data-model"))
    if design:
        yield from product.built(of, design)
        yield from product.operated(of, design)
    yield from _decisions(of)
    yield from _constraints(of)
    yield from parts.risks(of)
    if not design:
        yield from _tests(of)
        yield from _ground(of)
        yield from _found(of)
    yield from parts.questions(of)


def _overview(of: Material) -> Iterator[Section]:
    new = [each for each in of.plan.architecture.components if each.change == "new"]
    changed = [each for each in of.plan.architecture.components if each.change == "changed"]
    goal = of.say(f"Asked: “{short(of.asked, 300)}”", of.goal)
    items = [of.say(f"New: {_called(each)}. {ended(each.detail)}", of.whole_plan) for each in new]
    if changed:
        paths = named((each.path or each.name for each in changed), most=12)
        items.append(of.say(f"Changed: {paths}.", of.whole_plan))
    items += [of.say(ended(one.task.detail), of.task(one.task)) for one in of.changes]
    yield from parts.section(
        "overview", "What changes", parts.paragraph(goal), Listing(tuple(items))
    )


def _today(of: Material) -> Iterator[Section]:
    yield from parts.section(
        "today", "How it is today", _size(of), parts.drawing(of, "as-is"), _imports(of)
    )
    rows = tuple(_definitions(of))
    table = Table(("Definition", "Lines", "Why it is shown"), rows)
    yield from parts.section("definitions", "Definitions that it touches", table, level=3)
    yield from parts.section("excerpts", "The code it plugs into", *_excerpts(of), level=3)


def _size(of: Material) -> Block | None:
    survey = of.data("survey.json")
    statements: list[Statement] = []
    if isinstance(survey, dict):
        lines = survey.get("code_lines")
        languages = _languages(of, lines) if isinstance(lines, int) else ""
        if isinstance(lines, int) and languages:
            statements.append(
                of.say(
                    f"{of.subject} has {grouped(lines)} lines of code, {languages}.",
                    of.held("survey.json", "code_lines"),
                    of.held("survey.json", "languages"),
                )
            )
    counts = of.part("architecture.json", "counts")
    if isinstance(counts, dict) and counts.get("modules"):
        cycles = counts.get("cycles_at_load")
        loops = f" and {counted(cycles, 'import cycle')} while loading" if cycles else ""
        statements.append(
            of.say(
                f"Its {grouped(counts['modules'])} modules lie in "
                f"{counted(counts.get('layers') or 0, 'layer')}, with "
                f"{counted(counts.get('imports') or 0, 'import')} between them{loops}.",
                of.held("architecture.json", "counts"),
            )
        )
    if not statements:
        statements.append(
            parts.untried(of, "How its modules depend on each other is not known", "architect")
        )
    return Paragraph(tuple(statements))


def _languages(of: Material, lines: int) -> str:
    """Say how much of the code is in which language; what hardly any is in goes unnamed."""
    counts = [
        (str(each.get("language", "")), each.get("lines"))
        for each in of.rows("survey.json", "languages")
    ]
    shares = [(name, 100 * n / lines) for name, n in counts if isinstance(n, int) and n and lines]
    main = [(name, share) for name, share in shares if share >= LANGUAGE_SHARE_MIN]
    if not main:
        return ""
    name, share = main[0]
    if len(main) == 1 and share >= ALL_BUT_SHARE:
        return f"{'all' if len(shares) == 1 else 'nearly all'} of it {name}"
    parts = [f"{share:.0f} % {name}" for name, share in main]
    return f"of which {', '.join(parts[:-1])}{' and ' if len(parts) > 1 else ''}{parts[-1]}"


def _imports(of: Material) -> Block | None:
    items = []
    for number, each in enumerate(of.rows("architecture.json", "goal")):
        path = str(each.get("path", ""))
        if path not in of.touched:
            continue
        items.append(of.say(_ties(each), of.held("architecture.json", "goal", number)))
    return Listing(tuple(items)) if items else None


def _ties(each: dict[str, object]) -> str:
    statements = []
    for name, words in (("imports", "imports"), ("imported_by", "is imported by")):
        found = each.get(name)
        if isinstance(found, list) and found:
            statements.append(f"{words} {named(map(str, found))}")
    typed = each.get("typed_by")
    if isinstance(typed, list) and typed:
        statements.append(f"is named in the types of {named(map(str, typed))}")
    tests = each.get("tests")
    direct = (
        f"tested directly by {named(map(str, tests))}"
        if isinstance(tests, list) and tests
        else "imported by no test directly"
    )
    statements.append(direct)
    return f"{code(str(each.get('path', '')))}: {'; '.join(statements)}."


def _definitions(of: Material) -> Iterator[Row]:
    for number, each in enumerate(of.rows("execution-pack.json", "code")[:DEFINITIONS_MAX]):
        path, start, end = each.get("path"), each.get("start"), each.get("end")
        if path not in of.touched or str(path).lower().endswith(_PROSE):
            continue
        yield of.row(
            [
                code(str(each.get("title", ""))),
                code(f"{path}:{start}-{end}"),
                used(str(each.get("why", ""))),
            ],
            of.held("execution-pack.json", "code", number),
        )


def _excerpts(of: Material) -> Iterator[Block]:
    fit = [
        (number, each)
        for number, each in enumerate(of.rows("execution-pack.json", "code"))
        if _is_plugged_into(of, each)
    ]
    for number, each in fit[:EXCERPTS_MAX]:
        shown, place = shown_of(of, each), f"{each['path']}:{each['start']}"
        caption = of.say(
            f"{code(str(each.get('title', '')))} in "
            f"{code(place)}{shown.note}. "
            f"{ended(used(str(each.get('why', ''))))}",
            of.held("execution-pack.json", "code", number),
        )
        yield Code(caption, "\n".join(shown.lines), str(each.get("language", "")).lower())


def _is_plugged_into(of: Material, each: dict[str, object]) -> bool:
    path = str(each.get("path", ""))
    is_code = not path.startswith(("test", "docs")) and not path.lower().endswith(_PROSE)
    known = isinstance(each.get("text"), str) and isinstance(each.get("start"), int)
    return path in of.touched and is_code and known


def _where(of: Material) -> Iterator[Section]:
    found = list(parts.places(of))
    if found:
        how = next((each.obtained for each in of.plan.likely if each.obtained), "")
        statements = f"The likeliest files of {of.subject} first for each requirement"
        lead = of.say(ended(f"{statements}, {how}" if how else statements), of.whole_plan)
        facts = [
            of.say(f"{ended(line)} What follows is what the plan expected.", of.scope(task))
            for task, line in parts.rescoped(of)
        ]
        yield from parts.section("places", "Where the work will be", parts.paragraph(lead, *facts))
        yield from found


def _proposed(of: Material) -> Iterator[Section]:
    model = of.plan.architecture
    order = {"new": 0, "changed": 1, "unchanged": 2}
    rows = tuple(
        of.row(
            [_called(each), each.kind, of.plan.change_of(each), ended(each.detail)],
            of.whole_plan,
        )
        for each in sorted(model.components, key=lambda one: order[one.change])
    )
    names = {each.id: _called(each) for each in model.components}
    arrows = tuple(
        of.say(
            f"{names.get(each.source, each.source)} → {names.get(each.target, each.target)}: "
            f"{each.label or 'uses it'}",
            of.whole_plan,
        )
        for each in model.relations
    )
    yield from parts.section(
        "proposed",
        "How it will be",
        parts.drawing(of, "proposed"),
        Table(("Part", "Kind", "Change", "What it is"), rows),
        Listing(arrows),
    )


def _called(each: Component) -> str:
    return code(each.path) if each.path else each.name


def _decisions(of: Material) -> Iterator[Section]:
    if of.plan.decisions:
        many = counted(len(of.plan.decisions), "choice")
        lead = of.say(
            f"The plan makes {many} about “{short(of.record.title, 80)}”, each with what it "
            "gives up:",
            of.whole_plan,
        )
        yield from parts.section("decisions", "Decisions", parts.paragraph(lead))
        yield from parts.choices(of)


def _constraints(of: Material) -> Iterator[Section]:
    items = tuple(
        of.say(
            f"{each.get('what', '')}: {ended(str(each.get('why', '')))}",
            of.held("execution-pack.json", "keep_out", number),
        )
        for number, each in enumerate(of.rows("execution-pack.json", "keep_out"))
    )
    checks = [
        of.say(f"{ended(text)} ({code(one.task.key)})", of.task(one.task))
        for one in of.changes
        for text in (*one.task.acceptance, *one.task.risk_checks)
    ]
    yield from parts.section("contracts", "What has to hold", Listing(tuple(checks), "box"))
    yield from parts.section("keep-out", "What not to touch", Listing(items))


def _tests(of: Material) -> Iterator[Section]:
    statements = list(parts.baseline(of))
    unknown = parts.untried(of, "How the tests end today is not known", "tester")
    yield from parts.section(
        "tests",
        "Tests today",
        Paragraph(tuple(statements)) if statements else parts.paragraph(unknown),
    )


def _ground(of: Material) -> Iterator[Section]:
    found = of.rows("survey.json", "stack", "dependencies")
    own = _own_manifest([str(each.get("manifest")) for each in found if _is_needed(each)])
    rows = tuple(
        of.row(
            [
                code(str(each.get("name", ""))),
                str(each.get("requirement", "")) or "any version",
                code(f"{each.get('manifest', '')}:{each.get('line', '')}"),
            ],
            of.held("survey.json", "stack", "dependencies", number),
        )
        for number, each in enumerate(found)
        if _is_needed(each) and each.get("manifest") == own
    )[:DEPENDENCIES_MAX]
    stack = None
    if of.plan.stack:
        stack = of.say(f"{of.subject} is built with {', '.join(of.plan.stack)}.", of.whole_plan)
    yield from parts.section(
        "foundation",
        "What it stands on",
        parts.paragraph(stack),
        Table(("Needs at run time", "Version", "Declared in"), rows),
    )


def _own_manifest(manifests: list[str]) -> str:
    """Return the manifest that speaks for the whole: at the top, and no list of pinned versions."""
    return min(
        dict.fromkeys(manifests),
        key=lambda name: (name.count("/"), name.endswith(".txt")),
        default="",
    )


def _is_needed(each: dict[str, object]) -> bool:
    return each.get("group") == "runtime"


def _found(of: Material) -> Iterator[Section]:
    yield from parts.section(
        "findings", "Found in these files", parts.findings_about(of, of.touched)
    )
