"""`.runs/RUN/manifest.json`: a run of tasks for readers of the checkout without a data directory.

It is a projection of the log: written from the record, and the same record gives the same
bytes.
"""

import hashlib
import json
from typing import Any

import msgspec

from missioncontrol.domain.repository.documents import TaskDocument
from missioncontrol.domain.repository.events import Part

FOLDER = ".runs"
NAME = "manifest.json"
FORM = 1
SCHEMA = "https://json-schema.org/draft/2020-12/schema"


class File(msgspec.Struct, frozen=True):
    """Something that a step handed in; the home keeps it by its digest."""

    name: str
    digest: str  # SHA-256
    size: int  # bytes
    path: str = ""  # where it lies beside the manifest; "" where it does not


class Command(msgspec.Struct, frozen=True):
    """A program that was run, and how it ended."""

    argv: tuple[str, ...]
    exit_code: int
    seconds: float


class Tests(msgspec.Struct, frozen=True):
    """What a report of tests counted."""

    passed: int
    failed: int
    errors: int
    skipped: int


class Spent(msgspec.Struct, frozen=True):
    """Tokens, and micro-dollars; null where a price is not known."""

    input_tokens: int
    output_tokens: int
    cost: int | None


class Try(msgspec.Struct, frozen=True):
    """A lease on a step. Times are seconds since the epoch."""

    number: int
    fence: int
    agent: str
    started: float
    ended: float | None
    outcome: str  # running, succeeded, failed, interrupted, cancelled or repeated
    reason: str
    spent: Spent
    process_ids: tuple[int, ...]
    began_at: int  # position in the log
    ended_at: int  # likewise; 0 while it works


class Heartbeats(msgspec.Struct, frozen=True):
    """Heartbeats: the output of a step."""

    lines: int
    first: float  # seconds since the epoch; 0 where there was none
    last: float


class Done(msgspec.Struct, frozen=True):
    """A step and what became of it."""

    key: str
    task: int  # 0 where it is of no task
    round: int  # 1 for the first
    name: str  # in its workflow: manage, build, test, inspect, review or merge
    agent: str
    state: str
    reason: str
    tries: tuple[Try, ...]
    heard: Heartbeats
    commands: tuple[Command, ...]
    tests: Tests | None
    files: tuple[File, ...]


class Merged(msgspec.Struct, frozen=True):
    """Where a change went."""

    state: str  # merged or returned
    into: str
    commit: str
    onto: str
    rebased: bool
    reason: str


class Noted(msgspec.Struct, frozen=True):
    """Something that the last round found."""

    rule: str
    message: str
    path: str
    line: int  # 0 where it is about no line
    remedy: str


class Evidence(msgspec.Struct, frozen=True):
    """A file of evidence; the data directory stores it by its digest."""

    step: str
    name: str
    digest: str  # SHA-256


class TaskDone(msgspec.Struct, frozen=True):
    """A task of the run, and what came of it."""

    task: int
    title: str
    folder: str
    documents: dict[TaskDocument, str]  # SHA-256 of what the builder was given
    scope: tuple[str, ...]
    state: str  # waiting, working, held, merged, failed, blocked or cancelled
    rounds: int
    change: str  # the newest commit that was built; "" where there is none
    merged: Merged | None
    reason: str = ""  # why it failed
    remedy: str = ""  # what to do about it
    findings: tuple[Noted, ...] = ()  # of the last round, where the rounds are over
    findings_left_out: int = 0
    evidence: tuple[Evidence, ...] = ()


class Agreed(msgspec.Struct, frozen=True):
    """A requested approval."""

    approval: str
    step: str
    digest: str  # of what would run
    state: str
    by: str
    reason: str
    at: float


class Acting(msgspec.Struct, frozen=True):
    """Who does a part."""

    part: Part
    agent: str
    kind: str
    version: str
    model: str


class Resume(msgspec.Struct, frozen=True):
    """Where the run goes on: what has ended is not done again."""

    open_steps: tuple[str, ...]
    command: str  # "" once it has ended


class Chained(msgspec.Struct, frozen=True):
    """The part of the log that this was written from."""

    stream: str
    events: int
    first: int  # positions in the log
    last: int
    head: str  # hash of the last of them, which holds the hash of each event before it


class RunManifest(msgspec.Struct, frozen=True):
    """A run of tasks."""

    form: int  # of this file
    run: str
    repository: str
    workflow: str
    status: str
    author: str
    into: str
    created: float
    ended: float | None
    tasks: tuple[TaskDone, ...]
    agents: tuple[Acting, ...]
    steps: tuple[Done, ...]
    approvals: tuple[Agreed, ...]
    spent: Spent
    resume: Resume
    log: Chained
    digest: str = ""  # SHA-256 of everything above, as JSON with sorted keys and without blanks


def sealed(manifest: RunManifest) -> RunManifest:
    """Return a manifest with its digest."""
    return msgspec.structs.replace(manifest, digest=_digest(msgspec.to_builtins(manifest)))


def manifest_text(manifest: RunManifest) -> str:
    """Return the file."""
    return json.dumps(msgspec.to_builtins(manifest), indent=2, ensure_ascii=False) + "\n"


def is_as_written(text: str) -> bool:
    """Tell whether a file is as it was written, by its own digest."""
    try:
        manifest = json.loads(text)
        return isinstance(manifest, dict) and manifest.get("digest") == _digest(manifest)
    except (ValueError, RecursionError):
        return False


def manifest_schema() -> dict[str, Any]:
    """Return the JSON Schema of the file."""
    (schema,), parts = msgspec.json.schema_components([RunManifest], ref_template="#/$defs/{name}")
    return {"$schema": SCHEMA, "title": "A run of tasks", **schema, "$defs": parts}


def _digest(manifest: dict[str, Any]) -> str:
    rest = {name: value for name, value in manifest.items() if name != "digest"}
    plain = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(plain.encode()).hexdigest()
