"""Reads whole records of sessions, whichever program wrote them."""

from missioncontrol.adapters.agent_sessions.claude import ClaudeReader
from missioncontrol.adapters.agent_sessions.codex import CodexReader
from missioncontrol.adapters.agent_sessions.record import SessionRecord, decoded
from missioncontrol.domain.agent_session import Program
from missioncontrol.domain.work import Usage

Reader = ClaudeReader | CodexReader


def reader_of(record: SessionRecord) -> Reader:
    """Return what applies the records of its program to a session."""
    return CodexReader(record) if record.program == "codex" else ClaudeReader(record)


def usage_by_model(session: str, program: Program, content: bytes) -> dict[str, Usage]:
    """Return what a session used by the end of its file, by model."""
    record = SessionRecord(session, program)
    reader = reader_of(record)
    for line in content.splitlines():
        reader.take(decoded(line))
    return record.by_model or ({record.model: record.usage} if record.model else {})
