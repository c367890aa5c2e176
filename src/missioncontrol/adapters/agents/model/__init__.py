"""A language model as an agent."""

from missioncontrol.adapters.agents.model.kind import ModelKind as ModelKind
