"""What the program of a step may not do to the engine, its data directory and this machine."""

import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from missioncontrol.confinement import (
    HiddenDirectories,
    available_confinement,
    landlock,
    start,
)
from missioncontrol.ports.confinement import Confinement, Rules

CONFINEMENT = available_confinement({})
pytestmark = pytest.mark.skipif(
    CONFINEMENT.means != "landlock", reason="this kernel has no Landlock"
)

ATTEMPTS = """
import ctypes, json, os, shutil, socket, sys
home, tree, engine = sys.argv[1], sys.argv[2], sys.argv[3]
key = home + "/signing-key.pem"
def unix():
    socket.socket(socket.AF_UNIX).connect("\\0mission-abstract-" + engine)
def link(make, name):
    make(key, tree + "/" + name)
    return open(tree + "/" + name).read()
def trace():
    if ctypes.CDLL(None).ptrace(0x4206, int(engine), None, None):  # PTRACE_SEIZE
        raise OSError
def vectors():
    buffer = (ctypes.c_uint64 * 2)(id(home), 8)
    if ctypes.CDLL(None).process_vm_readv(int(engine), buffer, 1, buffer, 1, 0) < 0:
        raise OSError
attempts = {
    "trace": trace,
    "vectors": vectors,
    "read": lambda: open(key).read(),
    "list": lambda: os.listdir(home),
    "write": lambda: open(home + "/log.db", "a").write("x"),
    "create": lambda: open(home + "/new", "w"),
    "cut": lambda: os.truncate(key, 0),
    "delete": lambda: os.unlink(key),
    "rename": lambda: os.rename(home, tree + "/home"),
    "hard link": lambda: link(os.link, "hard"),
    "symbolic link": lambda: link(os.symlink, "soft"),
    "through root": lambda: open(f"/proc/{engine}/root{key}").read(),
    "working directory": lambda: os.listdir(f"/proc/{engine}/cwd"),
    "open file": lambda: open(f"/proc/{engine}/fd/" + sys.argv[4]).read(),
    "memory": lambda: open(f"/proc/{engine}/mem", "rb"),
    "variables": lambda: open(f"/proc/{engine}/environ").read(),
    "memory map": lambda: open(f"/proc/{engine}/maps").read(),
    "signal": lambda: os.kill(int(engine), 0),
    "abstract socket": unix,
    "write beside the tree": lambda: open(os.path.dirname(tree) + "/beside", "w"),
    "write elsewhere": lambda: open("/var/tmp/mission-confined", "w"),
    "device": lambda: os.mknod(tree + "/disk", 0o60600, os.makedev(254, 0)),
    "other root": lambda: os.chroot(home),
}
found = {}
for name, attempt in attempts.items():
    try:
        attempt()
    except (OSError, shutil.Error) as error:
        found[name] = "refused"
    else:
        found[name] = "through"
open(tree + "/result", "w").write(json.dumps(found))
"""


@pytest.fixture
def places(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    home, tree = tmp_path / "home", tmp_path / "home" / "scratch" / "run"
    tree.mkdir(parents=True)
    (home / "signing-key.pem").write_text("secret")
    (home / "log.db").write_text("")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"\0mission-abstract-{os.getpid()}")
        listener.listen()
        yield home, tree


def rules(home: Path, tree: Path, confinement: Confinement = CONFINEMENT) -> Rules:
    return HiddenDirectories(confinement, [home]).rules(own=[tree])


def ran(code: str, rules: Rules, *argv: str) -> int:
    with start([sys.executable, "-I", "-c", code, *argv], rules) as program:
        return program.wait(60)


def test_a_program_reaches_nothing_of_the_engine_and_writes_only_in_its_tree(
    places: tuple[Path, Path],
) -> None:
    home, tree = places
    with (home / "signing-key.pem").open() as held:
        code = ran(
            ATTEMPTS, rules(home, tree), str(home), str(tree), str(os.getpid()), str(held.fileno())
        )

    assert code == 0
    found = json.loads((tree / "result").read_text())
    assert {name for name, how in found.items() if how == "through"} == set()
    assert (home / "signing-key.pem").read_text() == "secret"


def test_the_same_attempts_go_through_without_confinement(places: tuple[Path, Path]) -> None:
    home, tree = places
    code = "import sys; open(sys.argv[1] + '/result', 'w').write(open(sys.argv[2]).read())"

    ran(code, rules(home, tree, Confinement("none")), str(tree), str(home / "signing-key.pem"))

    assert (tree / "result").read_text() == "secret"


def test_what_a_program_leaves_behind_in_a_session_of_its_own_is_confined_too(
    places: tuple[Path, Path],
) -> None:
    home, tree = places
    orphan = f"""
import os, sys
read, write = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        try:
            open({str(home / "signing-key.pem")!r}).read()
            os.write(write, b"through")
        except OSError:
            os.write(write, b"refused")
    os._exit(0)
os.wait()
open({str(tree / "result")!r}, "wb").write(os.read(read, 20))
"""
    ran(orphan, rules(home, tree))

    assert (tree / "result").read_text() == "refused"


def test_a_program_opens_only_the_devices_that_programs_take_for_granted(
    places: tuple[Path, Path],
) -> None:
    home, tree = places
    code = """
import os, stat, sys
opened = []
for name in os.listdir("/dev"):
    if stat.S_IFMT(os.lstat("/dev/" + name).st_mode) in (stat.S_IFCHR, stat.S_IFBLK):
        try:
            os.close(os.open("/dev/" + name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY))
            opened.append(name)
        except OSError:
            pass
open(sys.argv[1] + "/result", "w").write(" ".join(opened))
"""

    assert ran(code, rules(home, tree), str(tree)) == 0
    opened = set((tree / "result").read_text().split())
    assert {"null", "urandom", "zero"} <= opened
    assert {each for each in opened if not each.startswith("nvidia")} <= landlock.DEVICES


def test_a_declared_directory_opens_no_part_of_the_data_directory(
    places: tuple[Path, Path],
) -> None:
    home, tree = places
    wide = HiddenDirectories(CONFINEMENT, [home]).rules(
        own=[tree], writes=["/", home, home / "scratch", home / "log.db"]
    )

    ran(ATTEMPTS, wide, str(home), str(tree), str(os.getpid()), "0")

    found = json.loads((tree / "result").read_text())
    through = {name for name, how in found.items() if how == "through"}
    assert through == {"write elsewhere"}
    Path("/var/tmp/mission-confined").unlink()


def test_a_link_beside_the_data_directory_does_not_open_it(places: tuple[Path, Path]) -> None:
    home, tree = places
    (home.parent / "way-in").symlink_to(home)
    code = "import sys; open(sys.argv[1])"

    assert ran(code, rules(home, tree), str(home.parent / "way-in" / "signing-key.pem")) == 1


def test_tests_of_an_agents_code_reach_nothing_of_the_specialist_that_runs_them(
    places: tuple[Path, Path],
) -> None:
    home, tree = places
    copy = tree / "copy"
    copy.mkdir()
    outer = f"""
import os, sys
from pathlib import Path
from missioncontrol.confinement import start, within
inner = '''
import os, sys
for path in ("/proc/%s/fd/1" % sys.argv[1], "{tree}/verdict"):
    try:
        open(path, "w").write("passed")
    except OSError:
        continue
    raise SystemExit(1)
open("{copy}/done", "w")
'''
rules = within({{}}).rules(own=[Path({str(copy)!r})])
start([sys.executable, "-I", "-c", inner, str(os.getpid())], rules).wait()
"""
    own = HiddenDirectories(CONFINEMENT, [home]).rules(own=[tree])
    with start([sys.executable, "-c", outer], own, stdout=subprocess.PIPE) as program:
        output, _ = program.communicate(timeout=60)

    assert output == b""
    assert (copy / "done").exists()
    assert not (tree / "verdict").exists()


@pytest.mark.skipif(not CONFINEMENT.covers_tcp, reason="this kernel does not limit TCP")
def test_a_program_without_the_network_connects_only_to_the_ports_it_is_lent(
    places: tuple[Path, Path],
) -> None:
    home, tree = places
    code = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 5)"
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as other,
    ):
        lent, closed = (str(each.getsockname()[1]) for each in (one, other))
        narrow = HiddenDirectories(CONFINEMENT, [home]).rules(own=[tree], ports=[int(lent)])

        assert ran(code, narrow, lent) == 0
        assert ran(code, narrow, closed) == 1


SOCKETS = """
import ctypes, json, socket, sys
library = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    if library.syscall(number, *arguments) < 0 and ctypes.get_errno() in (1, 13):
        raise PermissionError
def fast_open():
    with socket.socket() as line:
        line.sendto(b"x", 0x20000000, ("127.0.0.1", int(sys.argv[3])))
attempts = {
    "unix": lambda: socket.socket(socket.AF_UNIX).connect(sys.argv[2]),
    "vsock": lambda: socket.socket(40, socket.SOCK_STREAM),
    "pair": socket.socketpair,
    "datagram pair": lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM),
    "tcp": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM, 6),
    "netlink": lambda: socket.socket(16, socket.SOCK_RAW),
    "mptcp": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262),
    "udp": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
    "fast open": fast_open,
    "io_uring": lambda: call(425, 1, 0),
}
found = {}
for name, attempt in attempts.items():
    try:
        attempt()
    except PermissionError:
        continue
    except OSError:
        pass
    found[name] = "through"
open(sys.argv[1], "w").write(json.dumps(sorted(found)))
"""
sockets = pytest.mark.skipif(
    not CONFINEMENT.covers_sockets, reason="system calls can't be filtered here"
)


def sockets_through(
    home: Path, tree: Path, *, ports: list[int] | None = None, unix_sockets: bool = False
) -> set[str]:
    """Return which sockets a program can make; a service listens at those that it tries."""
    allowed = HiddenDirectories(CONFINEMENT, [home]).rules(
        own=[tree], ports=ports, unix_sockets=unix_sockets
    )
    with (
        tempfile.TemporaryDirectory() as place,
        socket.socket(socket.AF_UNIX) as service,
        socket.create_server(("127.0.0.1", 0)) as closed,
    ):
        service.bind(f"{place}/service")
        service.listen()
        port = str(closed.getsockname()[1])
        assert ran(SOCKETS, allowed, str(tree / "result"), f"{place}/service", port) == 0
    return set(json.loads((tree / "result").read_text()))


@sockets
def test_a_program_reaches_no_service_at_a_unix_socket(places: tuple[Path, Path]) -> None:
    through = sockets_through(*places)

    assert through == {"pair", "tcp", "netlink", "mptcp", "udp", "fast open"}


@sockets
def test_a_program_that_is_lent_unix_sockets_connects_to_them(places: tuple[Path, Path]) -> None:
    assert {"unix", "datagram pair"} <= sockets_through(*places, unix_sockets=True)


@sockets
def test_a_list_of_ports_leaves_only_tcp(places: tuple[Path, Path]) -> None:
    assert sockets_through(*places, ports=[]) == {"pair", "tcp", "netlink"}


LIMITS = """
import ctypes, json, resource, subprocess, sys
library, engine = ctypes.CDLL(None, use_errno=True), int(sys.argv[2])
def call(number, *arguments):
    if library.syscall(number, *arguments) < 0:
        raise PermissionError(ctypes.get_errno())
files = resource.getrlimit(resource.RLIMIT_NOFILE)
child = subprocess.Popen(["sleep", "9"])
attempts = {
    "files of the engine": lambda: resource.prlimit(engine, resource.RLIMIT_NOFILE, files),
    "limits of a child": lambda: resource.prlimit(child.pid, resource.RLIMIT_NOFILE, files),
    "reading": lambda: resource.prlimit(child.pid, resource.RLIMIT_NOFILE),
    "own files": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, files),
    "keys": lambda: call({"x86_64": 250, "aarch64": 219}[sys.argv[3]], 0, -3, 0),
}
found = {}
for name, attempt in attempts.items():
    try:
        attempt()
    except PermissionError:
        continue
    found[name] = "through"
child.kill()
open(sys.argv[1], "w").write(json.dumps(sorted(found)))
"""


@sockets
def test_a_program_sets_no_limits_of_the_engine_and_uses_no_keys_of_the_user(
    places: tuple[Path, Path],
) -> None:
    """With a limit of five open files, an engine fails every run that is at work."""
    home, tree = places
    result = str(tree / "result")

    assert ran(LIMITS, rules(home, tree), result, str(os.getpid()), platform.machine()) == 0
    assert json.loads(Path(result).read_text()) == ["own files", "reading"]


@sockets
@pytest.mark.skipif(platform.machine() != "x86_64", reason="x32 is of x86_64")
def test_a_system_call_of_x32_is_refused(places: tuple[Path, Path]) -> None:
    home, tree = places
    code = """
import ctypes
library = ctypes.CDLL(None, use_errno=True)
raise SystemExit(library.syscall(0x40000000 + 41, 1, 1, 0) != -1 or ctypes.get_errno() != 1)
"""

    assert ran(code, rules(home, tree)) == 0


@sockets
@pytest.mark.parametrize("program", ["git", "node", "make", "bash"])
def test_common_programs_start_without_sockets(places: tuple[Path, Path], program: str) -> None:
    home, tree = places
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    narrow = HiddenDirectories(CONFINEMENT, [home]).rules(own=[tree], ports=[])
    code = f"""
import asyncio
async def main():
    pipe = asyncio.subprocess.PIPE
    program = await asyncio.create_subprocess_exec({program!r}, "--version", stdout=pipe)
    said, _ = await program.communicate()
    return program.returncode or not said
raise SystemExit(asyncio.run(main()))
"""

    assert ran(code, narrow) == 0


def test_a_program_with_ports_starts_where_landlock_does_not_know_ports(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, tree = places
    monkeypatch.setattr(landlock, "abi", lambda: 3)
    narrow = HiddenDirectories(CONFINEMENT, [home]).rules(own=[tree], ports=[443])

    assert ran("", narrow) == 0


def test_what_is_shown_is_open_only_to_the_step_that_names_it(places: tuple[Path, Path]) -> None:
    home, tree = places
    trial, checks = home / "evaluations" / "1", home / "evaluations" / "held-2"
    for place in (trial, checks):
        place.mkdir(parents=True)
        (place / "file").write_text("")
    sandbox = HiddenDirectories(CONFINEMENT, [home], shown=[home / "evaluations"])
    code = "import sys; open(sys.argv[1])"
    named = sandbox.rules(own=[tree], writes=[trial])

    assert ran(code, named, str(trial / "file")) == 0
    assert ran(code, named, str(checks / "file")) == 1
    assert ran(code, sandbox.rules(own=[tree]), str(trial / "file")) == 1
