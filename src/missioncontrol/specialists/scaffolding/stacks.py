"""The stacks that a scaffold can be written in, and which of them a design asks for."""

from typing import Literal, cast

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.product_design import ProductDesign
from missioncontrol.domain.scaffold_stack import BY_THE_GOAL, CHOICES, STACKS, ScaffoldStack
from missioncontrol.specialists.greenfield.catalogue import Technology, technologies

Dialect = Literal["sqlite", "duckdb", "postgres"]
_DATABASES: dict[Dialect, str] = {
    "sqlite": "SQLite",
    "duckdb": "DuckDB",
    "postgres": "PostgreSQL",
}
_WRITTEN_FOR: dict[ScaffoldStack, tuple[Dialect, ...]] = {
    "python-web": ("sqlite", "postgres"),
    "static-pages": ("sqlite", "postgres"),
    "data-pipeline": ("duckdb", "sqlite"),
}
"""The databases of a stack that is written for several; the first is the one without a choice."""
_FASTAPI = dict.fromkeys(("Framework", "Web", "Server"), ("FastAPI",))
_HONO = dict.fromkeys(("Framework", "Web", "Server"), ("Hono",))
_MIGRATED = {"Migrations": ("numbered SQL files",)}
_MADE_OF: dict[ScaffoldStack, dict[str, tuple[str, ...]]] = {
    "python-web": {"Language": ("Python",), **_FASTAPI, **_MIGRATED},
    "node-web": {"Language": ("TypeScript", "Node.js", "JavaScript"), **_HONO, **_MIGRATED},
    "static-pages": {"Language": ("Python", "HTML", "JavaScript"), **_FASTAPI, **_MIGRATED},
    "python-command": {"Language": ("Python",), "Commands": ("argparse",), **_MIGRATED},
    "python-library": {"Language": ("Python",), **_MIGRATED},
    "data-pipeline": {"Language": ("Python",), "Commands": ("argparse",), **_MIGRATED},
}
"""What a stack uses besides its database, by the part of the design that chooses it."""
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
_DEMANDS = frozenset({"goal", "answer"})
"""What a choice rests on where people have named it."""
_SUPPORTED = _TYPESCRIPT | {"python", "sql", ""}
_OTHER_FRAMEWORKS = frozenset(
    (
        "Astro", "Django", "Express", "Fastify", "Flask", "Godot", "Litestar", "NestJS", "Next.js",
        "Streamlit", "SvelteKit", "Unity", "Unreal Engine",
    )
)  # fmt: skip
"""What a product is built around, so that no stack of these languages can stand in for it."""
_NO_STORES = frozenset({"Prometheus"})
"""Databases that a goal names for what the product reports, and not for what it stores."""


class StackRefusal(msgspec.Struct, frozen=True):
    """Why no scaffold is written in the stack that a design names, and what can be had."""

    asked: str
    nearest: ScaffoldStack
    nearest_made_of: str

    @property
    def reason(self) -> str:
        """Return what is not written, and what is."""
        return f"There is no scaffold for {self.asked}. Written are {', '.join(STACKS)}."

    @property
    def hint(self) -> str:
        """Return the nearest stack, and how to get it."""
        return f"The nearest is `--scaffold {self.nearest}` ({self.nearest_made_of})."


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
    """Return the stack by the kind of product and by what its goal names.

    A language or framework that the catalogue recommends, but that the goal does not name, is no
    demand: Python stands in for it.
    """
    named = _technologies(design, is_named=True)
    nearest = _nearest(design, named)
    asked = _not_written(design, named, nearest)
    return StackRefusal(asked, nearest, made_of(design, nearest)) if asked else nearest


def _not_written(design: ProductDesign, named: list[Technology], nearest: ScaffoldStack) -> str:
    """Return what the goal demands and no scaffold has; "" where there is nothing."""
    for each in named:
        if _language(each) not in _SUPPORTED or each.name in _OTHER_FRAMEWORKS:
            return each.name
    kind = design.kind_title or design.kind
    if design.kind in _WITHOUT:
        return f"a {kind.lower()}"
    script = next((each for each in named if _language(each) in _TYPESCRIPT), None)
    if script and nearest not in {"node-web", "static-pages"}:
        return f"{script.name} and {kind}"
    stores = [
        each.choice
        for each in design.stack
        if each.part == "Database"
        and each.source.basis in _DEMANDS
        and not any(_begins(each.choice, name) for name in _NO_STORES)
    ]
    if not stores or any(_begins(each, name) for each in stores for name in _names(nearest)):
        return ""
    return f"{STACKS[nearest].partition(':')[0]} with {stores[0]}"


def database_of(design: ProductDesign, stack: ScaffoldStack) -> Dialect:
    """Return the database of a product: the one that its design chooses, where it is written.

    A pipeline has DuckDB unless the goal names another: designs recommend SQLite for small ones.
    """
    written = _WRITTEN_FOR.get(stack, ("sqlite",))
    chosen = (
        dialect
        for each in design.stack
        if each.part == "Database" and (stack != "data-pipeline" or each.source.basis in _DEMANDS)
        for dialect in written
        if _begins(each.choice, _DATABASES[dialect])
    )
    return next(chosen, written[0])


def _names(stack: ScaffoldStack) -> list[str]:
    """Return the databases that a stack is written for."""
    return [_DATABASES[each] for each in _WRITTEN_FOR.get(stack, ("sqlite",))]


def made_of(design: ProductDesign, stack: ScaffoldStack) -> str:
    """Return a stack in words, with the one database that this product has."""
    title, has_several, _ = STACKS[stack].partition(", and ")
    return f"{title} and {_DATABASES[database_of(design, stack)]}" if has_several else title


def differences(design: ProductDesign, stack: ScaffoldStack) -> tuple[str, ...]:
    """Return in words what a stack has otherwise than the design chooses."""
    parts = {**_MADE_OF[stack], "Database": (_DATABASES[database_of(design, stack)],)}
    return tuple(
        f"{choice.part}: the design chooses {choice.choice}, the skeleton uses {used[0]}."
        for choice in design.stack
        if (used := parts.get(choice.part, ()))
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
        if is_named and choice.source.basis not in _DEMANDS:
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
