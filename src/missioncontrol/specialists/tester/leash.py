"""Runs a command and ends it with everything it started once the leash's holder is gone."""

# This file runs as a script of its own, in a process group of its own. Its standard input is the
# leash: a pipe whose other end the specialist holds. However the specialist ends, even by SIGKILL,
# the pipe closes, and the group goes with it. No test run outlives its mission.

import os
import signal
import subprocess
import sys
import threading


def main() -> int:
    """Run the command given as arguments and return its exit status as a shell would."""
    # An interrupt is for the command, which may sum up before it ends; a handler, unlike ignoring,
    # is not passed on to it.
    signal.signal(signal.SIGINT, lambda *_: None)
    threading.Thread(target=_end_with_the_holder, daemon=True).start()
    try:
        child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)  # noqa: S603 - the purpose
    except OSError as fault:
        sys.stderr.write(f"{sys.argv[1]}: {fault.strerror}\n")
        return 127
    status = child.wait()
    return status if status >= 0 else 128 - status


def _end_with_the_holder() -> None:
    while os.read(0, 1024):
        pass
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
