// What becomes of what somebody writes: kept in the browser until it is saved, saved as a version, and brought
// together with what somebody else saved meanwhile.
import { Refused, ask } from "../ask.js";
import { urlOf, keep, kept } from "../places.js";
import { button, html } from "./dom.js";
import { merged } from "./merge.js";
import * as edit from "./operations.js";
import { changeBetween } from "./splice.js";

const API = "/api/v1";

export class Keeping {
  // `editor` has `text`, `code`, `model`, and tells what happens.
  constructor(editor, { name, version, begun, draft, text }) {
    this.editor = editor;
    this.name = name;
    this.base = version; // the newest version that is known here
    this.isOld = begun !== version; // the text is that of an older one: saving it is no empty change
    this.tab = crypto.randomUUID?.() ?? String(Math.random());
    this.baseText = plain(text);
    this.isCrlf = text.includes("\r\n");
    this.draftKey = draft; // under which the browser keeps what is not saved
  }

  get isChanged() {
    return this.editor.text !== this.baseText;
  }

  keepDraft() {
    if (this.isChanged) keep(this.draftKey, { text: this.editor.text, base: this.base, at: Date.now(), tab: this.tab });
    else if (kept(this.draftKey, null)?.tab === this.tab) this.forgetDraft();
  }

  // A draft of another tab is deleted only after it was taken over or saved.
  forgetDraft() {
    try {
      localStorage.removeItem(this.draftKey);
    } catch {
      // Without storage there is no draft to delete.
    }
  }

  takeUp() {
    const draft = kept(this.draftKey, null);
    if (!draft || typeof draft.text !== "string" || draft.text === this.baseText) return;
    this.editor.code.change(changeBetween(this.editor.text, draft.text));
    const isOlder = draft.base !== this.base;
    const newest = this.base;
    if (isOlder) this.base = draft.base;
    const note = isOlder ? `It is based on version ${draft.base}; version ${newest} is the newest. Saving shows the differences.` : "";
    this.editor.notice("live", `Unsaved changes restored. ${note}`, button("Discard", { onclick: () => this.drop(newest) }));
  }

  drop(newest) {
    this.base = newest;
    this.editor.code.change(changeBetween(this.editor.text, this.baseText));
    this.forgetDraft();
    this.editor.part("notice").replaceChildren();
    this.editor.announce("Unsaved changes discarded. Undo restores them.");
  }

  // The version on which the text is based; 0 after a rename.
  get begun() {
    return edit.read(this.editor.text).name === this.name ? this.base : 0;
  }

  async save(base = this.begun) {
    const body = this.isCrlf ? this.editor.text.replaceAll("\n", "\r\n") : this.editor.text;
    const text = this.editor.text;
    this.editor.part("save").setAttribute("aria-busy", "true");
    try {
      const always = this.isChanged || this.isOld; // a comment that was written is worth a version
      const saved = await ask(`${API}/workflows`, { method: "POST", body: { text: body, base_version: base, always } });
      this.saved(saved, text);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if ([409, 412].includes(error.problem.status) || error.problem.code === "workflow.saved_meanwhile") await this.conflict();
      else this.refused(error.problem);
    } finally {
      this.editor.part("save").removeAttribute("aria-busy");
    }
  }

  saved(saved, text) {
    if (!saved.is_new) {
      this.editor.notice("ask", `No changes since version ${saved.version}.`);
      return;
    }
    if (kept(this.draftKey, null)?.tab === this.tab) this.forgetDraft();
    this.name = saved.name;
    this.base = saved.newest;
    this.isOld = false;
    this.baseText = text;
    this.draftKey = `workflow-draft:${saved.name}`;
    this.keepDraft();
    this.editor.redraw();
    history.replaceState(null, "", urlOf(`/workflows/${saved.name}/edit`));
    for (const title of document.querySelectorAll("[data-part='title']")) title.textContent = `${saved.name}, based on version ${saved.version}`;
    const start = this.editor.part("start");
    start.href = urlOf(`/workflows/${saved.name}/start`);
    start.hidden = false;
    this.editor.notice("ok", `${saved.name} saved as version ${saved.version}.`, html("a", { class: "btn", href: urlOf(`/workflows/${saved.name}/start`) }, "Start run"), html("a", { class: "btn quiet", href: urlOf(`/workflows/${saved.name}`) }, "Open workflow"));
  }

  refused(problem) {
    if (problem.code === "workflow.malformed") {
      this.editor.announce("Not saved: the text has errors.", true);
      this.editor.check();
      if (this.editor.faults.length) this.editor.goToFault(this.editor.faults[0]);
      return;
    }
    this.editor.notice("bad", `Not saved. ${problem.detail} ${problem.hint ?? ""} Your changes are preserved.`);
  }

  // Another person saved in the meantime: show both versions and offer a merge where possible.
  async conflict() {
    const name = this.editor.model?.name || edit.read(this.editor.text).name;
    let theirs;
    try {
      theirs = await ask(`${API}/workflows/${encodeURIComponent(name)}`);
    } catch (error) {
      return this.editor.notice("bad", `Not saved: ${error.message} Your changes are preserved.`);
    }
    const source = plain(theirs.source);
    const begun = this.begun;
    const base = begun ? await this.sourceOf(name, begun) : "";
    const both = base === null ? null : merged(base, this.editor.text, source);
    const who = theirs.saved_by.replace(/^\w+:/, "");
    const take = (text, message) => {
      this.editor.code.change(changeBetween(this.editor.text, text));
      this.name = name;
      this.base = theirs.version;
      this.baseText = source;
      this.editor.part("notice").replaceChildren();
      this.editor.redraw();
      this.editor.announce(message, true);
    };
    const fits = both === null ? "Both versions change the same lines: copy what you need, then overwrite." : "The changes do not overlap and can be merged.";
    this.editor.notice("held", `${who} saved version ${theirs.version} while you edited ${begun ? `version ${begun}` : "a new workflow of that name"}. Your changes are not saved yet. ${fits}`,
      both === null ? null : button("Merge", { onclick: () => take(both, "Versions merged. Review and save.") }),
      begun ? html("a", { class: "btn", href: urlOf(`/workflows/${name}/versions/${begun}/diff/${theirs.version}`), target: "_blank", rel: "noopener" }, "Show their changes") : null,
      button("Overwrite with mine", { onclick: () => this.save(theirs.version) }),
      button("Use theirs", { onclick: () => take(source, `Version ${theirs.version} loaded. Undo restores yours.`) }));
  }

  async sourceOf(name, version) {
    try {
      return plain((await ask(`${API}/workflows/${encodeURIComponent(name)}/versions/${version}`)).source);
    } catch {
      return null;
    }
  }
}

function plain(text) {
  return text.replaceAll("\r\n", "\n").replaceAll("\r", "\n");
}
