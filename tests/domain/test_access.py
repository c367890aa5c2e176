"""The permission to change permissions, and that no user grants more than they have."""

from typing import Any

import pytest

from missioncontrol.domain.access import events as e
from missioncontrol.domain.access.commands import (
    AddUser,
    Arrive,
    Asker,
    ChangePassword,
    ChangeRoles,
    Invite,
    IssueToken,
    NameWorkspace,
    RemoveUser,
    RevokeToken,
    SetSecondLook,
)
from missioncontrol.domain.access.decide import decide
from missioncontrol.domain.access.evolve import evolve
from missioncontrol.domain.access.refusals import (
    TOKEN_SECONDS_MAX,
    TOKENS_OF_ONE_MAX,
    USERS_MAX,
)
from missioncontrol.domain.access.states import INITIAL_ACCESS, Access
from missioncontrol.domain.errors import Corrupt, MissionControlError, NotFound
from missioncontrol.domain.principal import PERMISSIONS, Role, permissions_of

NOW = 1_000.0
DIGEST = "d" * 64


def asker(name: str, *roles: Role) -> Asker:
    return Asker(name, permissions_of(roles), "root")


OWNER = Asker("root", PERMISSIONS, "root")
ADMIN = asker("ann", "admin")


def after(*events: Any) -> Access:
    access = INITIAL_ACCESS
    for event in events:
        access = evolve(access, event, NOW)
    return access


def users(**roles: Role) -> Access:
    return after(*(e.UserAdded(name, (role,)) for name, role in roles.items()))


def token(
    owner: str = "bob", *scopes: Any, until: float = NOW + 60, key: str = "k"
) -> e.TokenIssued:
    return e.TokenIssued(key, "ci", owner, DIGEST, scopes or ("read",), until)


def refusal(command: Any, access: Access | None = None) -> str:
    with pytest.raises(MissionControlError) as no:
        decide(command, access, NOW)
    return no.value.code


# Users.


def test_the_owner_alone_may_set_a_second_look_until_another_person_may_approve() -> None:
    owner = Asker("root", PERMISSIONS, "root")
    assert decide(SetSecondLook(owner, 600.0), None, NOW) == [e.SecondLookSet(600.0)]
    set_already = after(e.SecondLookSet(600.0))
    assert set_already.second_look == 600.0
    assert decide(SetSecondLook(owner, 600.0), set_already, NOW) == []
    assert decide(SetSecondLook(owner, 0.0), set_already, NOW) == [e.SecondLookSet(0.0)]
    other = Asker("ann", PERMISSIONS, "root")
    assert refusal(SetSecondLook(other, 600.0)) == "second_look.not_owner"
    for seconds in (1.0, 59.0, 8 * 86_400.0):
        assert refusal(SetSecondLook(owner, seconds)) == "second_look.bad_time"
    viewer, approver = e.UserAdded("ann", ("viewer",)), e.UserAdded("bob", ("approver",))
    assert decide(SetSecondLook(owner, 600.0), after(viewer), NOW)
    assert refusal(SetSecondLook(owner, 600.0), after(approver)) == "second_look.not_alone"
    assert after(viewer).other_approvers("root") == []
    assert after(viewer, approver).other_approvers("root") == ["bob"]


def test_the_owner_is_an_admin_before_anything_was_decided() -> None:
    assert INITIAL_ACCESS.roles_of("ROOT", "root") == ("admin",)
    assert INITIAL_ACCESS.roles_of("alice", "root") is None
    assert INITIAL_ACCESS.permissions_of("alice", "root") == frozenset()


def test_the_owner_stays_an_admin_whatever_the_log_says() -> None:
    access = after(e.UserAdded("root", ("viewer",)))
    assert access.roles_of("root", "root") == ("admin", "viewer")


def test_a_user_is_added_with_roles_in_their_order() -> None:
    events = decide(AddUser(ADMIN, "Bob", ("admin", "viewer")), None, NOW)
    assert events == [e.UserAdded("Bob", ("viewer", "admin"))]


def test_two_ways_of_writing_a_name_are_one_user() -> None:
    assert refusal(AddUser(ADMIN, "BOB", ()), users(bob="viewer")) == "user.exists"


@pytest.mark.parametrize(
    "name",
    ["", " bob", "b\nob", "agent:x", "approver", "Engine", "x" * 101, "b\u202eob", "user:"],
)
def test_a_name_that_nobody_can_have_is_refused(name: str) -> None:
    assert refusal(AddUser(ADMIN, name, ())) == "user.bad_name"


def test_there_is_a_bound_on_users() -> None:
    full = Access({f"u{n}": users(x="viewer").users["x"] for n in range(USERS_MAX)})
    assert refusal(AddUser(ADMIN, "bob", ()), full) == "user.too_many"


def test_nobody_gives_more_than_they_have() -> None:
    narrow = Asker("ann", frozenset({"administer"}), "root")
    assert refusal(AddUser(narrow, "bob", ("admin",))) == "user.beyond"
    access = users(ann="admin", bob="viewer", cid="admin")
    assert refusal(ChangeRoles(narrow, "bob", ("operator",)), access) == "user.beyond"
    assert refusal(ChangeRoles(narrow, "cid", ()), access) == "user.beyond"
    assert refusal(RemoveUser(narrow, "cid"), access) == "user.beyond"
    assert refusal(Invite(narrow, "cid", DIGEST, NOW + 9), access) == "user.beyond"
    assert refusal(ChangePassword(narrow, "cid"), access) == "user.beyond"
    assert refusal(AddUser(narrow, "root", ())) == "user.beyond"


def test_the_owner_as_a_user_is_an_admin() -> None:
    assert decide(AddUser(OWNER, "root", ()), None, NOW) == [e.UserAdded("root", ("admin",))]


def test_roles_change_and_the_same_ones_change_nothing() -> None:
    access = users(ann="admin", bob="viewer")
    events = decide(ChangeRoles(ADMIN, "bob", ("approver", "viewer")), access, NOW)
    assert events == [e.RolesChanged("bob", ("viewer", "approver"))]
    assert decide(ChangeRoles(ADMIN, "bob", ("viewer",)), access, NOW) == []


def test_nobody_raises_their_own_roles() -> None:
    access = after(e.UserAdded("ann", ("viewer",)), e.UserAdded("bob", ("admin",)))
    with_more = ChangeRoles(ADMIN, "ann", ("viewer", "admin"))
    assert refusal(with_more, access) == "user.own_roles"


def test_an_admin_may_give_up_a_role_unless_they_are_the_last() -> None:
    two = users(ann="admin", bob="admin")
    assert decide(ChangeRoles(ADMIN, "ann", ()), two, NOW) == [e.RolesChanged("ann", ())]
    assert refusal(ChangeRoles(ADMIN, "ann", ()), users(ann="admin")) == "user.last_admin"
    assert refusal(RemoveUser(ADMIN, "ann"), users(ann="admin", bob="viewer")) == "user.last_admin"


def test_whoever_runs_the_machine_may_remove_the_last_admin() -> None:
    events = decide(RemoveUser(OWNER, "ann", "gone"), users(ann="admin"), NOW)
    assert events == [e.UserRemoved("ann", "gone")]


def test_the_owner_is_neither_removed_nor_changed() -> None:
    access = users(root="admin", ann="admin")
    assert refusal(RemoveUser(ADMIN, "root"), access) == "user.is_owner"
    assert refusal(ChangeRoles(OWNER, "root", ()), access) == "user.is_owner"


def test_what_is_unknown_is_told() -> None:
    for command in (
        ChangeRoles(ADMIN, "bob", ()),
        RemoveUser(ADMIN, "bob"),
        Invite(ADMIN, "bob", DIGEST, NOW + 1),
        ChangePassword(ADMIN, "bob"),
    ):
        assert refusal(command) == "user.unknown"


def test_the_tokens_of_a_removed_user_are_void() -> None:
    access = after(
        e.UserAdded("bob", ("viewer",)),
        token("bob", key="b"),
        token("ann", key="a"),
        e.UserRemoved("bob"),
    )
    assert set(access.tokens) == {"a"}
    assert access.user("bob") is None


# Passwords.


def test_an_invitation_changes_a_password_once() -> None:
    access = after(e.UserAdded("bob", ()), e.UserInvited("bob", DIGEST, NOW + 9))
    use = ChangePassword(asker("bob"), "bob", DIGEST)
    assert decide(use, access, NOW) == [e.PasswordChanged("bob")]
    used = evolve(access, e.PasswordChanged("bob"), NOW)
    assert used.users["bob"].password_changed == NOW
    assert refusal(use, used) == "invitation.void"


@pytest.mark.parametrize("digest", ["e" * 64, "\u00e9"])
def test_another_invitation_is_void(digest: str) -> None:
    access = after(e.UserAdded("bob", ()), e.UserInvited("bob", DIGEST, NOW + 9))
    assert refusal(ChangePassword(asker("bob"), "bob", digest), access) == "invitation.void"


def test_an_old_invitation_is_void() -> None:
    access = after(e.UserAdded("bob", ()), e.UserInvited("bob", DIGEST, NOW))
    assert refusal(ChangePassword(asker("bob"), "bob", DIGEST), access) == "invitation.void"


def test_a_password_is_changed_by_its_user_or_an_admin() -> None:
    access = users(bob="viewer")
    assert decide(ChangePassword(asker("BOB"), "bob"), access, NOW) == [e.PasswordChanged("bob")]
    assert decide(ChangePassword(ADMIN, "bob"), access, NOW) == [e.PasswordChanged("bob")]
    assert refusal(ChangePassword(asker("cid", "operator"), "bob"), access) == "user.not_yours"


def test_an_admin_invites() -> None:
    events = decide(Invite(ADMIN, "bob", DIGEST, NOW + 9), users(bob="viewer"), NOW)
    assert events == [e.UserInvited("bob", DIGEST, NOW + 9)]


# Providers.


def test_whom_a_provider_vouches_for_is_added_once() -> None:
    arrive = Arrive("bob@example.com", "iss 1", "root", ("viewer",))
    (added,) = decide(arrive, None, NOW)
    assert added == e.UserAdded("bob@example.com", ("viewer",), "iss 1")
    assert decide(arrive, after(added), NOW) == []


def test_a_provider_that_says_roles_changes_them() -> None:
    access = after(e.UserAdded("bob", ("admin",), "iss 1"))
    arrive = Arrive("bob", "iss 1", "root", ("viewer",), has_roles=True)
    assert decide(arrive, access, NOW) == [e.RolesChanged("bob", ("viewer",))]


def test_a_provider_does_not_take_over_who_is_here() -> None:
    assert refusal(Arrive("bob", "iss 1", "root"), users(bob="viewer")) == "user.another"
    other = after(e.UserAdded("bob", (), "iss 2"))
    assert refusal(Arrive("bob", "iss 1", "root"), other) == "user.another"
    assert refusal(Arrive("Root", "iss 1", "root")) == "user.another"
    assert refusal(Arrive("agent:x", "iss 1", "root")) == "user.bad_name"


# Tokens.


def test_a_token_never_has_more_than_its_owner() -> None:
    by = asker("bob", "operator")
    assert decide(IssueToken(by, token("bob", "operate")), None, NOW) == [token("bob", "operate")]
    assert refusal(IssueToken(by, token("bob", "read", "govern"))) == "token.beyond"
    narrow = Asker("bob", frozenset({"administer"}), "root")  # with a token of little scope
    assert refusal(IssueToken(narrow, token("bob", "govern"))) == "token.beyond"


def test_a_token_is_for_whoever_asks() -> None:
    assert refusal(IssueToken(ADMIN, token("bob"))) == "token.not_yours"


@pytest.mark.parametrize("until", [NOW, NOW + TOKEN_SECONDS_MAX + 1, float("nan"), float("inf")])
def test_a_token_ends(until: float) -> None:
    assert refusal(IssueToken(ADMIN, token("ann", until=until))) == "token.bad_time"


def test_a_token_has_a_name_and_a_scope() -> None:
    nameless = e.TokenIssued("k", "a\nb", "ann", DIGEST, ("read",), NOW + 9)
    useless = e.TokenIssued("k", "ci", "ann", DIGEST, (), NOW + 9)
    assert refusal(IssueToken(ADMIN, nameless)) == "token.bad_name"
    assert refusal(IssueToken(ADMIN, useless)) == "token.bad_scopes"


def test_there_is_a_bound_on_tokens_and_old_ones_do_not_count() -> None:
    many = [token("ann", key=str(n)) for n in range(TOKENS_OF_ONE_MAX)]
    full = after(*many)
    assert refusal(IssueToken(ADMIN, token("ann")), full) == "token.too_many"
    late = NOW + 61
    new = token("ann", until=late + 60, key="new")
    assert decide(IssueToken(ADMIN, new), full, late) == [new]
    assert set(evolve(full, new, late).tokens) == {"new"}


def test_a_token_is_revoked_by_its_owner_or_an_admin() -> None:
    access = after(token("bob"))
    for by in (asker("bob"), ADMIN):
        assert decide(RevokeToken(by, "k", "old"), access, NOW) == [e.TokenRevoked("k", "old")]
    for by in (asker("cid", "operator"), asker("cid", "auditor")):
        assert refusal(RevokeToken(by, "k"), access) == "token.unknown"
    with pytest.raises(NotFound):
        decide(RevokeToken(ADMIN, "other"), access, NOW)


# The workspace, and damage.


def test_a_workspace_has_a_name() -> None:
    assert decide(NameWorkspace("Payments"), None, NOW) == [e.WorkspaceNamed("Payments")]
    named = after(e.WorkspaceNamed("Payments"))
    assert named.workspace == "Payments"
    assert decide(NameWorkspace("Payments"), named, NOW) == []
    assert refusal(NameWorkspace("a\x1bb")) == "workspace.bad_name"


@pytest.mark.parametrize(
    "event", [e.RolesChanged("bob", ()), e.UserRemoved("bob"), e.TokenRevoked("k")]
)
def test_what_never_was_cannot_have_changed(event: Any) -> None:
    with pytest.raises(Corrupt):
        evolve(None, event, NOW)


def test_roles_and_revoked_tokens_are_folded() -> None:
    access = after(
        e.UserAdded("bob", ("viewer",)),
        e.RolesChanged("bob", ("operator",)),
        token("bob"),
        e.TokenRevoked("k"),
    )
    assert access.users["bob"].roles == ("operator",)
    assert access.tokens_of("bob") == []
    assert not access.users["bob"].is_admin
