"""Addresses inside of this network are recognised however they are written."""

import asyncio
import ipaddress
import socket
from typing import Any

import pytest

from missioncontrol.adapters.network_addresses import is_outside, refuse_inside
from missioncontrol.domain.errors import Rejected

INSIDE = [
    "http://127.0.0.1/x",
    "http://127.1:8080/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://127.0.0.1./",
    "http://0/",
    "http://0.0.0.0/",
    "http://10.1.2.3/",
    "http://172.31.0.1/",
    "http://192.168.0.1/",
    "http://169.254.169.254/latest/meta-data",
    "http://100.64.0.1/",
    "http://224.0.0.1/",
    "http://224.0.1.1/",
    "http://255.255.255.255/",
    "http://[::1]/",
    "http://[::]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fc00::1]/",
    "http://[fd12:3456::1]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::7f00:1]/",
    "http://[64:ff9b::10.0.0.1]/",
    "http://[64:ff9b:1::808:808]/",
    "http://[2002:7f00:1::]/",
    "http://localhost:9/",
    "http://LOCALHOST/",
    "http://127%2e0.0.1/",
    "http://localhost./",
    "http://any.localhost/",
    "http://ip6-localhost/",
    "http://printer.local/",
    "http://metadata.google.internal/",
    "http://example.com\\@127.0.0.1/",
    "http://127.0.0.1\\.example.com/",
    "http://[3fff::1]/",
    "http://[5f00::1]/",
    "http://192.88.99.1/",
]


def refused(url: str) -> str:
    with pytest.raises(Rejected) as no:
        asyncio.run(refuse_inside(url))
    assert no.value.code == "address.inside"
    assert "webhooks_inside = true" in no.value.hint
    return no.value.reason


@pytest.mark.parametrize("url", INSIDE)
def test_an_address_inside_is_refused(url: str) -> None:
    assert refused(url)


@pytest.mark.parametrize("url", ["https://8.8.8.8/x", "http://[2001:4860:4860::8888]:8080/"])
def test_a_public_address_is_accepted(url: str) -> None:
    asyncio.run(refuse_inside(url))


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    known: dict[str, list[str]] = {}

    async def find(_: Any, host: str, port: int, **more: Any) -> list[Any]:
        if host not in known:
            raise socket.gaierror("unknown")
        return [(0, 0, 0, "", (place, port)) for place in known[host]]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", find)
    return known


def test_a_name_with_one_address_inside_is_refused(names: dict[str, list[str]]) -> None:
    names["hooks.example.com"] = ["8.8.8.8", "10.0.0.7"]
    assert "leads to 10.0.0.7" in refused("https://hooks.example.com/x")


def test_a_name_that_is_not_found_now_is_looked_up_again_later(
    names: dict[str, list[str]],
) -> None:
    assert not names
    asyncio.run(refuse_inside("https://later.example.com/x"))


@pytest.mark.parametrize("place", ["192.0.2.1", "198.18.0.1", "240.0.0.1", "2001:db8::1"])
def test_addresses_of_no_machine_are_not_outside(place: str) -> None:
    assert not is_outside(ipaddress.ip_address(place))
