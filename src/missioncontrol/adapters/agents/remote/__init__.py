"""Agents that are carried out elsewhere, by workers that reach this engine."""

from missioncontrol.adapters.agents.remote.kind import WorkerKind

__all__ = ["WorkerKind"]
