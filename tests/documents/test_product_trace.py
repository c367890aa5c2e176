"""The trace of a new product leads from words of its goal over its design to files and tests."""

from functools import cache

from missioncontrol.documents.traceability.check import trace_check
from missioncontrol.documents.traceability.graph import TraceGraph, reached
from missioncontrol.documents.traceability.links import trace_graph
from missioncontrol.documents.traceability.report import matrix
from missioncontrol.domain.plan import Plan
from tests.documents.records import Made, redis_run
from tests.greenfield.test_product_plans import planned


@cache
def made() -> Made:
    return redis_run(plan=planned("choir")[0])


def plan_and_graph() -> tuple[Plan, TraceGraph]:
    return planned("choir")[0], trace_graph(made().record)


def test_each_part_of_the_design_is_in_the_trace_and_explained() -> None:
    _, graph = plan_and_graph()
    design = planned("choir")[1]
    parts = {node.id for node in graph.nodes if node.kind in {"entity", "interface", "metric"}}
    assert parts == {
        *(f"entity:{each.table}" for each in design.entities),
        *(f"interface:{each.name}" for each in design.interfaces),
        *(f"metric:{each.id}" for each in design.metrics),
    }
    for part in parts:
        above = {edge.source for edge in reached(graph, part, up=True)}
        assert "goal" in above, part


def test_a_table_of_the_goal_leads_to_a_task_a_file_and_a_test() -> None:
    _, graph = plan_and_graph()
    design = planned("choir")[1]
    kinds = {node.id: node.kind for node in graph.nodes}
    asked = [each for each in design.entities if each.source.basis == "goal"]
    assert asked
    whole = 0
    for entity in asked:
        node = f"entity:{entity.table}"
        above = {kinds[edge.source] for edge in reached(graph, node, up=True)}
        assert "requirement" in above, entity.name
        below = {kinds[edge.target] for edge in reached(graph, node, up=False)}
        whole += {"task", "file", "test"} <= below
    assert whole >= len(asked) / 2


def test_the_matrix_names_the_parts_that_a_requirement_asks_for() -> None:
    plan, graph = plan_and_graph()
    rows = matrix(made().record, graph, trace_check(made().record))
    assert len(rows) == len(plan.requirements)
    assert any(node.kind == "entity" for row in rows for node in row.parts)


def test_a_plan_of_existing_code_has_no_such_part() -> None:
    kinds = {node.kind for node in trace_graph(redis_run().record).nodes}
    assert not kinds & {"entity", "interface", "metric"}
