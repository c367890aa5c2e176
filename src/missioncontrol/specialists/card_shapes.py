"""The words in which cards are written: shapes of inputs and outputs that several of them share."""

from collections.abc import Iterable
from importlib import import_module

from missioncontrol.domain.agent import AgentCard, Kind, Shape, tier
from missioncontrol.domain.step import Spending

VERSION: str = import_module("missioncontrol").__version__
"""Asked for by name: the top of the package offers what lies above this room as well."""


REPOSITORY = Shape("path", description="An absolute path of a directory; it is only read.")


def object_of(required: bool = True, /, description: str = "", **fields: Shape) -> Shape:
    """Return an object that has these fields and no others."""
    return Shape("object", fields, required=required, description=description, open=False)


def list_of(of: Kind | Shape, description: str = "") -> Shape:
    """Return a list of such values."""
    items = of if isinstance(of, Shape) else Shape(of)
    return Shape("list", items=items, description=description)


def text(description: str = "") -> Shape:
    """Return a text."""
    return Shape("string", description=description)


def count(description: str = "") -> Shape:
    """Return a whole number."""
    return Shape("integer", description=description)


CHECKS = Shape(
    "list",
    items=list_of("string"),
    required=False,
    description="Commands that have to end well too, each a list of its words; they run in the "
    "same tree, after the tests.",
)
SCOPE = Shape(
    "list",
    items=Shape("string"),
    required=False,
    description="Files that may be changed, as paths or as patterns of `.gitignore`; [] for all.",
)
CHECKED = object_of(
    command=list_of("string"),
    status=text("passed, failed, could_not_start or timed_out."),
    reason=text(),
    exit_code=Shape("integer", required=False),
    seconds=Shape("number", required=False),
    tail=text("The end of what it printed."),
)
BROKEN = object_of(
    test=text("Its name, or the command of a check; '' where the run names no test."),
    message=text(),
    path=text("'' where it is not known."),
    line=count(),
)


def card_of(
    name: str,
    description: str,
    inputs: dict[str, Shape],
    output: Shape,
    *,
    capabilities: Iterable[str],
    artifacts: Iterable[str],
    effects: Iterable[str] = ("reads_files",),
    spending: Spending | None = None,
) -> AgentCard:
    """Return the card of a specialist; its tier follows from its effects."""
    shared = (
        *("repository", "goal", "title", "context", "constraints", "builder", "planner"),
        *("kind", "recalled", "silenced", "memory", "actuals", "scaffold"),
    )
    return AgentCard(
        name,
        VERSION,
        "specialist",
        tuple(capabilities),
        description,
        Shape("object", inputs, open=False),
        output,
        tuple(artifacts),
        tier(effects),
        tuple(effects),
        spending,
        tuple(each for each in shared if each in inputs),
    )
