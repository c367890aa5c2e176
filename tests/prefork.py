"""`mission` as a process of its own without the start of an interpreter.

Most of a short `mission` is the start of Python and the import of the command line. `Mission`
starts one as `subprocess.Popen` does, but forked from a server that has imported everything: it has
its own environment, directory, streams, session, exit code and signals, as a real start has. Where
a test is about the start itself (imports, encodings, variables that Python reads), it starts
`python -m missioncontrol`.
"""

import atexit
import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tests.prefork_server import MESSAGE_BYTES_MAX

SOURCE = Path(__file__).parents[1] / "src"
LANG = "C.UTF-8"
KEPT = ("HOME", "PATH", "TMPDIR")
_READ_AT_THE_START = ("PYTHON", "LC_", "LANG")
_FORKED_WITH = {"stdin", "stdout", "stderr", "cwd", "start_new_session"}


class Mission(subprocess.Popen[bytes]):
    """`mission ARGUMENTS`, forked; used as `subprocess.Popen` is."""

    def __init__(
        self,
        arguments: Sequence[str | bytes],
        env: Mapping[str, str],
        *,
        cwd: Path | str | bytes | None = None,
        **options: Any,
    ) -> None:
        """Start it; `options` are those of `Popen` for streams and the session."""
        self._report = -1
        super().__init__(list(arguments), env=env, cwd=cwd, **options)

    def _execute_child(
        self,
        args: Any,
        executable: Any,
        preexec_fn: Any,
        close_fds: Any,
        pass_fds: Any,
        cwd: Any,
        env: Any,
        startupinfo: Any,
        creationflags: Any,
        shell: Any,
        p2cread: int,
        p2cwrite: int,
        c2pread: int,
        c2pwrite: int,
        errread: int,
        errwrite: int,
        restore_signals: Any,
        gid: Any,
        gids: Any,
        uid: Any,
        umask: Any,
        start_new_session: bool,
        process_group: Any,
    ) -> None:
        assert not any((executable, preexec_fn, pass_fds, shell))
        order = {
            "arguments": [os.fsdecode(each) for each in args],
            "environment": dict(env),
            "directory": str(Path(os.fsdecode(cwd or ".")).absolute()),
            "session": start_new_session,
        }
        streams = [
            own if handle == -1 else handle
            for own, handle in enumerate((p2cread, c2pwrite, errwrite))
        ]
        message = json.dumps(order).encode()
        assert len(message) <= MESSAGE_BYTES_MAX
        self._report, write = os.pipe()
        socket.send_fds(server(), [message], [*streams, write])
        os.close(write)
        self.pid = self._read_number()
        self._child_created = True
        self._close_pipe_fds(  # type: ignore[attr-defined]
            p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite
        )

    def _read_number(self) -> int:
        line = b""
        while not line.endswith(b"\n"):
            more = os.read(self._report, 1)
            assert more, "The server of `mission` processes has ended."
            line += more
        return int(line)

    def poll(self) -> int | None:
        """Return the exit code if it has ended."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code once it has ended."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return code

    def _ended(self, seconds: float | None) -> int | None:
        if self.returncode is None and select.select([self._report], [], [], seconds)[0]:
            self.returncode = os.waitstatus_to_exitcode(self._read_number())
            os.close(self._report)
        return self.returncode

    def _internal_poll(self, *_: Any, **__: Any) -> int | None:
        return self.poll()


def start(
    arguments: Sequence[str | bytes], env: Mapping[str, str], **options: Any
) -> subprocess.Popen[bytes]:
    """Start `mission ARGUMENTS`: forked, or by a new interpreter where a fork can't do it."""
    if is_usual(env, options):
        return Mission(arguments, env, **options)
    return subprocess.Popen(
        [sys.executable, "-m", "missioncontrol", *arguments], env=env, **options
    )


def run(
    arguments: Sequence[str | bytes], env: Mapping[str, str], *, timeout: float, **options: Any
) -> subprocess.CompletedProcess[bytes]:
    """Run `mission ARGUMENTS` to its end; as `subprocess.run` with its output captured.

    Raises:
        TimeoutExpired: It was killed.
    """
    streams = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
    with start(arguments, env=env, stdin=subprocess.DEVNULL, **streams, **options) as process:
        try:
            out, err = process.communicate(timeout=timeout)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def is_usual(env: Mapping[str, str], options: Mapping[str, Any]) -> bool:
    """Tell whether a start with `env` needs nothing that only a new interpreter does."""
    usual = {"PYTHONPATH": str(SOURCE), "LANG": LANG}
    read = {name: value for name, value in env.items() if name.startswith(_READ_AT_THE_START)}
    return read == usual and not options.keys() - _FORKED_WITH


@cache
def server() -> socket.socket:
    """Return a line to the server of this process of tests, which ends with it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    program = str(Path(__file__).with_name("prefork_server.py"))
    inherited = {name: os.environ[name] for name in KEPT if name in os.environ}
    with theirs:
        subprocess.run(
            [sys.executable, program, str(theirs.fileno())],
            env={**inherited, "PYTHONPATH": str(SOURCE), "LANG": LANG},
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            check=True,
        )
    atexit.register(ours.close)
    return ours
