// Subscribes this browser to new items of the inbox, and hands its subscription to the form.
const WORKER = "/push-worker.js";

export function mount(form, { key }) {
  const button = form.querySelector("[data-subscribe]");
  const state = form.querySelector("[data-state]");
  if (!("serviceWorker" in navigator && "PushManager" in window)) {
    state.textContent = "This browser takes no messages from here: it needs HTTPS and support for Web Push.";
    return;
  }
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const subscription = await subscribe(key);
      form.elements.to.value = JSON.stringify(subscription);
      form.elements.name.value = nameOf(subscription);
      form.requestSubmit();
    } catch (error) {
      state.textContent = `The browser refused the subscription: ${error.message}`;
      button.disabled = false;
    }
  });
}

async function subscribe(key) {
  if ((await Notification.requestPermission()) !== "granted") {
    throw new Error("allow notifications of this site in its settings, and try again.");
  }
  await navigator.serviceWorker.register(WORKER);
  const { pushManager } = await navigator.serviceWorker.ready;
  // A subscription belongs to one key; one that an earlier workspace left would take no message.
  await (await pushManager.getSubscription())?.unsubscribe();
  return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

/** By what its person recognises it; the end of the address tells two of one kind apart. */
function nameOf(subscription) {
  const platform = navigator.userAgentData?.platform || navigator.platform || "this machine";
  return `Browser on ${platform} ${subscription.endpoint.slice(-6)}`;
}
