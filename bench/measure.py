"""One measured figure beside its reference: the JSON line, and the row of the table."""

from typing import Any, Literal

import msgspec


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """A figure of ours and what it stands beside; `ratio` is always value / reference_value."""

    measure: str
    value: float
    unit: str
    reference: str
    reference_value: float
    better: Literal["higher", "lower"] = "higher"
    target: float | None = None  # of `ratio`, or of `value` where `target_of` says so
    target_of: Literal["ratio", "value"] = "ratio"
    more: dict[str, Any] = {}

    @property
    def ratio(self) -> float:
        """How many times the reference it is."""
        return self.value / self.reference_value if self.reference_value else 0.0

    @property
    def is_met(self) -> bool | None:
        """Whether the target is reached; None where there is none."""
        if self.target is None:
            return None
        reached = self.ratio if self.target_of == "ratio" else self.value
        return reached >= self.target if self.better == "higher" else reached <= self.target

    def line(self) -> str:
        """Return it as one line of JSON."""
        shown: dict[str, Any] = {
            "measure": self.measure,
            "value": rounded(self.value),
            "unit": self.unit,
            "reference": self.reference,
            "reference_value": rounded(self.reference_value),
            "ratio": rounded(self.ratio),
            "better": self.better,
        }
        if self.target is not None:
            shown |= {"target": self.target, "target_of": self.target_of, "met": self.is_met}
        return msgspec.json.encode(shown | self.more).decode()


def rounded(value: float) -> float:
    """Return four significant digits: no figure here is better than that."""
    return float(f"{value:.4g}")
