"""The program that does a specialist's work: `python -m missioncontrol.worker NAME`."""

from missioncontrol.specialists import catalogue, host
from missioncontrol.specialists.specialist import Specialist


def specialist(name: str) -> Specialist:
    """Return the specialist called `name`, with what it needs from outside.

    Planner and writer get the model that is configured, the inspector the rules of repositories.
    """
    if name == "inspector":
        from missioncontrol.app.commit_policy_check import CommitPolicyCheck
        from missioncontrol.specialists.inspector import Inspector

        return Inspector(CommitPolicyCheck())
    if name not in ("planner", "writer"):
        return catalogue.find(name)
    from missioncontrol.adapters.openai_compatible import OpenAICompatible, endpoint_from

    endpoint = endpoint_from()
    if endpoint is None:
        return catalogue.find(name)
    model = OpenAICompatible(endpoint)
    if name == "writer":
        from missioncontrol.specialists.writer.prose import ProsingWriter

        return ProsingWriter(catalogue.find(name), model)
    from missioncontrol.specialists.planner.planner import Planner

    return Planner(model)


if __name__ == "__main__":
    raise SystemExit(host.main(specialist))
