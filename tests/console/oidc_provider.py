"""A small OpenID provider on loopback: one key, one client, and the users that a test names."""

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from missioncontrol.adapters.clocks import SystemClock

CLIENT, SECRET = "console", "s3cret of the client"


class OidcServer:
    """Follows OpenID Connect Core 1.0 as far as one flow goes, and lies where configured."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one"})
        self.url = ""
        self.person: dict[str, Any] = {}
        self.lies: dict[str, Any] = {}  # claims of the ID token that are not as they should be
        self.signer: Any = None  # another key
        self.algorithm = "RS256"
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[dict[str, str]] = []

    async def discovery(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
            }
        )

    async def authorize(self, request: web.Request) -> web.Response:
        asked = dict(request.query)
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        self.asked.append(asked)
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        back = urlencode({"code": code, "state": asked["state"]})
        raise web.HTTPFound(f"{asked['redirect_uri']}?{back}")

    async def token(self, request: web.Request) -> web.Response:
        form = dict(await request.post())
        given = base64.b64encode(f"{CLIENT}:{SECRET.replace(' ', '%20')}".encode()).decode()
        asked = self.codes.pop(str(form.get("code")), None)
        if request.headers.get("authorization") != f"Basic {given}" or asked is None:
            return web.json_response({"error": "invalid_grant"}, status=400)
        digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if challenge != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return web.json_response({"error": "invalid_grant"}, status=400)
        return web.json_response({"access_token": "x", "id_token": self._id_token(asked)})

    def _id_token(self, asked: dict[str, str]) -> str:
        now = int(SystemClock().now())
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
            "nonce": asked["nonce"],
            **self.person,
            **self.lies,
        }
        header = {"alg": self.algorithm, "kid": "one"}
        return jwt.encode(header, claims, self.signer or self.key, algorithms=[self.algorithm])

    async def keys(self, _: web.Request) -> web.Response:
        return web.json_response(KeySet([self.key]).as_dict(private=False))


@asynccontextmanager
async def oidc_server() -> AsyncIterator[OidcServer]:
    """Serve a provider on loopback."""
    server = OidcServer()
    app = web.Application()
    app.add_routes(
        [
            web.get("/.well-known/openid-configuration", server.discovery),
            web.get("/authorize", server.authorize),
            web.post("/token", server.token),
            web.get("/keys", server.keys),
        ]
    )
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()
