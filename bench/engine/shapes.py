"""The shapes of work that every contender carries out."""

import msgspec

from bench.worker import Job


class Shape(msgspec.Struct, frozen=True):
    """A workload: so many runs of so many steps."""

    name: str
    steps: int  # of one run
    runs: int = 1
    at_once: int = 1
    repeat: int = 1  # where one run is over too soon to be timed well, ours is done again
    rounds: int = 9
    peer_rounds: int = 5

    def job(self, *, source: str = "", repeat: int = 1, keep: bool = False) -> Job:
        """Return it as a job."""
        return Job(self.name, self.steps, self.runs * repeat, self.at_once, source, keep=keep)

    def small(self) -> Job:
        """Return a little of the same, for warming up."""
        return Job(self.name, min(self.steps, 50), min(self.runs, 20), self.at_once)


CHAIN = Shape("chain", 200, repeat=2)
FAN = Shape("fan", 200, repeat=5)
MANY = Shape("many", 5, 200, 50, repeat=2, peer_rounds=3)
LONG = Shape("long", 10_000, rounds=5, peer_rounds=1)
SHORT = Shape("long", 200, 10, rounds=5)
