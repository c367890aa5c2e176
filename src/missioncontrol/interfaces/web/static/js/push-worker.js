// Shows what arrives by Web Push, and opens its item. It caches nothing and handles no request.
addEventListener("push", (event) => {
  const { title, url } = read(event.data);
  event.waitUntil(self.registration.showNotification(title, { data: { url }, tag: url }));
});

addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data.url));
});

function read(data) {
  try {
    const { title, url } = data.json();
    // Only pages of this console are opened, whatever a message says.
    return { title: String(title), url: new URL(url, location.origin).pathname };
  } catch {
    return { title: "New items need you", url: "/inbox" };
  }
}

async function open(url) {
  for (const client of await self.clients.matchAll({ type: "window" })) {
    if (new URL(client.url).pathname === url) return client.focus();
  }
  return self.clients.openWindow(url);
}
