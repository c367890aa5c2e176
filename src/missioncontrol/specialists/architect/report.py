"""Writes the study for a person: what the goal touches, cycles, layers, and unused modules."""

from collections.abc import Iterable, Iterator, Sequence

from missioncontrol.specialists.architect.results import counts, most_imported, place
from missioncontrol.specialists.architect.study import Cycle, Near, Study
from missioncontrol.specialists.markdown import counted

LISTED_MAX = 12
CYCLES_SHOWN = 10


def markdown(study: Study) -> str:
    """Return architecture.md."""
    parts: list[Iterable[str]] = [
        ["# How the modules hang together", "", summary(study), ""],
        _goal(study),
        _cycles(study),
        _layers(study),
        _most_imported(study),
        _unimported(study),
        _obtained(study),
    ]
    return "\n".join(line for part in parts for line in part).rstrip() + "\n"


def summary(study: Study) -> str:
    """Say in one sentence what was found."""
    number = counts(study)
    if not number["modules"]:
        return "No code file of a product was found, so there is no module graph."
    shape = f"{counted(number['modules'], 'module')} with {counted(number['lines'], 'line')}"
    if not number["imports"]:
        return f"{shape}; no import between two of them was found."
    ties = f"{counted(number['imports'], 'import')} between them in {number['layers']} layers"
    return f"{shape}, {ties}; {_cycle_words(number['cycles_at_load'], number['cycles_deferred'])}."


def _cycle_words(at_load: int, deferred: int) -> str:
    words = "no import cycle while loading"
    if at_load:
        words = f"{at_load} import cycle{'s' * (at_load > 1)} while loading"
    if deferred:
        words += f", {deferred} separated by later imports"
    return words


def _goal(study: Study) -> Iterator[str]:
    if not study.near:
        return
    yield from ("## Around what the goal is about", "")
    for near in study.near:
        yield from _near(near)
    yield ""


def _near(near: Near) -> Iterator[str]:
    why = f" ({'; '.join(near.reasons)})" if near.reasons else ""
    yield f"- **`{near.path}`**{why}"
    yield f"  - {_importers(near)}"
    if near.typed_by:
        yield f"  - imported for types only by {_listed(near.typed_by)}"
    if near.imports:
        yield f"  - imports {_listed(near.imports)}"
    yield f"  - {_tests(near)}"
    if near.cycles:
        yield f"  - part of cycle {', '.join(str(number + 1) for number in near.cycles)} below"


def _importers(near: Near) -> str:
    if not near.imported_by:
        return "no other module of the product imports it to run"
    others = near.reaches - len(near.imported_by)
    more = f"; through them {others} more need it to run" if others > 0 else ""
    return f"imported by {_listed(near.imported_by)}{more}"


def _tests(near: Near) -> str:
    if not near.tests and not near.tests_through:
        return "no test file imports it, directly or through other modules"
    through = f"{near.tests_through} test files reach it through other modules"
    if not near.tests:
        return f"no test file imports it directly; {through}"
    direct = f"imported directly by the tests {_listed(near.tests)}"
    return f"{direct}; {through}" if near.tests_through else direct


def _listed(paths: Sequence[str], most: int = LISTED_MAX) -> str:
    shown = ", ".join(f"`{path}`" for path in paths[:most])
    return f"{shown} and {len(paths) - most} more" if len(paths) > most else shown


def _cycles(study: Study) -> Iterator[str]:
    if not study.cycles:
        return
    yield from ("## Cycles", "")
    for number, cycle in enumerate(study.cycles[:CYCLES_SHOWN], start=1):
        yield from _cycle(number, cycle)
    left = len(study.cycles) - CYCLES_SHOWN
    if left > 0:
        yield from (f"{left} more stand in architecture.json.", "")


def _cycle(number: int, cycle: Cycle) -> Iterator[str]:
    later = "separated by imports inside functions or under `__main__`"
    kind = "while loading" if cycle.when == "load" else later
    yield f"{number}. {len(cycle.modules)} modules, {kind}: {_listed(cycle.modules)}"
    yield "   Shortest way round:"
    for each in cycle.way:
        late = " (later)" if each.when == "deferred" else ""
        yield f"   - {place(each)}{late}"
    yield ""


def _layers(study: Study) -> Iterator[str]:
    if not study.imports:
        return
    yield from ("## Layers", "")
    yield "A module imports, while it loads, only from layers below its own or within its cycle."
    yield from ("", "| layer | modules |", "| ---: | --- |")
    alone = set(study.alone)
    for layer in range(study.layers - 1, -1, -1):
        paths = [e.module.path for e in study.modules if e.layer == layer]
        yield f"| {layer} | {_listed([path for path in paths if path not in alone])} |"
    yield ""


def _most_imported(study: Study) -> Iterator[str]:
    ranked = most_imported(study)
    if not ranked:
        return
    yield from ("## Most imported", "", "| module | imported by |", "| --- | ---: |")
    for path, importers in ranked:
        yield f"| `{path}` | {importers} |"
    yield ""


def _unimported(study: Study) -> Iterator[str]:
    if not study.unimported or not study.imports:
        return
    yield from ("## Named by no import statement of the repository", "")
    yield (
        "Entry points and modules loaded by name look like this too: "
        f"{_listed(study.unimported, 30)}."
    )
    yield ""


def _obtained(study: Study) -> Iterator[str]:
    yield from ("## How this was obtained", "")
    for words in study.graph.obtained:
        yield f"- {words}"
    for words in study.graph.left_out:
        yield f"- Left out: {words}"
    number = counts(study)
    beside = [
        f"{number[key]} {words}"
        for key, words in (("test_modules", "test"), ("other_modules", "example or tool"))
        if number[key]
    ]
    if beside:
        yield f"- {' and '.join(beside)} modules are not part of the layers; their imports count"
        yield "  only for what imports what."
