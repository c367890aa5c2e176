"""Names and bounds of workspaces, the file that has them, and what `mission workspace` does."""

import json
import os
from pathlib import Path

import pytest

from missioncontrol.adapters.workspaces_file import FILE, WorkspacesFile, root_of
from missioncontrol.app.settings import root_directory, sandbox_of
from missioncontrol.domain import workspace
from missioncontrol.domain.errors import Conflict, MissionControlError, NotFound, Rejected
from missioncontrol.domain.workspace import WORKSPACES_MAX, Workspace
from missioncontrol.ports.confinement import Confinement
from tests.cli.command import mission


@pytest.mark.parametrize("name", ["a", "sales", "team-7", "0", "a" * 40])
def test_a_name_is_a_part_of_an_address(name: str) -> None:
    assert workspace.create((), name) == (Workspace(name),)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "a/b", "../x", "-a", "a-", "A", "a b", "a.b", "é", "a\n", "a\x00", "a" * 41],
)
def test_what_is_no_part_of_an_address_is_no_name(name: str) -> None:
    with pytest.raises(Rejected, match="can't be the name") as refused:
        workspace.create((), name)
    assert refused.value.code == "workspace.bad_name"


def test_a_workspace_is_created_archived_restored_and_started() -> None:
    found = workspace.create(workspace.create((), "sales"), "ops")
    with pytest.raises(Conflict, match="'ops'"):
        workspace.create(found, "ops")
    found = workspace.archive(found, "sales")
    assert [each.name for each in workspace.served(found)] == ["ops"]
    with pytest.raises(Conflict, match="archived"):
        workspace.start(found, "sales")
    found = workspace.start(workspace.restore(found, "sales"), "sales")
    assert found == (Workspace("sales", starts=1), Workspace("ops"))
    with pytest.raises(NotFound, match="'other'"):
        workspace.archive(found, "other")


def test_a_console_serves_so_many_workspaces_and_no_more() -> None:
    found: tuple[Workspace, ...] = ()
    for number in range(WORKSPACES_MAX):
        found = workspace.create(found, f"w{number}")
    with pytest.raises(Rejected, match=f"{WORKSPACES_MAX} workspaces are served"):
        workspace.create(found, "more")
    found = workspace.create(workspace.archive(found, "w0"), "more")
    with pytest.raises(Rejected, match="the most"):
        workspace.restore(found, "w0")


def test_the_file_keeps_what_was_changed(tmp_path: Path) -> None:
    file = WorkspacesFile(tmp_path / "root")
    assert file.read() == ()
    file.change(lambda found: workspace.create(found, "sales"))
    file.change(lambda found: workspace.create(found, "ops"))
    file.change(lambda found: workspace.archive(found, "ops"))
    file.change(lambda found: workspace.start(found, "sales"))
    assert WorkspacesFile(tmp_path / "root").read() == (
        Workspace("sales", starts=1),
        Workspace("ops", archived=True),
    )
    assert file.path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "text",
    [
        "[[workspaces]]\nname = '../x'\n",
        "[[workspaces]]\nname = 'a'\n[[workspaces]]\nname = 'a'\n",
        "[[workspaces]]\nname = 'a'\nhome = '/etc'\n",
        "[[workspaces]]\n",
        "not toml",
    ],
)
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(Rejected, match=FILE):
        WorkspacesFile(tmp_path).read()


def test_one_process_serves_a_root(tmp_path: Path) -> None:
    file = WorkspacesFile(tmp_path)
    handle = file.hold()
    with pytest.raises(MissionControlError, match="Another process"):
        file.hold()
    os.close(handle)
    os.close(file.hold())


def test_steps_of_one_workspace_are_kept_out_of_all(tmp_path: Path) -> None:
    file = WorkspacesFile(tmp_path)
    file.change(lambda found: workspace.create(found, "sales"))
    home = file.home("sales").root
    assert root_of(home) == tmp_path
    hidden = sandbox_of(Confinement("landlock"), home).rules().hidden
    assert str(tmp_path) in hidden
    alone = tmp_path.parent / "alone" / "home"
    assert root_of(alone) is None
    assert str(alone) in sandbox_of(Confinement("landlock"), alone).rules().hidden


def test_the_root_is_named_by_option_or_variable(tmp_path: Path) -> None:
    assert root_directory(str(tmp_path), {}) == tmp_path
    assert root_directory(None, {"MISSION_ROOT": str(tmp_path)}) == tmp_path
    assert root_directory(None, {}).name == "missioncontrol-workspaces"


def test_the_command_line_keeps_the_file(tmp_path: Path) -> None:
    root = str(tmp_path / "root")
    env = {"MISSION_ROOT": root}
    assert b"created" in mission(None, "workspace", "create", "sales", env=env).stdout
    refused = mission(None, "workspace", "create", "sales", "--root", root)
    assert (refused.returncode, b"There is a workspace" in refused.stderr) == (1, True)
    refused = mission(None, "workspace", "create", "../x", "--root", root)
    assert (refused.returncode, b"1 to 40 characters" in refused.stderr) == (2, True)
    mission(None, "workspace", "archive", "sales", env=env)
    listed = json.loads(mission(None, "workspace", "list", "--json", env=env).stdout)
    home = str(tmp_path / "root" / "sales")
    assert listed["workspaces"] == [{"name": "sales", "state": "archived", "home": home}]
    assert Path(home).is_dir()


def test_options_of_one_data_directory_are_refused_beside_a_root(tmp_path: Path) -> None:
    for options in (("--workers", "0"), ("--heads-to", "x"), ("--home", "x"), ("--no-console",)):
        done = mission(None, "up", "--root", str(tmp_path), *options)
        assert done.returncode == 2, options
        assert options[0].encode() in done.stderr, done.stderr


def test_the_emergency_stop_reaches_each_workspace(tmp_path: Path) -> None:
    root = str(tmp_path / "root")
    for name in ("ops", "sales", "gone"):
        mission(None, "workspace", "create", name, "--root", root)
    mission(None, "workspace", "archive", "gone", "--root", root)
    done = mission(None, "workspace", "halt", "--reason", "drill", "--root", root, "--json")
    stopped = [{"name": "ops", "refusal": ""}, {"name": "sales", "refusal": ""}]
    assert json.loads(done.stdout)["workspaces"] == stopped, done.stderr
    shown = mission(tmp_path / "root" / "ops", "engine", "rate-limit", "list").stdout
    assert b"drill" in shown
