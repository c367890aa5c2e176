"""CEL expressions whose library loads with the first one.

It takes seven megabytes, and most processes evaluate no expression.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from missioncontrol.ports.expressions import SUCCEEDED, Expressions, Standing


class LazyExpressions:
    """Implements `Expressions` by a `CelExpressions` that is made on first use."""

    @cached_property
    def _cel(self) -> Expressions:
        from missioncontrol.adapters.expressions.cel import CelExpressions

        return CelExpressions()

    def fault(self, source: str) -> str:
        return self._cel.fault(source)

    def kind(self, source: str) -> str:
        return self._cel.kind(source)

    def item_paths(self, source: str) -> tuple[tuple[tuple[str | int, ...], ...], ...]:
        return self._cel.item_paths(source)

    def missing_members(self, source: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return self._cel.missing_members(source)

    def evaluate(
        self, source: str, names: Mapping[str, Any], standing: Standing = SUCCEEDED
    ) -> Any:
        return self._cel.evaluate(source, names, standing)
