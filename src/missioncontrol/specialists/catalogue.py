"""The specialists by name. Each is imported only when it is asked for."""

from importlib import import_module

from missioncontrol.specialists.specialist import Specialist

CLASSES = {
    "planner": "missioncontrol.specialists.planner.planner:Planner",
    "surveyor": "missioncontrol.specialists.surveyor:Surveyor",
    "historian": "missioncontrol.specialists.historian:Historian",
    "architect": "missioncontrol.specialists.architect.architect:Architect",
    "tester": "missioncontrol.specialists.tester.tester:Tester",
    "auditor": "missioncontrol.specialists.auditor.auditor:Auditor",
    "writer": "missioncontrol.specialists.writer.writer:Writer",
    "manager": "missioncontrol.specialists.manager.manager:Manager",
    "reviewer": "missioncontrol.specialists.reviewer.reviewer:Reviewer",
    "inspector": "missioncontrol.specialists.inspector.inspector:Inspector",
    "merger": "missioncontrol.specialists.merger.merger:Merger",
    "scaffolder": "missioncontrol.specialists.scaffolder.scaffolder:Scaffolder",
}

RUNNING = frozenset({"tester", "merger"})
"""Those who run the programs of a repository."""


def find(name: str) -> Specialist:
    """Return the specialist called `name`.

    Raises:
        KeyError: there is none.
    """
    module, _, attribute = CLASSES[name].partition(":")
    specialist: Specialist = getattr(import_module(module), attribute)()
    return specialist
