"""Starts programs under rules: by Landlock and seccomp on Linux, by a profile on macOS."""

import subprocess
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from missioncontrol.confinement import landlock, seccomp
from missioncontrol.ports.confinement import Rules


def start(argv: Sequence[str], rules: Rules, **options: Any) -> "subprocess.Popen[bytes]":
    """Start `argv` under `rules`; `options` are those of `subprocess.Popen`.

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
    """Start a program from a thread that restricts itself by the rules and then ends.

    The kernel restricts threads, for good, and a program inherits the rules of the thread that
    starts it. So no interpreter has to be started for each program, no code of ours runs between
    fork and exec, and this process itself stays unrestricted.
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


WRITABLE_DEVICES = ("/dev/null", "/dev/zero", "/dev/tty", "/dev/dtracehelper", "/dev/fd")


RESOLVERS = ("/private/var/run/mDNSResponder", "/private/var/run/syslog")
"""Unix sockets that the C library needs to look up names and to log."""


def with_profile(argv: Sequence[str], rules: Rules) -> list[str]:
    """Return the command that runs `argv` under `rules`."""
    return ["/usr/bin/sandbox-exec", "-p", "\n".join(_lines(rules)), *argv]


def _lines(rules: Rules) -> Iterator[str]:
    """Yield the lines of the profile; of the rules that match, the last one decides."""
    yield "(version 1)"
    yield "(allow default)"
    yield "(deny file-write*)"
    if not rules.unix_sockets:
        yield '(deny network-outbound (subpath "/"))'  # A path is that of a Unix socket.
        for path in RESOLVERS:
            yield f"(allow network-outbound (literal {_quoted(path)}))"
        for path in rules.own:
            yield f"(allow network-outbound (subpath {_quoted(path)}))"
    for path in (*WRITABLE_DEVICES, *rules.writes, *rules.own):
        yield f"(allow file-write* (subpath {_quoted(path)}))"
    for path in rules.hidden:
        yield f"(deny file* network-outbound (subpath {_quoted(path)}))"
    for path in rules.reads:
        yield f"(allow file-read* (subpath {_quoted(path)}))"
    for path in rules.own:
        yield f"(allow file* (subpath {_quoted(path)}))"
    yield "(deny signal (target others))"
    yield "(deny process-info* (target others))"
    if rules.ports is not None:
        yield "(deny network-outbound (remote udp))"
        yield "(deny network-outbound (remote tcp))"
        for port in rules.ports:
            yield f'(allow network-outbound (remote tcp "*:{port}"))'


def _quoted(path: str) -> str:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
