"""What the owner of a home says about its console, in `console.toml`."""

from typing import Literal

import msgspec

from missioncontrol.domain.principal import Role

MIB = 1024 * 1024


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much may come in; each number is a whole one above 0."""

    address_per_second: float = 100.0  # requests from one address, on the average
    address_burst: int = 2_000  # of them at once
    token_per_second: float = 50.0  # requests with one token
    token_burst: int = 1_000
    body_bytes: int = 4 * MIB
    body_seconds: float = 30.0  # in which a request must have been sent


class Provider(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A provider that vouches for people by OpenID Connect."""

    name: str  # in addresses: `/sign-in/oidc/NAME`
    issuer: str  # as in its own documents, such as https://accounts.example.com
    client_id: str
    title: str = ""  # on its button; its name where there is none
    secret: str = ""  # the name of the client's secret in `secrets.toml`; empty: a public client
    user_claim: str = "email"  # by which a person is called here
    domains: tuple[str, ...] = ()  # mail domains that are admitted; empty: all it vouches for
    roles: tuple[Role, ...] = ()  # of users at their first sign-in
    role_claim: str = ""  # a claim with names of groups
    role_of: dict[str, tuple[Role, ...]] = {}  # by such a name; applied at each sign-in
    scopes: tuple[str, ...] = ("openid", "email", "profile")

    @property
    def shown(self) -> str:
        """What its button says."""
        return self.title or self.name


class Mail(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The server through which notifications are sent as mail."""

    host: str
    sender: str  # the address that messages come from
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""  # of the account; empty: the server asks for none
    secret: str = ""  # the name of its password in `secrets.toml`


class ConsoleSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one home is reached by browsers and programs."""

    hosts: tuple[str, ...] = ()  # names of this machine besides those of loopback
    proxies: tuple[str, ...] = ()  # addresses whose word about the client's address is believed
    limits: Limits = Limits()
    webhooks_inside: bool = False  # whether this machine and private networks may receive too
    oidc: tuple[Provider, ...] = ()
    url: str = ""  # by which people reach the console, for links; empty: where it listens
    mail: Mail | None = None  # None: no mail is sent
    watch_sessions: bool = False  # whether the engine reports sessions of agents of its user
