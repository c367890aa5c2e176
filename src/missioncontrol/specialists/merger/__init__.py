"""The merger: one change at a time onto a branch of ours, composed and tested elsewhere."""

from missioncontrol.specialists.merger.merger import Merger

__all__ = ["Merger"]
