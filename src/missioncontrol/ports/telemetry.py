"""The receiver of telemetry as agents use it that can tell what they do."""

from collections.abc import Mapping
from typing import Protocol

from missioncontrol.ports.agent import Assignment


class Telemetry(Protocol):
    """Takes in what tools tell of themselves in the format of OpenTelemetry."""

    def variables(self, assignment: Assignment) -> Mapping[str, str]:
        """Return the OTEL_* variables with which a program tells us what it does.

        One of them holds a key: they belong into an environment, and never into argv. Empty where
        no receiver listens.
        """
        ...
