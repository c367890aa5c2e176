"""The stacks that a scaffold can be written in, and which of them a design asks for."""

from typing import Literal, cast, get_args

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.product_design import ProductDesign
from missioncontrol.domain.scaffold_stack import BY_THE_GOAL, CHOICES, STACKS, ScaffoldStack
from missioncontrol.specialists.greenfield.catalogue import Technology, technologies

Dialect = Literal["sqlite", "duckdb"]
_MADE_OF: dict[ScaffoldStack, dict[str, tuple[str, ...]]] = {
    "python-web": {"Language": ("Python",), "Framework": ("FastAPI",), "Database": ("SQLite",)},
    "node-web": {
        "Language": ("TypeScript", "Node.js", "JavaScript"),
        "Framework": ("Hono",),
        "Database": ("SQLite",),
    },
    "static-pages": {
        "Language": ("Python", "HTML", "JavaScript"),
        "Framework": ("FastAPI",),
        "Database": ("SQLite",),
    },
    "python-command": {"Language": ("Python",), "Database": ("SQLite",)},
    "python-library": {"Language": ("Python",), "Database": ("SQLite",)},
    "data-pipeline": {"Language": ("Python",), "Database": ("SQLite", "DuckDB")},
}
"""What a stack uses, by the part of the design that chooses it."""
_BY_KIND: dict[str, ScaffoldStack] = {
    "command-line": "python-command",
    "scheduled-jobs": "python-command",
    "library": "python-library",
    "data-pipeline": "data-pipeline",
    "static-site": "static-pages",
}
_WITHOUT: dict[str, ScaffoldStack] = {
    "game": "static-pages",
    "browser-extension": "static-pages",
    "desktop-app": "python-command",
}
"""Kinds of product that no stack fits, with the nearest."""
_TYPESCRIPT = frozenset({"typescript", "javascript", "nodejs"})
_SUPPORTED = _TYPESCRIPT | {"python", "sql", ""}
_ENGINES = frozenset({"Godot", "Unity", "Unreal Engine"})


class StackRefusal(msgspec.Struct, frozen=True):
    """Why no scaffold is written in the stack that a design names, and what can be had."""

    asked: str
    nearest: ScaffoldStack
    supported: tuple[ScaffoldStack, ...] = get_args(ScaffoldStack)

    @property
    def reason(self) -> str:
        """Return what is not supported, and what is."""
        known = "; ".join(f"{key} ({STACKS[key]})" for key in self.supported)
        return f"There is no scaffold for {self.asked}. Supported: {known}."

    @property
    def hint(self) -> str:
        """Return the nearest stack, and how to get it."""
        return f"The nearest is `--scaffold {self.nearest}` ({STACKS[self.nearest]})."


def chosen_stack(design: ProductDesign, asked: str = BY_THE_GOAL) -> ScaffoldStack:
    """Return the stack that is asked for by name, else the one that follows from the design.

    Raises:
        Rejected: `scaffold.stack_unsupported`, `scaffold.unknown_stack`.
    """
    if asked != BY_THE_GOAL:
        if asked not in CHOICES:
            raise Rejected(
                "scaffold.unknown_stack",
                f"There is no scaffold {asked[:80]!r}.",
                hint=f"There are {', '.join(CHOICES)}.",
            )
        return cast(ScaffoldStack, asked)
    found = stack_for(design)
    if isinstance(found, StackRefusal):
        raise Rejected("scaffold.stack_unsupported", found.reason, hint=found.hint)
    return found


def stack_for(design: ProductDesign) -> ScaffoldStack | StackRefusal:
    """Return the stack by the kind of product and the language that its goal names.

    A language that the catalogue recommends, but that the goal does not name, is no demand:
    Python stands in for it.
    """
    named = _technologies(design, is_named=True)
    nearest = _nearest(design, named)
    for each in named:
        if _language(each) not in _SUPPORTED or each.name in _ENGINES:
            return StackRefusal(each.name, nearest)
    if design.kind in _WITHOUT:
        return StackRefusal(f"a {(design.kind_title or design.kind).lower()}", nearest)
    script = next((each for each in named if _language(each) in _TYPESCRIPT), None)
    if script and nearest not in {"node-web", "static-pages"}:
        return StackRefusal(f"{script.name} and {design.kind_title or design.kind}", nearest)
    return nearest


def database_of(design: ProductDesign) -> Dialect:
    """Return the database of a pipeline: DuckDB, unless the goal names SQLite."""
    named = [each for each in design.stack if each.source.basis in {"goal", "answer"}]
    return "sqlite" if any(_begins(each.choice, "SQLite") for each in named) else "duckdb"


def made_of(design: ProductDesign, stack: ScaffoldStack) -> str:
    """Return a stack in words, with the one database that this product has."""
    if stack != "data-pipeline":
        return STACKS[stack]
    used = "SQLite" if database_of(design) == "sqlite" else "DuckDB"
    return f"Data pipeline: Python and {used}"


def differences(design: ProductDesign, stack: ScaffoldStack) -> tuple[str, ...]:
    """Return in words what a stack has otherwise than the design chooses."""
    made_of = _MADE_OF[stack]
    return tuple(
        f"{choice.part}: the design chooses {choice.choice}, the skeleton uses {used[0]}."
        for choice in design.stack
        if (used := made_of.get(choice.part, ()))
        and not any(_begins(choice.choice, each) for each in used)
    )


def _nearest(design: ProductDesign, named: list[Technology]) -> ScaffoldStack:
    if design.kind in _BY_KIND or design.kind in _WITHOUT:
        return _BY_KIND.get(design.kind) or _WITHOUT[design.kind]
    kinds = {each.kind for each in design.interfaces if each.kind != "event"}
    if kinds and kinds <= {"command", "job"}:
        return "python-command"
    if kinds == {"function"}:
        return "python-library"
    languages = [each for each in map(_language, named) if each]
    if not languages:
        languages = [each for t in _technologies(design, is_named=False) if (each := _language(t))]
    return "node-web" if languages and languages[0] in _TYPESCRIPT else "python-web"


def _language(technology: Technology) -> str:
    return technology.key if technology.part == "language" else technology.language


def _technologies(design: ProductDesign, *, is_named: bool) -> list[Technology]:
    """Return the technologies of the catalogue among the choices of a stack."""
    parts = [each for each in technologies() if each.part in {"language", "framework"}]
    known = sorted(parts, key=lambda each: -len(each.name))
    found: list[Technology] = []
    for choice in design.stack:
        if is_named and choice.source.basis not in {"goal", "answer"}:
            continue
        text = choice.choice
        match = next((t for t in known if _begins(text, t.name)), None)
        if match:
            found.append(match)
    return found


def _begins(text: str, name: str) -> bool:
    """Tell whether the text of a choice, such as `Go 1.24`, begins with a name."""
    rest = text.removeprefix(name)
    return rest != text and (not rest or rest[0] in " ,;(")
