"""Who is evaluated: a declared agent that works, or a program named on the spot."""

import asyncio
import hashlib
import shlex
import shutil
from pathlib import Path
from time import monotonic

import msgspec

from missioncontrol.cli.trial_runners import EvaluationRunner
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.errors import NotFound, Rejected, Unavailable
from missioncontrol.domain.evaluation import Subject
from missioncontrol.domain.lifecycle.states import AgentLife, Ready, Starting

KINDS = ("codex", "claude", "acp", "command")
READY_SECONDS_MAX = 70.0
LOOK_SECONDS = 0.1
PROMPT_BYTES_MAX = 100_000


def prompt_of(file: str | None) -> str:
    """Return the text that precedes each task.

    Raises:
        Rejected: `evaluation.bad_prompt`.
    """
    if file is None:
        return ""
    try:
        content = Path(file).read_bytes()
        text = content.decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise _bad_prompt(file, f"can't be read: {why}") from None
    if not text or len(content) > PROMPT_BYTES_MAX:
        raise _bad_prompt(file, f"has {len(content):,} bytes; 1 to {PROMPT_BYTES_MAX:,} fit")
    return text


def _bad_prompt(file: str, why: str) -> Rejected:
    return Rejected("evaluation.bad_prompt", f"{file!r} (--prompt) {why}.")


def parse_subject(text: str, prompt: str) -> Subject:
    """Return a program that was named on the spot, with the digests of the files it is made of.

    Raises:
        Rejected: `evaluation.bad_command`.
    """
    try:
        argv = tuple(shlex.split(text))
    except ValueError as error:
        raise _bad_command(text, str(error)) from None
    if not argv or not argv[0]:
        raise _bad_command(text, "it names no program")
    program = shutil.which(argv[0])
    if program is None:
        raise _bad_command(text, f"there is no program {argv[0]!r}")
    # The program works in the tree of a trial, so that relative paths of ours would mean another.
    whole = (str(Path(program).absolute()), *(_whole(each) for each in argv[1:]))
    hashed = hashlib.sha256(msgspec.json.encode(whole))
    for each in whole:
        hashed.update(_file_digest(each))
    return Subject(
        "command", "command", hashed.hexdigest(), argv=whole, prompt=_prompt_digest(prompt)
    )


def _bad_command(text: str, why: str) -> Rejected:
    return Rejected(
        "evaluation.bad_command",
        f"--command is {text[:80]!r}: {why}.",
        hint="Write a program and its arguments, as a shell would take them.",
    )


def _whole(argument: str) -> str:
    path = Path(argument)
    return str(path.absolute()) if "/" in argument and path.is_file() else argument


def _file_digest(argument: str) -> bytes:
    path = Path(argument)
    try:
        return hashlib.sha256(path.read_bytes()).digest() if path.is_file() else b""
    except OSError:
        return b""


def _prompt_digest(prompt: str) -> str:
    return hashlib.sha256(prompt.encode()).hexdigest() if prompt else ""


async def declared(hall: EvaluationRunner, name: str, prompt: str) -> Subject:
    """Return a declared agent once it has shown that it works.

    Raises:
        NotFound: `agent.unknown`.
        Rejected: `evaluation.wrong_agent`.
        Unavailable: `evaluation.not_ready`.
    """
    life = await hall.life(name)
    if life is None:
        raise NotFound(
            "agent.unknown",
            f"There is no agent {name!r} here.",
            hint="`mission agent list` names them; --command names a program on the spot.",
        )
    _refuse_unfit(life.declared)
    until = monotonic() + READY_SECONDS_MAX
    while isinstance(life.standing, Starting) and monotonic() < until:
        await asyncio.sleep(LOOK_SECONDS)
        life = await hall.life(name) or life
    if not isinstance(life.standing, Ready):
        raise _not_ready(life)
    encoded = msgspec.json.encode(life.declared, order="deterministic")
    return Subject(
        name,
        life.declared.kind,
        hashlib.sha256(encoded).hexdigest(),
        life.version,
        life.declared.model,
        prompt=_prompt_digest(prompt),
    )


def _refuse_unfit(found: Declaration) -> None:
    if found.kind not in KINDS:
        raise Rejected(
            "evaluation.wrong_agent",
            f"Agent {found.name!r} is of kind {found.kind!r}, which changes no code in a tree.",
            hint=f"An agent of kind {', '.join(KINDS)} can be evaluated.",
        )
    if found.kind == "command" and (not found.settings or found.settings.get("cwd")):
        raise Rejected(
            "evaluation.wrong_agent",
            f"Agent {found.name!r} does not work in the tree of a trial.",
            hint="Leave `cwd` out of its settings, or name the program with --command.",
        )


def _not_ready(life: AgentLife) -> Unavailable:
    standing = life.standing
    why = getattr(standing, "reason", "") or f"it is {type(standing).__name__.lower()}"
    return Unavailable(
        "evaluation.not_ready",
        f"Agent {life.name!r} takes no work: {why}",
        hint=f"`mission agent test {life.name}` tells more.",
    )
