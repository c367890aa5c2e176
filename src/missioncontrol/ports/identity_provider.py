"""An external service that vouches for people, by OpenID Connect."""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec


class Flow(msgspec.Struct, frozen=True):
    """One sign-in through a provider; all but `redirect` were made for it and are used once."""

    redirect: str  # where the provider sends the browser back to
    state: str
    nonce: str
    verifier: str  # of PKCE (RFC 7636)


class IdentityProvider(Protocol):
    """Vouches for people."""

    async def address(self, flow: Flow) -> str:
        """Return where a browser is sent to sign in there.

        Raises:
            Unavailable: `oidc.silent`, where the provider can't be asked.
        """
        ...

    async def claims(self, flow: Flow, code: str) -> Mapping[str, Any]:
        """Return the provider's claims about the user behind `code`; `iss` and `sub` are set.

        Raises:
            Rejected: `oidc.refused`, where it says no, or says something that can't be believed.
            Unavailable: `oidc.silent`.
        """
        ...
