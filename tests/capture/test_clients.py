"""The client libraries of Segment and PostHog, as they are installed, send to a real console."""

import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Browser
from posthog import Posthog
from segment.analytics.client import Client as Segment  # type: ignore[import-untyped]

from missioncontrol.ports.warehouse import Captured
from tests.capture import node
from tests.capture.pages import SHOP, a_browser, page_with
from tests.capture.shops import kept, key_of
from tests.console.house_process import HouseProcess, house_process

pytestmark = pytest.mark.journey

MANY = 1_000


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HouseProcess]:
    with house_process(tmp_path_factory.mktemp("capture")) as found:
        yield found


class Sent:
    """A source of its own, and what came in by its key."""

    def __init__(self, house: HouseProcess, name: str) -> None:
        self.house, self.name = house, name
        self.key = key_of(house, name)

    def kept(self) -> list[Captured]:
        return [each for each in kept(self.house) if each.source == self.name]


def names(events: list[Captured]) -> list[str]:
    return [each.name for each in events]


def properties(event: Captured) -> Any:
    return msgspec.json.decode(event.properties)


@pytest.mark.parametrize("gzip", [False, True])
def test_segments_library_for_python_sends_everything_it_can(
    house: HouseProcess, gzip: bool
) -> None:
    sent = Sent(house, f"segment-python-{gzip}".lower())
    faults: list[Any] = []
    client = Segment(
        sent.key,
        host=house.url,
        gzip=gzip,
        max_retries=2,
        on_error=lambda error, _: faults.append(error),
    )
    client.identify("ada", {"plan": "pro"}, anonymous_id="device-1")
    client.track("ada", "Order Completed", {"total": 9.5, "what": "K\N{GRINNING FACE}"})
    client.page("ada", "Docs", "Install", {"path": "/install"})
    client.screen("ada", "Docs", "Install")
    client.group("ada", "acme", {"size": 3})
    client.alias("old-ada", "ada")
    for number in range(MANY):
        client.track(f"user-{number}", "opened", {"n": number})
    client.flush()
    client.join()
    assert faults == []
    events = sent.kept()
    assert names(events)[:6] == ["", "Order Completed", "page", "screen", "", ""]
    first, order, page, _, group, alias = events[:6]
    assert (first.user, first.anonymous, first.person) == ("ada", "device-1", b'{"plan":"pro"}')
    assert properties(order)["total"] == 9.5
    assert properties(order)["context"]["library"]["name"] == "analytics-python"
    assert properties(page)["name"] == "Install"
    assert (group.group, alias.alias) == ("group:acme", "old-ada")
    assert abs(order.happened - order.received) < 60_000_000
    assert [properties(each)["n"] for each in events[6:]] == list(range(MANY))


def test_segments_library_is_told_of_a_key_that_is_not_known(house: HouseProcess) -> None:
    faults: list[Any] = []
    client = Segment("mcw_nobody", host=house.url, on_error=lambda error, _: faults.append(error))
    client.track("ada", "opened")
    client.flush()
    client.join()
    assert [(each.status, each.code) for each in faults] == [(401, "capture.unknown_key")]


@pytest.mark.parametrize("mode", ["v0", "v1"])
@pytest.mark.parametrize("gzip", [False, True])
def test_posthogs_library_for_python_sends_everything_it_can(
    house: HouseProcess, mode: str, gzip: bool
) -> None:
    sent = Sent(house, f"posthog-python-{mode}-{gzip}".lower())
    faults: list[Any] = []
    client = Posthog(
        sent.key,
        host=house.url,
        gzip=gzip,
        capture_mode=mode,
        flush_at=100,
        max_queue_size=2 * MANY,
        on_error=lambda error, _: faults.append(error),
    )
    client.capture("opened", distinct_id="device-1", properties={"total": 9.5, "$ip": "192.0.2.1"})
    before = {"$anon_distinct_id": "device-1", "$set": {"plan": "pro"}}
    client.capture("$identify", distinct_id="ada", properties=before)
    client.set(distinct_id="ada", properties={"size": 3})
    client.set_once(distinct_id="ada", properties={"from": "ad"})
    client.group_identify("company", "acme", {"seats": 5})
    client.alias("other-ada", "ada")
    for number in range(MANY):
        client.capture("opened", distinct_id=f"user-{number}", properties={"n": number})
    assert client.get_all_flags("ada") == {}
    client.shutdown()
    assert faults == []
    events = sent.kept()
    first, identify, always, once, group, alias = events[:6]
    assert (first.name, first.anonymous) == ("opened", "device-1")
    assert properties(first)["total"] == 9.5
    assert b"192.0.2.1" not in first.properties
    assert (identify.name, identify.user, identify.anonymous) == ("", "ada", "device-1")
    assert (identify.person, always.person) == (b'{"plan":"pro"}', b'{"size":3}')
    assert once.once == b'{"from":"ad"}'
    assert (group.group, group.person) == ("company:acme", b'{"seats":5}')
    # This library names the id that stays last.
    assert {alias.user, alias.alias} == {"ada", "other-ada"}
    assert [properties(each)["n"] for each in events[6:]] == list(range(MANY))


SEGMENT_PROGRAM = """
const { Analytics } = require('@segment/analytics-node')
const client = new Analytics({ writeKey: process.env.KEY, host: process.env.HOST, flushAt: 250 })
client.on('error', (error) => { console.error(error); process.exitCode = 1 })
client.identify({ userId: 'ada', anonymousId: 'device-1', traits: { plan: 'pro' } })
client.track({ userId: 'ada', event: 'Order Completed',
  properties: { total: 9.5, cut: '\\ud83d' } })
client.page({ userId: 'ada', name: 'Install', properties: { path: '/install' } })
client.screen({ userId: 'ada', name: 'Install' })
client.group({ userId: 'ada', groupId: 'acme', traits: { size: 3 } })
client.alias({ userId: 'ada', previousId: 'old-ada' })
for (let n = 0; n < 1000; n++)
  client.track({ anonymousId: 'd-' + n, event: 'opened', properties: { n } })
client.closeAndFlush()
"""


def test_segments_library_for_node_sends_everything_it_can(house: HouseProcess) -> None:
    sent = Sent(house, "segment-node")
    node.run(node.SEGMENT, SEGMENT_PROGRAM, KEY=sent.key, HOST=house.url)
    events = sorted(sent.kept(), key=lambda each: properties(each).get("n", -1))
    sent_names = {each.name for each in events if each.user}
    assert sent_names == {"", "Order Completed", "page", "screen"}
    [order] = [each for each in events if each.name == "Order Completed"]
    assert properties(order)["total"] == 9.5
    assert properties(order)["cut"] == "\N{REPLACEMENT CHARACTER}"
    assert [each.group for each in events if each.group] == ["group:acme"]
    assert [each.alias for each in events if each.alias] == ["old-ada"]
    opened = [each for each in events if each.name == "opened"]
    assert [properties(each)["n"] for each in opened] == list(range(MANY))
    assert len(events) == MANY + 6


POSTHOG_PROGRAM = """
const { PostHog } = require('posthog-node')
const client = new PostHog(process.env.KEY, { host: process.env.HOST, flushAt: 250 })
client.on('error', (error) => { console.error(error); process.exitCode = 1 })
client.capture({ distinctId: 'device-1', event: 'opened',
  properties: { total: 9.5, cut: '\\ud83d' } })
client.identify({ distinctId: 'ada', properties: { plan: 'pro' } })
client.groupIdentify({ groupType: 'company', groupKey: 'acme', properties: { seats: 5 } })
client.alias({ distinctId: 'ada', alias: 'other-ada' })
for (let n = 0; n < 1000; n++)
  client.capture({ distinctId: 'u-' + n, event: 'opened', properties: { n } })
client.getAllFlags('ada').then((flags) => {
  if (Object.keys(flags).length) process.exitCode = 2
  return client.shutdown()
})
"""


@pytest.mark.parametrize("mode", ["v0", "v1"])
def test_posthogs_library_for_node_sends_everything_it_can(house: HouseProcess, mode: str) -> None:
    sent = Sent(house, f"posthog-node-{mode}")
    variables = {"KEY": sent.key, "HOST": house.url, "POSTHOG_CAPTURE_MODE": mode}
    node.run(node.POSTHOG, POSTHOG_PROGRAM, **variables)
    events = sorted(sent.kept(), key=lambda each: properties(each).get("n", -1))
    [identify] = [each for each in events if each.person and not each.group]
    assert (identify.name, identify.user) == ("", "ada")
    assert msgspec.json.decode(identify.person)["plan"] == "pro"
    [group] = [each for each in events if each.group]
    assert (group.group, msgspec.json.decode(group.person)["seats"]) == ("company:acme", 5)
    assert [{each.user, each.alias} for each in events if each.alias] == [{"ada", "other-ada"}]
    opened = [each for each in events if each.name == "opened"]
    assert [properties(each).get("n") for each in opened] == [None, *range(MANY)]
    assert properties(opened[0])["cut"] == "\N{REPLACEMENT CHARACTER}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as found:
        yield found


def once_kept(sent: Sent, count: int) -> list[Captured]:
    """Return what came in, as soon as it is so many events."""
    deadline = time.monotonic() + 30
    while len(found := sent.kept()) < count:
        assert time.monotonic() < deadline, names(found)
        time.sleep(0.1)
    return found


SEGMENT_SCRIPT = """
<script src="/library.js"></script>
<script type="module">
const { key, host } = await (await fetch('/told')).json()
window.it = AnalyticsNext.AnalyticsBrowser.load({ writeKey: key, cdnURL: host })
it.page('Docs')
it.identify('ada', { plan: 'pro' })
it.group('acme', { size: 3 })
for (let n = 0; n < 20; n++) it.track('opened', { n })
await it
window.isReady = true
</script>
"""


def test_segments_library_for_browsers_sends_everything_it_can(
    house: HouseProcess, browser: Browser
) -> None:
    library = node.file_of(node.SEGMENT_PAGE)
    sent = Sent(house, "segment-page")
    config = {"key": sent.key, "host": house.url}
    with page_with(browser, library, SEGMENT_SCRIPT, config) as page:
        page.evaluate("it.track('left', { total: 9.5 })")
        page.goto(f"{SHOP}/elsewhere")
        events = once_kept(sent, 24)
    by_name = {each.name: each for each in events}
    assert properties(by_name["page"])["name"] == "Docs"
    assert by_name["page"].anonymous == by_name["left"].anonymous != ""
    assert (by_name["left"].user, properties(by_name["left"])["total"]) == ("ada", 9.5)
    opened = sorted(properties(each)["n"] for each in events if each.name == "opened")
    assert opened == list(range(20))
    [known] = [each for each in events if each.person and not each.group]
    assert (known.user, known.person) == ("ada", b'{"plan":"pro"}')
    assert [each.group for each in events if each.group] == ["group:acme"]
    assert not any(each.is_bot for each in events)


POSTHOG_SCRIPT = """
<script type="module">
import posthog from '/library.js'
const { key, host } = await (await fetch('/told')).json()
window.it = posthog
posthog.init(key, { api_host: host, opt_out_useragent_filter: true, loaded: () => {
  posthog.capture('opened', { n: 0, cut: '\\ud83d' })
  posthog.identify('ada', { plan: 'pro' }, { from: 'ad' })
  posthog.group('company', 'acme', { seats: 5 })
  for (let n = 1; n < 20; n++) posthog.capture('opened', { n })
  posthog.onFeatureFlags(() => { window.isReady = true })
} })
</script>
"""


def test_posthogs_library_for_browsers_sends_everything_it_can(
    house: HouseProcess, browser: Browser
) -> None:
    library = node.file_of(node.POSTHOG_PAGE)
    sent = Sent(house, "posthog-page")
    config = {"key": sent.key, "host": house.url}
    with page_with(browser, library, POSTHOG_SCRIPT, config) as page:
        page.evaluate("it.capture('left', { total: 9.5 })")
        page.goto(f"{SHOP}/elsewhere")  # What it has not sent yet goes by a beacon.
        events = once_kept(sent, 25)
    by_name = {each.name: each for each in events}
    assert {"$pageview", "$pageleave", "opened", "left", ""} <= set(by_name)
    opened = [each for each in events if each.name == "opened"]
    assert sorted(properties(each)["n"] for each in opened) == list(range(20))
    [first] = [each for each in opened if properties(each)["n"] == 0]
    assert properties(first)["cut"] == "\N{REPLACEMENT CHARACTER}"
    assert (by_name["left"].user, properties(by_name["left"])["total"]) == ("ada", 9.5)
    [known] = [each for each in events if each.person and not each.group]
    assert (known.user, known.anonymous, known.person) == (
        "ada",
        first.anonymous,
        b'{"plan":"pro"}',
    )
    assert b'"from":"ad"' in known.once
    [group] = [each for each in events if each.group]
    assert (group.group, group.person) == ("company:acme", b'{"seats":5}')
    assert len({each.session for each in events}) == 1
    assert not any(each.is_bot for each in events)
