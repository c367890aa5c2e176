"""How many agents there are, and how many of them work: one count for every surface."""

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from missioncontrol.domain.lifecycle.states import AgentLife, Removed


class AgentCount(msgspec.Struct, frozen=True):
    """The agents that are not removed: built in, declared by commands and by files."""

    by_status: dict[str, int]

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self.by_status.values())

    @property
    def working(self) -> int:
        """How many of them work on a step now."""
        return self.by_status.get("active", 0)

    @property
    def words(self) -> str:
        """The count in words: `4 agents, 2 working`."""
        agents = "1 agent" if self.total == 1 else f"{self.total:,} agents"
        return f"{agents}, {self.working:,} working"


def count_agents(lives: Iterable[AgentLife], at_work: Mapping[str, int]) -> AgentCount:
    """Return the count; `at_work` is how many steps each agent works on, idle ones left out."""
    known = (life for life in lives if not isinstance(life.standing, Removed))
    return AgentCount(dict(Counter(life.status(at_work.get(life.name, 0)) for life in known)))
