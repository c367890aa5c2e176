"""LangGraph with its SQLite checkpointer, every step on disk before its dependants start."""

import itertools
import operator
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any, TypedDict

from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph

from bench.worker import Answer, Job


class Count(TypedDict):
    done: Annotated[int, operator.add]


def noop(state: Count) -> Count:
    return {"done": 1}


class LangGraph:
    """One checkpoint file; a graph is compiled before the time is measured."""

    def __init__(self, folder: Path) -> None:
        self._stack = ExitStack()
        saver = SqliteSaver.from_conn_string(str(folder / "checkpoints.db"))
        self._saver = self._stack.enter_context(saver)
        self._threads = itertools.count()

    def chain(self, job: Job) -> Answer:
        graph = self._compiled(chain(job.steps))
        begun = time.perf_counter()
        done = self._invoke(graph)
        elapsed = time.perf_counter() - begun
        assert done == job.steps
        return Answer(elapsed, done)

    def fan(self, job: Job) -> Answer:
        graph = self._compiled(fan(job.steps))
        begun = time.perf_counter()
        done = self._invoke(graph)
        elapsed = time.perf_counter() - begun
        assert done == job.steps + 1
        return Answer(elapsed, done)

    def many(self, job: Job) -> Answer:
        graph = self._compiled(chain(job.steps))
        with ThreadPoolExecutor(job.at_once) as threads:
            begun = time.perf_counter()
            done = sum(threads.map(lambda _: self._invoke(graph), range(job.runs)))
            elapsed = time.perf_counter() - begun
        assert done == job.steps * job.runs
        return Answer(elapsed, done)

    def _compiled(self, graph: Any) -> Any:
        return graph.compile(checkpointer=self._saver)

    def _invoke(self, graph: Any) -> int:
        thread = {"thread_id": str(next(self._threads))}
        config = {"configurable": thread, "recursion_limit": 1_000}
        state = graph.invoke({"done": 0}, config, durability="sync")
        return int(state["done"])

    def close(self) -> None:
        self._stack.close()


def chain(steps: int) -> Any:
    """Return a graph of nodes in a row."""
    graph = StateGraph(Count)
    before = START
    for number in range(steps):
        graph.add_node(f"step-{number}", noop)
        graph.add_edge(before, f"step-{number}")
        before = f"step-{number}"
    graph.add_edge(before, END)
    return graph


def fan(steps: int) -> Any:
    """Return a graph of nodes side by side and one after all of them."""
    graph = StateGraph(Count)
    names = [f"step-{number}" for number in range(steps)]
    for name in names:
        graph.add_node(name, noop)
        graph.add_edge(START, name)
    graph.add_node("join", noop)
    graph.add_edge(names, "join")
    graph.add_edge("join", END)
    return graph
