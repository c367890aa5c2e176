"""Coding agents that speak the Agent Client Protocol."""

from missioncontrol.adapters.agents.acp.kind import AcpKind as AcpKind
