"""A peer that speaks the Agent2Agent protocol as an agent."""

from missioncontrol.adapters.agents.a2a.kind import A2aKind as A2aKind
