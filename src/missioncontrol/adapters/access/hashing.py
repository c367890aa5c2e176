"""Passwords as argon2id hashes; hashing takes 64 MiB and some 50 ms, on a thread."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from missioncontrol.domain.errors import Unavailable

AT_ONCE_MAX = 2
WAITING_MAX = 16

T = TypeVar("T")


class Argon2Hashes:
    """Hashes and compares; few at once, because each takes memory and a core."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        """Without a `hasher`, it is as RFC 9106 recommends where memory is scarce."""
        self._hasher = hasher or PasswordHasher()
        self._turns = asyncio.Semaphore(AT_ONCE_MAX)
        self._waiting = 0
        self._nobodys = ""

    async def hashed(self, password: str) -> str:
        """Return the hash of a password.

        Raises:
            Unavailable: `sign_in.busy`.
        """
        return await self._in_turn(self._hasher.hash, password)

    async def fits(self, hashed: str | None, password: str) -> bool:
        """Whether the password is that of the hash; never where there is none.

        Raises:
            Unavailable: `sign_in.busy`.
        """
        if not self._nobodys:
            self._nobodys = await self._in_turn(self._hasher.hash, "no user has this password")
        # Compare also without a password, so that the time does not show which users have one.
        is_right = await self._in_turn(self._verified, hashed or self._nobodys, password)
        return is_right and hashed is not None

    def is_old(self, hashed: str) -> bool:
        """Whether it was made with less effort than is asked for today."""
        return self._hasher.check_needs_rehash(hashed)

    def _verified(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (Argon2Error, InvalidHashError):
            return False

    async def _in_turn(self, work: Callable[..., T], *values: str) -> T:
        if self._waiting >= WAITING_MAX:
            raise Unavailable(
                "sign_in.busy", "Too many people sign in at once.", hint="Try again in a moment."
            )
        self._waiting += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(work, *values)
        finally:
            self._waiting -= 1
