"""A small peer of the tests that speaks the Agent2Agent protocol: `small_peer.py PORT`.

It does what the first word of its message says.
"""

import asyncio
import sys
from typing import Any

import uvicorn
from a2a.helpers import get_data_parts, get_message_text, new_data_part, new_raw_part, new_text_part
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes
from a2a.server.tasks import InMemoryTaskStore, TaskUpdater
from a2a.types import a2a_pb2 as pb
from starlette.applications import Starlette

CANCELLED: list[str] = []


class Small(AgentExecutor):
    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        assert context.message is not None
        assert context.task_id is not None
        assert context.context_id is not None
        text = get_message_text(context.message) or "add"
        if context.current_task is None:
            task = pb.Task(
                id=context.task_id,
                context_id=context.context_id,
                status=pb.TaskStatus(state=pb.TASK_STATE_SUBMITTED),
            )
            await event_queue.enqueue_event(task)
        updater = TaskUpdater(event_queue, context.task_id, context.context_id)
        word = "answered" if context.current_task is not None else text.split()[0]
        await getattr(self, f"do_{word}")(updater, context, text)

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        CANCELLED.append(context.task_id or "")
        updater = TaskUpdater(event_queue, context.task_id or "", context.context_id or "")
        await updater.cancel()

    def said(self, updater: TaskUpdater, text: str) -> Any:
        return updater.new_agent_message([new_text_part(text)])

    async def do_add(self, updater: TaskUpdater, context: RequestContext, text: str) -> None:
        assert context.message is not None
        given = get_data_parts(context.message.parts)[0]
        await updater.start_work()
        await updater.add_artifact([new_data_part({"sum": given["a"] + given["b"]})], name="sum")
        await updater.complete()

    async def do_write(self, updater: TaskUpdater, context: RequestContext, text: str) -> None:
        await updater.start_work(self.said(updater, "I begin.\nIt takes a while."))
        part = new_text_part("Once upon ")
        await updater.add_artifact([part], artifact_id="t", name="tale")
        part = new_text_part("a time.")
        await updater.add_artifact([part], artifact_id="t", append=True, last_chunk=True)
        picture = new_raw_part(b"\x89PNG", media_type="image/png", filename="../cover.png")
        await updater.add_artifact([picture], name="cover")
        await updater.complete(self.said(updater, "Done."))

    async def do_ask(self, updater: TaskUpdater, context: RequestContext, text: str) -> None:
        await updater.requires_input(self.said(updater, "Which colour?"))

    async def do_answered(self, updater: TaskUpdater, context: RequestContext, text: str) -> None:
        await updater.add_artifact([new_text_part(f"It is {text}.")], name="colour")
        await updater.complete()

    async def do_fail(self, updater: TaskUpdater, context: RequestContext, text: str) -> None:
        await updater.failed(self.said(updater, "There is no paper."))

    async def do_reject(self, updater: TaskUpdater, context: RequestContext, text: str) -> None:
        await updater.reject(self.said(updater, "That is not mine to do."))

    async def do_sign(self, updater: TaskUpdater, context: RequestContext, text: str) -> None:
        await updater.requires_auth(self.said(updater, "Who are you?"))

    async def do_wait(self, updater: TaskUpdater, context: RequestContext, text: str) -> None:
        await updater.start_work(self.said(updater, "waiting"))
        await asyncio.sleep(60)

    async def do_cancelled(self, updater: TaskUpdater, context: RequestContext, text: str) -> None:
        await updater.add_artifact([new_data_part(len(CANCELLED))], name="count")
        await updater.complete()


def app(port: int, *, elsewhere: bool = False) -> Starlette:
    host = "203.0.113.7" if elsewhere else "127.0.0.1"
    card = pb.AgentCard(
        name="small",
        description="A small peer.",
        version="0.1",
        supported_interfaces=[
            pb.AgentInterface(
                url=f"http://{host}:{port}/rpc", protocol_binding="JSONRPC", protocol_version="1.0"
            )
        ],
        capabilities=pb.AgentCapabilities(streaming=True),
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
        skills=[pb.AgentSkill(id="tell", name="Telling", description="Tells.", tags=["t"])],
    )
    handler = DefaultRequestHandler(
        agent_executor=Small(), task_store=InMemoryTaskStore(), agent_card=card
    )
    return Starlette(
        routes=[*create_agent_card_routes(card), *create_jsonrpc_routes(handler, "/rpc")]
    )


if __name__ == "__main__":
    port = int(sys.argv[1])
    uvicorn.run(
        app(port, elsewhere=len(sys.argv) > 2), host="127.0.0.1", port=port, log_level="warning"
    )
