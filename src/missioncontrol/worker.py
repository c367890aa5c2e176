"""The program that does a specialist's work: `python -m missioncontrol.worker NAME`."""

from missioncontrol.specialists import catalogue, host
from missioncontrol.specialists.specialist import Specialist


def specialist(name: str) -> Specialist:
    """Return the specialist called `name`; the planner gets the model that is configured."""
    if name != "planner":
        return catalogue.find(name)
    from missioncontrol.adapters.models.openai_compatible import OpenAICompatible, endpoint_from
    from missioncontrol.specialists.planner.planner import Planner

    endpoint = endpoint_from()
    return Planner(OpenAICompatible(endpoint) if endpoint is not None else None)


if __name__ == "__main__":
    raise SystemExit(host.main(specialist))
