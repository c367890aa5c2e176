"""Git, started by us: no settings but our own, no hooks, no network, within bounds."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from missioncontrol.adapters.process_ends import wait_without_threads
from missioncontrol.ports.agent import AttemptFailed

PATCH_BYTES_MAX = 64 * 1024 * 1024
LIST_BYTES_MAX = 16 * 1024 * 1024
SECONDS_MAX = 300.0
"""For one question to git; a checkout of a very large repository takes longest."""

REASON_CHARACTERS_MAX = 400

_SETTINGS = (
    "safe.directory=*",
    "core.quotepath=off",
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    f"core.attributesFile={os.devnull}",
    f"core.excludesFile={os.devnull}",
    "core.autocrlf=false",
    "core.safecrlf=false",
    "core.longpaths=true",
    "core.sshCommand=false",
    "diff.external=",
    f"diff.orderFile={os.devnull}",
    "diff.noprefix=false",
    "diff.mnemonicPrefix=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.allow=never",
    "submodule.recurse=false",
    "advice.addEmbeddedRepo=false",
)


async def git(
    args: Sequence[str],
    *,
    cwd: Path,
    more: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    bytes_max: int = LIST_BYTES_MAX,
    fine: Sequence[int] = (0,),
) -> bytes:
    """Return what a git command wrote; it ends with this task, however that ends.

    `fine` are the exit codes that are no failure: `git grep` says by 1 that it found nothing.

    Raises:
        AttemptFailed: `worktree.no_git`, `worktree.failed` or `worktree.patch_too_large`.
    """
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    argv = ["git", "--no-pager", *settings, *args]
    wait_without_threads()
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            cwd=cwd,
            env=_environment(more or {}),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except FileNotFoundError as error:
        if error.filename != "git":
            raise
        raise AttemptFailed(
            "worktree.no_git", "git cannot be started here.", hint="Install git.", retryable=False
        ) from None
    try:
        async with asyncio.timeout(SECONDS_MAX):
            return await _answer(process, args, stdin, bytes_max, fine)
    except TimeoutError:
        reason = f"git {args[0]} took longer than {SECONDS_MAX:g} s."
        raise AttemptFailed("worktree.failed", reason) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _answer(
    process: asyncio.subprocess.Process,
    args: Sequence[str],
    stdin: bytes,
    bytes_max: int,
    fine: Sequence[int],
) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    feeding = asyncio.ensure_future(_feed(process.stdin, stdin))
    complaining = asyncio.ensure_future(_beginning(process.stderr))
    try:
        output = await _bounded(process.stdout, bytes_max)
        await asyncio.gather(feeding, complaining)
        code = await process.wait()
    finally:
        feeding.cancel()
        complaining.cancel()
    if code not in fine:
        why = " ".join(complaining.result().decode("utf-8", "replace").split())
        reason = f"git {args[0]} ended with status {code}: {why or 'it gave no reason'}"
        raise AttemptFailed("worktree.failed", reason[:REASON_CHARACTERS_MAX])
    return output


async def _feed(stream: asyncio.StreamWriter, content: bytes) -> None:
    with suppress(BrokenPipeError, ConnectionResetError):
        stream.write(content)
        await stream.drain()
        stream.close()


async def _beginning(stream: asyncio.StreamReader) -> bytes:
    """Read a stream to its end and return its beginning."""
    beginning = b""
    while part := await stream.read(65_536):
        beginning = (beginning + part)[:REASON_CHARACTERS_MAX]
    return beginning


async def _bounded(stream: asyncio.StreamReader, bytes_max: int) -> bytes:
    output = bytearray()
    while part := await stream.read(1024 * 1024):
        output += part
        if len(output) > bytes_max:
            raise AttemptFailed(
                "worktree.patch_too_large",
                f"What was changed takes more than {bytes_max // 2**20} MiB as a patch.",
                hint="Instruct the agent to put large files where git ignores them.",
                retryable=False,
            )
    return bytes(output)


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    """The environment without the caller's git settings, and without any user's config."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {
        **inherited,
        "LC_ALL": "C",
        "LANGUAGE": "",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        **more,
    }
