"""The historian: what the commits tell about churn, hot spots, coupling and ownership."""

from missioncontrol.specialists.historian.historian import Historian

__all__ = ["Historian"]
