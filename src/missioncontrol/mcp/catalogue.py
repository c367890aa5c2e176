"""The whole server: every tool with what it does to the world, and every resource."""

from mcp_types import ToolAnnotations

from missioncontrol.mcp import (
    approvals,
    guard,
    missions,
    questions,
    record,
    repository_tasks,
    runs,
)
from missioncontrol.mcp.declarations import send
from missioncontrol.mcp.resources import add_resources
from missioncontrol.mcp.run_tasks import RunTasks
from missioncontrol.mcp.server import Reach, Server
from missioncontrol.surfaces.mcp import tools

READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
BEGINS = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=True)
ENDS = ToolAnnotations(read_only_hint=False, destructive_hint=True, open_world_hint=False)

TOOLS = (
    (missions.plan_mission, BEGINS),
    (missions.begin_mission, BEGINS),
    (missions.list_missions, READS),
    (missions.show_plan, READS),
    (missions.read_report, READS),
    (missions.execution_pack, READS),
    (runs.list_runs, READS),
    (runs.show_run, READS),
    (runs.run_status, READS),
    (runs.follow_run, READS),
    (runs.cancel_run, ENDS),
    (approvals.list_approvals, READS),
    (approvals.show_approval, READS),
    (approvals.approve, BEGINS),
    (approvals.reject, ENDS),
    (questions.list_questions, READS),
    (questions.answer_question, BEGINS),
    (repository_tasks.list_tasks, READS),
    (repository_tasks.show_task, READS),
    (repository_tasks.read_task, READS),
    (repository_tasks.add_task, BEGINS),
    (repository_tasks.start_task, BEGINS),
    (repository_tasks.sign_task, BEGINS),
    (record.search, READS),
    (record.list_artifacts, READS),
    (record.read_artifact, READS),
    (record.list_documents, READS),
    (record.read_document, READS),
    (guard.guard, READS),
)


def whole(reach: Reach, version: str) -> Server:
    """Return the server whose tools reach a home by `reach`."""
    server = Server(reach, version, RunTasks(reach))
    furnish(server)
    return server


def furnish(server: Server) -> None:
    """Hang every tool and resource on a server."""
    for tool, does in TOOLS:
        server.add_tool(tool, annotations=does)
    for declared, effect in tools(send):
        server.add_tool(declared, annotations=effect)
    add_resources(server)
