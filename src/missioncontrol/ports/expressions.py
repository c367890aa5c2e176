"""What works out the expressions of a workflow: conditions, inputs, outputs."""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec


class Standing(msgspec.Struct, frozen=True):
    """How the needs of a step ended, as `success()` and `failure()` tell it."""

    success: bool = True
    failure: bool = False


SUCCEEDED = Standing()


class Expressions(Protocol):
    """Expressions in CEL over the names of `missioncontrol.domain.expression.NAMES`."""

    def fault(self, source: str) -> str:
        """Return why the expression can't be used, in one line with its place; "" where it can."""
        ...

    def kind(self, source: str) -> str:
        """Return the type of the expression as far as it can be derived without data.

        One of boolean, integer, number, string, list, object, null and any; any as well where it
        has a fault.
        """
        ...

    def item_paths(self, source: str) -> tuple[tuple[tuple[str | int, ...], ...], ...]:
        """Return what the expression takes by way of variables, and from items of lists.

        Each is a chain from a name on; behind a list, one from an item of that list on, and so
        forth: `steps.a.output.rows.all(row, row.size > 0)` gives
        (("steps", "a", "output", "rows"), ("size",)). Nothing where it has a fault.
        """
        ...

    def missing_members(self, source: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Return members that the expression reads from objects it makes without them.

        With each come those that the object has: `{'a': 1}.b` gives ("b", ("a",)).
        """
        ...

    def evaluate(
        self, source: str, names: Mapping[str, Any], standing: Standing = SUCCEEDED
    ) -> Any:
        """Return what the expression gives: a JSON value, to be read and not changed.

        Only what the expression refers to is read from `names`, so a mapping in it may be one
        that looks its values up when asked. Time and size are bounded.

        Raises:
            Rejected: `expression.failed`, naming the expression and the cause.
        """
        ...
