"""What a formula comes to, by Python's own grammar."""

import math
from collections.abc import Mapping


def value(formula: str, values: Mapping[str, float | None]) -> float | None:
    try:
        found = float(eval(formula, {"__builtins__": {}}, dict(values)))
    except (ZeroDivisionError, TypeError):  # TypeError: a value is None
        return None
    return found if math.isfinite(found) else None
