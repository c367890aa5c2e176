"""Starts programs under the rules that hold for them."""

import subprocess
import threading
from collections.abc import Sequence
from typing import Any

from missioncontrol.confinement import landlock, seccomp
from missioncontrol.confinement.profile import with_profile
from missioncontrol.ports.confinement import Rules


def start(argv: Sequence[str], rules: Rules, **options: Any) -> "subprocess.Popen[bytes]":
    """Start `argv` held to `rules`; `options` are those of `subprocess.Popen`.

    Raises:
        OSError: it can't be started, or not under these rules.
        ValueError: `argv` or the environment hold a NUL.
    """
    match rules.means:
        case "landlock":
            return _from_a_thread(argv, rules, options)
        case "sandbox-exec":
            return subprocess.Popen(with_profile(argv, rules), **options)  # noqa: S603 - the purpose
        case "none":
            return subprocess.Popen(argv, **options)  # noqa: S603 - the purpose


def _from_a_thread(
    argv: Sequence[str], rules: Rules, options: dict[str, Any]
) -> "subprocess.Popen[bytes]":
    """Start a program from a thread that holds itself to the rules and then ends.

    The kernel holds threads to rules, for good, and a program inherits those of the thread that
    starts it. So no interpreter has to be started for each program, nothing of ours runs between
    fork and exec, and this process stays as free as it was.
    """
    started: list[subprocess.Popen[bytes]] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            with landlock.ruleset(rules) as file:
                landlock.restrict_thread(file)
                seccomp.filter_thread(rules)
                started.append(subprocess.Popen(argv, **options))  # noqa: S603 - the purpose
        except BaseException as error:  # noqa: BLE001 - raised again where it is awaited
            failed.append(error)

    thread = threading.Thread(target=work, name="confined-start", daemon=True)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return started[0]
