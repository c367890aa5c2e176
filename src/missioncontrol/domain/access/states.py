"""What is true of users and tokens now."""

import msgspec

from missioncontrol.domain.access.events import TokenIssued, UserInvited
from missioncontrol.domain.person import person
from missioncontrol.domain.principal import Permission, Role, permissions_of


class User(msgspec.Struct, frozen=True):
    """A user who may sign in."""

    name: str
    roles: tuple[Role, ...]
    added: float  # seconds since the epoch
    subject: str = ""  # where an OpenID provider vouches for them
    password_changed: float = 0.0  # 0: they have none
    invited: UserInvited | None = None

    @property
    def is_admin(self) -> bool:
        """Whether they may do everything."""
        return "admin" in self.roles


class Token(msgspec.Struct, frozen=True):
    """What a program carries in place of a person."""

    issued: TokenIssued
    at: float  # seconds since the epoch


class Access(msgspec.Struct, frozen=True):
    """Who may do what in one workspace."""

    users: dict[str, User] = {}  # by `domain.person.person`
    tokens: dict[str, Token] = {}  # that are not revoked, by id
    workspace: str = ""  # its name; empty where none is given
    second_look: float = 0.0  # seconds before one's own run can be approved; 0: never

    def user(self, name: str) -> User | None:
        """Return the user whom `name` means."""
        return self.users.get(person(name))

    def roles_of(self, name: str, owner: str) -> tuple[Role, ...] | None:
        """Return a user's roles here; None for a stranger. `owner` runs the machine."""
        found = self.user(name)
        if person(name) == person(owner):
            others = tuple(role for role in (found.roles if found else ()) if role != "admin")
            return ("admin", *others)
        return found.roles if found else None

    def permissions_of(self, name: str, owner: str) -> frozenset[Permission]:
        """Return what a user may do here."""
        return permissions_of(self.roles_of(name, owner) or ())

    def other_approvers(self, owner: str) -> list[str]:
        """Return the users who may approve besides the owner of the machine."""
        return [
            user.name
            for key, user in self.users.items()
            if key != person(owner) and "approve" in permissions_of(user.roles)
        ]

    def tokens_of(self, name: str) -> list[Token]:
        """Return the tokens of one person, the oldest first."""
        return [each for each in self.tokens.values() if person(each.issued.owner) == person(name)]


INITIAL_ACCESS = Access()
"""Before anything was decided: the owner alone."""
