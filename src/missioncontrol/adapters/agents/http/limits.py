"""Limits of requests: the addresses that they may reach, and the size of their responses."""

import ipaddress
from collections.abc import AsyncIterable, AsyncIterator
from urllib.parse import urlsplit

from missioncontrol.adapters.network_addresses import Address, is_outside, looked_up
from missioncontrol.ports.agent import AttemptFailed


async def address_of(host: str, port: int, *, private: bool) -> str:
    """Return the address to connect to.

    An address of this machine or of a private network is allowed if the declared host is one
    itself (or `localhost`), or with `private`: a public name that resolves to a private address is
    the usual way of server-side request forgery. Link-local addresses, where clouds serve their
    credentials, are never allowed.

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
        f"{host!r} resolves to an address of this machine, of a private network or of no machine.",
        hint="Set `private` in the settings of the agent if that is intended.",
        retryable=False,
    )


async def refuse_open_secret(url: str, *, private: bool, code: str) -> None:
    """Raise if a secret would travel over a public network without encryption.

    Raises:
        AttemptFailed: `code`, or as `address_of`.
    """
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = await address_of(parts.hostname or "", port, private=private)
    if parts.scheme == "http" and is_public(address):
        raise AttemptFailed(
            code,
            f"A header holds a secret, and {url} is not encrypted.",
            hint="Declare an https address.",
            retryable=False,
        )


def is_allowed(address: Address, *, private: bool) -> bool:
    """Whether connections to an address are allowed."""
    plain = _plain(address)
    if plain.is_link_local or plain.is_multicast or plain.is_unspecified:
        return False
    return private if _is_near(plain) else is_outside(plain)


def is_public(address: str) -> bool:
    """Whether the way to an address leads through public networks."""
    return not _is_near(_plain(ipaddress.ip_address(address)))


def _is_near(address: Address) -> bool:
    return address.is_private or address.is_loopback


def _plain(address: Address) -> Address:
    """Return the IPv4 address inside a mapped IPv6 one, else the address itself."""
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
        reason = f"The host {host!r} cannot be resolved: {error}."
        hint = "Check the address of the agent, and the network."
        raise AttemptFailed("http.unknown_host", reason, hint=hint) from None


ANSWER_BYTES_MAX = 128 * 1024 * 1024
"""Most bytes of one response or stream. Files inside come in base64, a third longer."""


async def bounded(
    chunks: AsyncIterable[bytes], *, url: str, bytes_max: int, code: str
) -> AsyncIterator[bytes]:
    """Yield the chunks of a response up to a limit.

    Raises:
        AttemptFailed: `code`.
    """
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > bytes_max:
            raise AttemptFailed(
                code,
                f"{url} answers with more than {bytes_max:,} bytes.",
                hint="Have it return less, or the location of the data.",
                retryable=False,
            )
        yield chunk
