"""Draws the tasks of the plan: what waits for what."""

from missioncontrol.documents.drawing.material import Material
from missioncontrol.documents.figures import counted
from missioncontrol.documents.plan_graph import direct_needs
from missioncontrol.drawing.model import Edge, Graph, Link, Node

TITLE = "Tasks and what they wait for"
TASKS_MAX = 80


def tasks(material: Material) -> Graph | str:
    """Return the drawing; a need that follows from another one has no arrow."""
    record = material.record
    if not record.tasks:
        return "There is no plan yet, so there is no task to draw."
    shown = record.tasks[:TASKS_MAX]
    needs = direct_needs({one.task.key: one.task.needs for one in shown})
    nodes = tuple(
        Node(
            one.task.key,
            one.task.title.replace("`", ""),
            "task",
            f"{one.task.agent or one.task.role}, {one.state.replace('_', ' ')}",
            "; ".join(one.task.acceptance[:2]),
            "",
            Link("task", one.task.key),
        )
        for one in shown
    )
    known = {node.id for node in nodes}
    edges = tuple(
        Edge(need, key) for key, wanted in needs.items() for need in wanted if need in known
    )
    left = len(record.tasks) - len(shown)
    more = f"; {left} more are not drawn" if left else ""
    done = sum(one.state == "succeeded" for one in shown)
    summary = (
        f"{counted(len(shown), 'task')}, {done} done{more}. An arrow leads to what waits for it."
    )
    return Graph(TITLE, summary, nodes, edges)
