"""`mission user` and `mission user token`: who may sign in, and what programs carry."""

from pathlib import Path

import pytest

from missioncontrol.adapters.os_user import os_user
from tests.cli.command import answer, mission


def test_users_are_added_listed_changed_invited_and_removed(tmp_path: Path) -> None:
    (owner,) = answer(tmp_path, "user", "list")
    assert (owner["name"], owner["is_owner"], owner["roles"]) == (os_user(), True, ["admin"])
    added = answer(tmp_path, "user", "add", "alice", "--role", "operator", "--role", "viewer")
    assert (added["name"], added["roles"]) == ("alice", ["viewer", "operator"])
    answer(tmp_path, "user", "roles", "alice", "--role", "approver")
    found = {each["name"]: each for each in answer(tmp_path, "user", "list")}
    assert found["alice"]["roles"] == ["approver"]
    invited = answer(tmp_path, "user", "invite", "alice", "--url", "https://m.example.com/")
    assert invited["link"].startswith("https://m.example.com/sign-in/invited?token=")
    shown = mission(tmp_path, "user", "list").stdout.decode()
    assert "alice: approver; invited until" in shown
    gone = mission(tmp_path, "user", "remove", "alice", "--reason", "left")
    assert gone.stdout == b"'alice' is let in no more, and their tokens are void.\n"
    again = mission(tmp_path, "user", "remove", "alice")
    assert again.returncode != 0
    assert b"no user 'alice'" in again.stderr


def test_a_token_is_shown_once(tmp_path: Path) -> None:
    made = mission(tmp_path, "token", "new", "ci", "--scope", "operate", "--expires", "7d")
    assert made.stdout.startswith(b"mct_")
    assert b"not shown again" in made.stderr
    (listed,) = answer(tmp_path, "token", "list")
    assert (listed["name"], listed["owner"], listed["scopes"]) == ("ci", os_user(), ["operate"])
    assert made.stdout.strip() not in mission(tmp_path, "token", "list", "--json").stdout
    done = mission(tmp_path, "token", "revoke", listed["id"])
    assert done.returncode == 0
    assert mission(tmp_path, "token", "list").stdout == b"No token was issued.\n"


@pytest.mark.parametrize(
    ("arguments", "environment", "message"),
    [
        (("user", "add", "a:b"), {}, b"can't be the name of a user"),
        (("user", "add", "x", "--role", "king"), {}, b"must be one of"),
        (("user", "add", "x"), {"MISSION_ATTEMPT": "1"}, b"agent at work"),
        (("token", "new", "x"), {"MISSION_ATTEMPT": "1"}, b"agent at work"),
        (("token", "new", "x"), {"MISSION_ACTOR": "bob"}, b"a name that"),
        (("token", "new", "x", "--expires", "400d"), {}, b"366 days"),
        (("token", "new", "x", "--expires", "soon"), {}, b"--expires"),
        (("token", "revoke", "x"), {}, b"no token 'x'"),
    ],
)
def test_what_may_not_be_is_refused(
    tmp_path: Path, arguments: tuple[str, ...], environment: dict[str, str], message: bytes
) -> None:
    done = mission(tmp_path, *arguments, env=environment)
    assert done.returncode != 0
    assert message in done.stderr
    assert b"Traceback" not in done.stderr
