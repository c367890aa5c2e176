"""The inspector: findings about a change without a model."""

from missioncontrol.specialists.inspector.inspector import Inspector

__all__ = ["Inspector"]
