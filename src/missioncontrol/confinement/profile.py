"""The rules of a program as a profile for `sandbox-exec` of macOS."""

from collections.abc import Iterator, Sequence

from missioncontrol.ports.confinement import Rules

WRITABLE_DEVICES = ("/dev/null", "/dev/zero", "/dev/tty", "/dev/dtracehelper", "/dev/fd")


RESOLVERS = ("/private/var/run/mDNSResponder", "/private/var/run/syslog")
"""Unix sockets that the C library needs to look up names and to log."""


def with_profile(argv: Sequence[str], rules: Rules) -> list[str]:
    """Return the command that runs `argv` under `rules`."""
    return ["/usr/bin/sandbox-exec", "-p", "\n".join(_lines(rules)), *argv]


def _lines(rules: Rules) -> Iterator[str]:
    """Yield the lines of the profile: of those that fit, the last one holds."""
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
