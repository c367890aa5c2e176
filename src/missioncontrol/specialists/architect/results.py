"""Turns the study into findings, facts and the JSON that later steps read."""

from collections.abc import Mapping, Sequence
from typing import Any

from missioncontrol.domain.work import Fact, Finding
from missioncontrol.specialists.architect.graph import Import
from missioncontrol.specialists.architect.study import Cycle, Near, Study

JSON = "architecture.json"
CYCLES_MAX = 50
IMPORTS_MAX = 20_000
NEAR_MAX = 12


def findings(study: Study) -> tuple[Finding, ...]:
    """Return a finding for each cycle, with the lines that make it."""
    return tuple(_cycle_finding(cycle, study) for cycle in study.cycles[:CYCLES_MAX])


def _cycle_finding(cycle: Cycle, study: Study) -> Finding:
    first = cycle.way[0]
    lines = "; ".join(place(each) for each in cycle.way)
    count = len(cycle.modules)
    obtained = "strongly connected components of the import graph"
    if cycle.when == "load":
        # A module of the product that loads half-initialised is a trap for the next change there.
        near = any(each.path in cycle.modules for each in study.near)
        return Finding(
            "architect.import-cycle",
            "medium" if near else "low",
            f"{count} modules import each other while they load",
            first.file,
            first.line,
            f"Shortest way round: {lines}. Whichever loads first, one sees another half loaded: "
            "it works as long as nothing of that one is used before it has finished.",
            "Move what both sides need into a module below them, or move the import that is only "
            "needed for types under TYPE_CHECKING.",
            obtained,
        )
    late = next(each for each in cycle.way if each.when == "deferred")
    return Finding(
        "architect.deferred-cycle",
        "info",
        f"{count} modules need each other; later imports keep them loadable",
        late.file,
        late.line,
        f"Shortest way round: {lines}.",
        "Keep those imports inside their functions: moving one to the top closes the circle.",
        obtained,
    )


def place(each: Import) -> str:
    """Name an import by its place and its words."""
    return f"{each.file}:{each.line} `{each.text}`"


def counts(study: Study) -> dict[str, int]:
    """Count what the summary and the facts name."""
    kinds = [module.kind for module in study.graph.modules]
    at_load = sum(cycle.when == "load" for cycle in study.cycles)
    return {
        "modules": len(study.modules),
        "lines": sum(each.module.lines for each in study.modules),
        "imports": len(study.imports),
        "layers": study.layers,
        "cycles_at_load": at_load,
        "cycles_deferred": len(study.cycles) - at_load,
        "unimported": len(study.unimported),
        "test_modules": kinds.count("test"),
        "other_modules": kinds.count("other"),
    }


def facts(study: Study) -> tuple[Fact, ...]:
    """Return the figures with where each stands in the JSON."""
    units = {
        "modules": ("Modules of the product", "modules"),
        "imports": ("Imports between them", "statements"),
        "layers": ("Layers of imports", "layers"),
        "cycles_at_load": ("Import cycles while loading", "cycles"),
        "cycles_deferred": ("Cycles separated by later imports", "cycles"),
    }
    how = "; ".join(study.graph.obtained)
    number = counts(study)
    found = [
        Fact(label, number[key], unit, JSON, f"/counts/{key}", how)
        for key, (label, unit) in units.items()
    ]
    top = most_imported(study)
    if top:
        path, fan_in = top[0]
        found.append(
            Fact(
                f"Most imported module: {path}",
                fan_in,
                "importers",
                JSON,
                "/most_imported/0/importers",
                how,
            )
        )
    found += [
        Fact(
            f"Modules that depend on {near.path}",
            near.reaches,
            "modules",
            JSON,
            f"/goal/{number}/reaches",
            f"{how}; followed through any number of imports",
        )
        for number, near in enumerate(study.near[:3])
    ]
    return tuple(found)


def most_imported(study: Study) -> list[tuple[str, int]]:
    """Return modules and how many import them, at least two, most first."""
    ranked = sorted(study.modules, key=lambda each: (-each.fan_in, each.module.path))
    return [(each.module.path, each.fan_in) for each in ranked[:10] if each.fan_in > 1]


def document(study: Study) -> dict[str, Any]:
    """Return the whole study as JSON; lists that could grow without end are cut and say so."""
    left_out = list(study.graph.left_out)
    if len(study.imports) > IMPORTS_MAX:
        left_out.append(f"{len(study.imports) - IMPORTS_MAX} imports are counted but not listed")
    return {
        "counts": counts(study),
        "goal": [_near(each) for each in study.near],
        "cycles": [_cycle(each) for each in study.cycles],
        "most_imported": [{"path": p, "importers": n} for p, n in most_imported(study)],
        "unimported": list(study.unimported),
        "alone": list(study.alone),
        "modules": [
            {
                "path": each.module.path,
                "name": each.module.name,
                "language": each.module.language,
                "lines": each.module.lines,
                "layer": each.layer,
                "fan_in": each.fan_in,
                "fan_out": each.fan_out,
            }
            for each in study.modules
        ],
        "imports": [_import(each) for each in study.imports[:IMPORTS_MAX]],
        "obtained": list(study.graph.obtained),
        "left_out": left_out,
    }


def output(study: Study) -> dict[str, Any]:
    """Return what the steps that follow need: figures, cycles, and the goal's surroundings."""
    whole = document(study)
    names = ("counts", "goal", "most_imported", "unimported", "obtained", "left_out")
    cycles: Sequence[Mapping[str, Any]] = whole["cycles"]
    return {key: whole[key] for key in names} | {"cycles": list(cycles[:10])}


def _near(near: Near) -> dict[str, Any]:
    return {
        "path": near.path,
        "reasons": list(near.reasons),
        "imports": list(near.imports),
        "imported_by": list(near.imported_by),
        "typed_by": list(near.typed_by),
        "reaches": near.reaches,
        "tests": list(near.tests),
        "tests_through": near.tests_through,
        "cycles": list(near.cycles),
    }


def _cycle(cycle: Cycle) -> dict[str, Any]:
    return {
        "when": cycle.when,
        "modules": list(cycle.modules),
        "way": [_import(each) for each in cycle.way],
    }


def _import(each: Import) -> dict[str, Any]:
    return {
        "source": each.source,
        "target": each.target,
        "file": each.file,
        "line": each.line,
        "text": each.text,
        "when": each.when,
    }
