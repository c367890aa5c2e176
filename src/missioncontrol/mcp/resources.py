"""What can be read by its address: runs, plans, reports, documents, packs and artifacts."""

import json
from typing import Any

from missioncontrol.domain.document_kinds import DocumentKind
from missioncontrol.domain.repository.documents import TaskDocument
from missioncontrol.mcp import missions, record, repository_tasks, runs
from missioncontrol.mcp.bounds import Part
from missioncontrol.mcp.server import Ctx, Server

JSON = "application/json"
MARKDOWN = "text/markdown"
BYTES = "application/octet-stream"


async def run(ctx: Ctx, run: str) -> str:
    """A run: how it stands, its first steps, and what waits for a person."""
    return _json(await runs.show_run(ctx, run))


async def plan(ctx: Ctx, mission: str) -> str:
    """The accepted plan of a mission."""
    return _json(await missions.show_plan(ctx, mission))


async def report(ctx: Ctx, mission: str, offset: int) -> str:
    """A part of the report of a mission; its last line says where the next one begins."""
    address = f"mission://missions/{mission}/report"
    return _text(await missions.read_report(ctx, mission, offset=offset), address)


async def document(ctx: Ctx, mission: str, kind: DocumentKind, offset: int) -> str:
    """A part of a document of a mission; its last line says where the next one begins."""
    address = f"mission://missions/{mission}/documents/{kind}"
    return _text(await record.read_document(ctx, mission, kind, offset=offset), address)


async def pack(ctx: Ctx, mission: str, task: str, offset: int) -> str:
    """A part of the execution pack of a task; its last line says where the next one begins."""
    address = f"mission://missions/{mission}/packs/{task}"
    return _text(await missions.execution_pack(ctx, mission, task, offset=offset), address)


async def task(ctx: Ctx, repository: str, number: int, document: TaskDocument, offset: int) -> str:
    """A part of a document of a task; its last line says where the next one begins."""
    address = f"mission://repositories/{repository}/tasks/{number}/{document}"
    found = await repository_tasks.read_task(ctx, repository, number, document, max(offset, 0))
    return _text(found, address)


async def artifact(ctx: Ctx, digest: record.Digest, offset: int) -> bytes:
    """Up to 32,000 bytes of an artifact from an offset on, exactly as they are stored."""
    return await record.bytes_of(ctx, digest, max(offset, 0))


def add_resources(server: Server) -> None:
    """Hang everything here on a server."""
    for address, handler, kind in (
        ("mission://runs/{run}", run, JSON),
        ("mission://missions/{mission}/plan", plan, JSON),
        ("mission://missions/{mission}/report/{offset}", report, MARKDOWN),
        ("mission://missions/{mission}/documents/{kind}/{offset}", document, MARKDOWN),
        ("mission://missions/{mission}/packs/{task}/{offset}", pack, MARKDOWN),
        ("mission://repositories/{repository}/tasks/{number}/{document}/{offset}", task, MARKDOWN),
        ("mission://artifacts/{digest}/{offset}", artifact, BYTES),
    ):
        server.resource(address, mime_type=kind)(handler)


def _json(answer: dict[str, Any]) -> str:
    return json.dumps(answer, ensure_ascii=False, indent=1)


def _text(part: Part, address: str) -> str:
    if part["next"] is None:
        return part["text"]
    return f"{part['text']}\n\n[goes on at {address}/{part['next']}]\n"
