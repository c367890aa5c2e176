"""An OpenID provider: the authorization code flow with PKCE (OpenID Connect Core 1.0, RFC 7636)."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import quote, urlencode

import httpx
import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from missioncontrol.domain.errors import Rejected, Unavailable
from missioncontrol.ports.clock import Clock
from missioncontrol.ports.console_settings import Provider
from missioncontrol.ports.identity_provider import Flow

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
"""Of signatures: those where the provider alone has the key that signs."""

ANSWER_BYTES_MAX = 1024 * 1024
ANSWER_SECONDS_MAX = 10.0
KNOWN_SECONDS_MAX = 3_600.0
LEEWAY_SECONDS = 60
CLAIM_MAX = 1_000


class Discovery(msgspec.Struct, frozen=True):
    """What a provider says of itself (OpenID Connect Discovery 1.0)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class Tokens(msgspec.Struct, frozen=True):
    """What a code is exchanged for; nothing here uses the access token."""

    id_token: str


class OidcProvider:
    """One provider. What it says of itself is asked again after an hour."""

    def __init__(self, provider: Provider, secret: str, clock: Clock) -> None:
        """`secret` is the client's; empty for a public client. No request before `address`."""
        self._provider = provider
        self._secret = secret
        self._clock = clock
        self._found: Discovery | None = None
        self._found_at = 0.0
        self._keys: KeySet | None = None

    async def address(self, flow: Flow) -> str:
        """See `IdentityProvider.address`."""
        found = await self._discovered()
        digest = hashlib.sha256(flow.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self._provider.client_id,
            "redirect_uri": flow.redirect,
            "scope": " ".join(self._provider.scopes),
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        where = found.authorization_endpoint
        return f"{where}{'&' if '?' in where else '?'}{urlencode(query)}"

    async def claims(self, flow: Flow, code: str) -> Mapping[str, Any]:
        """See `IdentityProvider.claims`."""
        found = await self._discovered()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": flow.redirect,
            "code_verifier": flow.verifier,
        }
        answer = await self._sent(found, form)
        try:
            tokens = msgspec.json.decode(answer, type=Tokens)
        except msgspec.DecodeError:
            self._refuse("its answer holds no ID token")
        claims = await self._verified(tokens.id_token)
        self._check(claims, flow)
        return claims

    async def _sent(self, found: Discovery, form: dict[str, str]) -> bytes:
        """Exchange the code, with the client's secret as the provider wants it."""
        client, secret = self._provider.client_id, self._secret
        headers = {}
        if secret and "client_secret_basic" in found.token_endpoint_auth_methods_supported:
            credentials = f"{quote(client, safe='')}:{quote(secret, safe='')}".encode()
            headers["authorization"] = f"Basic {base64.b64encode(credentials).decode()}"
        else:
            form = {**form, "client_id": client, **({"client_secret": secret} if secret else {})}
        return await self._request("POST", found.token_endpoint, form, headers)

    async def _verified(self, token: str) -> dict[str, Any]:
        """Return the claims of a token that the provider signed; its keys may have changed."""
        for keys in (self._keys, None):
            if keys is None:
                keys = await self._fetched_keys()
            try:
                return dict(jwt.decode(token, keys, algorithms=ALGORITHMS).claims)
            except (JoseError, ValueError, TypeError, KeyError) as error:
                fault = type(error).__name__
        self._refuse(f"its ID token is not signed as it should be ({fault})")

    def _check(self, claims: dict[str, Any], flow: Flow) -> None:
        """Refuse a token for another client, from another issuer, too old, or used before."""
        now, client = self._clock.now(), self._provider.client_id
        named = claims.get("aud")
        audience = named if isinstance(named, list) else [named]
        ends, begun = claims.get("exp"), claims.get("iat", 0)
        if claims.get("iss") != self._provider.issuer:
            self._refuse("its ID token names another issuer")
        if client not in audience or claims.get("azp", client) != client:
            self._refuse("its ID token is for another client")
        if not isinstance(ends, int | float) or not now < ends + LEEWAY_SECONDS:
            self._refuse("its ID token is too old")
        if not isinstance(begun, int | float) or begun > now + LEEWAY_SECONDS:
            self._refuse("its ID token is not good yet")
        if claims.get("nonce") != flow.nonce:
            self._refuse("its ID token answers another request")
        subject = claims.get("sub")
        if not isinstance(subject, str) or not 0 < len(subject) <= CLAIM_MAX:
            self._refuse("its ID token names no user")

    async def _discovered(self) -> Discovery:
        now = self._clock.now()
        if self._found is not None and now - self._found_at < KNOWN_SECONDS_MAX:
            return self._found
        where = f"{self._provider.issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            found = msgspec.json.decode(await self._request("GET", where), type=Discovery)
        except msgspec.DecodeError as error:
            raise self._silent(f"what it says of itself can't be read: {error}") from None
        if found.issuer != self._provider.issuer:
            raise self._silent(f"it calls itself {found.issuer[:200]!r}")
        self._found, self._found_at, self._keys = found, now, None
        return found

    async def _fetched_keys(self) -> KeySet:
        found = await self._discovered()
        answer = await self._request("GET", found.jwks_uri)
        try:
            self._keys = KeySet.import_key_set(msgspec.json.decode(answer))
        except (JoseError, msgspec.DecodeError, ValueError, TypeError, KeyError) as error:
            raise self._silent(f"its keys can't be read: {type(error).__name__}") from None
        return self._keys

    async def _request(
        self,
        method: str,
        where: str,
        form: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> bytes:
        """Return what the provider answers, at most so many bytes of it."""
        body = bytearray()
        try:
            async with (
                httpx.AsyncClient(timeout=ANSWER_SECONDS_MAX) as client,
                client.stream(method, where, data=form, headers=headers) as answer,
            ):
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > ANSWER_BYTES_MAX:
                        raise self._silent("its answer is too long")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._silent(f"{type(error).__name__}: {error}") from None
        if answer.status_code >= 500 or (answer.status_code != 200 and method == "GET"):
            raise self._silent(f"it answered {answer.status_code}")
        if answer.status_code != 200:
            self._refuse(f"it answered {answer.status_code}")
        return bytes(body)

    def _refuse(self, fault: str) -> NoReturn:
        raise Rejected(
            "oidc.refused",
            f"{self._provider.shown} did not sign you in: {fault}.",
            hint="Try again; an admin looks at console.toml.",
        )

    def _silent(self, fault: str) -> Unavailable:
        return Unavailable(
            "oidc.silent",
            f"{self._provider.shown} can't be asked: {fault}.",
            hint="Try again later, or sign in another way.",
        )
