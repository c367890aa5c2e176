// What every page does: live events, islands, keys, dialogs, toasts, times. Each part is a module of its own.
import { follow } from "./live.js";
import { mountIn } from "./islands.js";
import { listenToKeys } from "./keys.js";
import { tendDialogs } from "./dialogs.js";
import { tendForms } from "./forms.js";
import { keepTimes } from "./times.js";
import { keepFocus } from "./focus.js";
import { tendFrame } from "./frame.js";
import { tendTargets } from "./targets.js";

tendFrame();
tendDialogs();
tendForms();
keepFocus();
listenToKeys();
keepTimes();
tendTargets();
mountIn(document);
if ("signedIn" in document.body.dataset) follow();

document.addEventListener("htmx:after:swap", () => {
  mountIn(document);
  follow();
});
