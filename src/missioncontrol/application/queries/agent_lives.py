"""All agents that are not removed, and their count."""

from collections import Counter

from missioncontrol.application.queries.instruments import Instruments
from missioncontrol.application.queries.rows import newest_rows
from missioncontrol.application.read_model import Present
from missioncontrol.domain.lifecycle.agent_count import AgentCount, count_agents
from missioncontrol.domain.lifecycle.states import AgentLife, Ready, Removed

AGENTS_MAX = 2_000


def lives(present: Present, instruments: Instruments) -> list[AgentLife]:
    """Return what is true of every agent that is not removed, by name."""
    built_in = instruments.built_in.items()
    found = {name: AgentLife(declared, "built_in", Ready(), 0.0) for name, declared in built_in}
    found |= {life.name: life for life in newest_rows(present, "agent", limit=AGENTS_MAX)}
    return [found[name] for name in sorted(found) if not isinstance(found[name].standing, Removed)]


def agent_count(present: Present, instruments: Instruments) -> AgentCount:
    """Return how many agents there are, by status, as far as the measures have read the log."""
    at_work = Counter(each.agent for each in instruments.measuring.at_work)
    return count_agents(lives(present, instruments), at_work)
