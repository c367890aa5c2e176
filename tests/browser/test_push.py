"""A browser subscribes to new items on the page of notifications, and shows what arrives."""

import pytest
from playwright.sync_api import expect

from tests.browser.scene import Scene, Tab, assert_accessible

pytestmark = pytest.mark.journey

# The service of the browser's maker is on the internet; what it answers is set in its place.
SUBSCRIBED = """
Notification.requestPermission = async () => "granted";
PushManager.prototype.subscribe = async function (options) {
  window.__key = options.applicationServerKey;
  return { endpoint: "https://push.example.com/send/abcdef", toJSON() { return {
    endpoint: this.endpoint, expirationTime: null,
    keys: {
      p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-" +
        "AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
      auth: "BTBZMqHH6r4Tts7J_aSIgg",
    } }; } };
};
"""


def test_this_browser_is_subscribed_with_our_key_and_its_script(scene: Scene, tab: Tab) -> None:
    (scene.home / "console.toml").write_text("webhooks_inside = true\n")  # No name is looked up.
    page = tab.page
    page.add_init_script(SUBSCRIBED)
    tab.go("/settings/notifications")
    assert_accessible(page)
    page.get_by_role("button", name="Notify this browser").click()
    row = page.get_by_role("row").filter(has_text="push.example.com")
    expect(row).to_contain_text("Browser")
    worker = page.evaluate("async () => (await navigator.serviceWorker.ready).active.scriptURL")
    assert worker == f"{scene.url}/push-worker.js"
