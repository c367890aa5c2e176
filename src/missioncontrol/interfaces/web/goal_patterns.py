"""Ways to begin a goal: what the planner of missions knows to take apart, as a start for typing."""

from typing import NamedTuple


class Pattern(NamedTuple):
    """A goal with gaps, and constraints that usually go with it."""

    key: str
    title: str
    goal: str
    constraints: tuple[str, ...] = ()


PATTERNS = (
    Pattern("feature", "Feature", "Add … so that …", ("Keep the public interface as it is",)),
    Pattern("bug-fix", "Bug fix", "Fix … : instead of …, it should …"),
    Pattern("refactoring", "Refactoring", "Extract … from …", ("Behaviour stays the same",)),
    Pattern("tests", "Tests", "Test … where …"),
    Pattern("dependency", "Upgrade", "Upgrade … to …", ("Nothing that is deprecated is left",)),
    Pattern("security", "Security", "Harden … against …"),
    Pattern("performance", "Performance", "Speed up …", ("Results stay the same",)),
    Pattern("documentation", "Documentation", "Document … for …"),
)


def pattern(key: str) -> Pattern | None:
    """Return a pattern by its key, or None where there is none."""
    return next((each for each in PATTERNS if each.key == key), None)
