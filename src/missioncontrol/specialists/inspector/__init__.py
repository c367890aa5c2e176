"""The inspector: what can be said of a change without a model."""

from missioncontrol.specialists.inspector.inspector import Inspector

__all__ = ["Inspector"]
