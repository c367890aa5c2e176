"""The design of a new product on its mission's page: users, data, interfaces, stack, deployment."""

from typing import Any

from litestar import Request

from missioncontrol.application.queries.run_outcome import RunReport
from missioncontrol.domain.principal import Principal
from missioncontrol.domain.product_design import Field, Source
from missioncontrol.interfaces.console import Console

BASES = {
    "goal": "goal",
    "answer": "answer",
    "experience": "catalogue",
    "assumption": "assumption",
}


async def values(
    request: Request[Principal, Any, Any], console: Console, story: RunReport
) -> dict[str, Any]:
    """Return what `missions/design.html` shows."""
    del request, console
    return {"design": story.reading.plan.design, "basis_of": basis_of, "type_of": type_of}


def basis_of(source: Source) -> str:
    """Return what a part of the design rests on, in one word."""
    return BASES[source.basis]


def type_of(field: Field) -> str:
    """Return the type of a field, with its key and its values."""
    words = ", ".join(field.values) if field.values else field.type
    if field.references:
        words = f"→ {field.references}"
    marks = ["key"] if field.key == "primary" else []
    marks += ["unique"] if field.is_unique else []
    marks += ["optional"] if field.is_optional else []
    return f"{words} ({', '.join(marks)})" if marks else words
