"""Which machines a request may reach: names are looked up once, and the answer is held to."""

import ipaddress
from collections.abc import AsyncIterable, AsyncIterator
from urllib.parse import urlsplit

from missioncontrol.adapters.network_addresses import Address, is_outside, looked_up
from missioncontrol.ports.agent import AttemptFailed


async def address_of(host: str, port: int, *, private: bool) -> str:
    """Return the address to connect to.

    An address of this machine or of a private network may be reached where the declared host is
    one itself (or `localhost`), or where `private` says so: a public name that suddenly leads
    inside is how others make us ask for what only we can reach. Link-local addresses, where clouds
    keep their credentials, are never reached.

    Raises:
        AttemptFailed: `http.unknown_host` or `http.forbidden_address`.
    """
    declared = _literal(host)
    may_be_private = private or host == "localhost" or (declared is not None and _is_near(declared))
    for address in [declared] if declared is not None else await _resolve(host, port):
        if is_allowed(address, private=may_be_private):
            return str(address)
    raise AttemptFailed(
        "http.forbidden_address",
        f"{host!r} leads to an address of this machine, of a private network or of no machine.",
        hint="Set `private` in the settings of the agent if it is meant to be reached.",
        retryable=False,
    )


async def refuse_open_secret(url: str, *, private: bool, code: str) -> None:
    """Refuse to send a secret to others without encryption.

    Raises:
        AttemptFailed: `code`, or what `address_of` raises.
    """
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = await address_of(parts.hostname or "", port, private=private)
    if parts.scheme == "http" and is_public(address):
        raise AttemptFailed(
            code,
            f"A header holds a secret, and {url} would be reached without encryption.",
            hint="Declare an https address.",
            retryable=False,
        )


def is_allowed(address: Address, *, private: bool) -> bool:
    """Whether an address may be connected to."""
    plain = _plain(address)
    if plain.is_link_local or plain.is_multicast or plain.is_unspecified:
        return False
    return private if _is_near(plain) else is_outside(plain)


def is_public(address: str) -> bool:
    """Whether others can listen on the way to an address."""
    return not _is_near(_plain(ipaddress.ip_address(address)))


def _is_near(address: Address) -> bool:
    return address.is_private or address.is_loopback


def _plain(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one may wrap."""
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


async def _resolve(host: str, port: int) -> list[Address]:
    try:
        return await looked_up(host, port)
    except (OSError, UnicodeError) as error:
        reason = f"The host {host!r} cannot be found: {error}."
        hint = "Check the address of the agent, and the network."
        raise AttemptFailed("http.unknown_host", reason, hint=hint) from None


ANSWER_BYTES_MAX = 128 * 1024 * 1024
"""Of one answer, or of one stream; pictures and files within come as text, a third longer."""


async def bounded(
    chunks: AsyncIterable[bytes], *, url: str, bytes_max: int, code: str
) -> AsyncIterator[bytes]:
    """Pass an answer on while there is room.

    Raises:
        AttemptFailed: `code`.
    """
    taken = 0
    async for chunk in chunks:
        taken += len(chunk)
        if taken > bytes_max:
            raise AttemptFailed(
                code,
                f"{url} answers with more than {bytes_max:,} bytes.",
                hint="Let it hand back less, or where it lies.",
                retryable=False,
            )
        yield chunk
