// The text of a workflow file in CodeMirror, in a shadow root: its style sheet is its own, and the policy of
// the page stays as strict as it is. Its history is that of the document, whichever view changed it.
import {
  EditorState, EditorView, HighlightStyle, Transaction, bracketMatching, defaultKeymap, drawSelection, forEachDiagnostic, highlightActiveLine,
  highlightActiveLineGutter, highlightSpecialChars, history, historyKeymap, indentOnInput, indentUnit, isolateHistory, keymap, lineNumbers,
  lintGutter, lintKeymap, nextDiagnostic, redo, redoDepth, setDiagnostics, syntaxHighlighting, tags, undo, undoDepth, yaml,
} from "../../vendor/codemirror.js";

const LOOK = EditorView.theme({
  "&": { height: "100%", color: "var(--text)", backgroundColor: "var(--surface)", fontSize: "var(--t-sm)" },
  "&.cm-focused": { outline: "2px solid var(--live)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55", fontVariantLigatures: "none" },
  ".cm-content": { caretColor: "var(--text)", padding: "8px 0" },
  ".cm-cursor": { borderLeftColor: "var(--text)", borderLeftWidth: "1.5px" },
  ".cm-gutters": { backgroundColor: "var(--surface)", color: "var(--text-3)", border: "0", borderRight: "1px solid var(--line)" },
  ".cm-activeLine": { backgroundColor: "color-mix(in oklab, var(--text) 4%, transparent)" },
  ".cm-activeLineGutter": { backgroundColor: "color-mix(in oklab, var(--text) 7%, transparent)", color: "var(--text)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { background: "color-mix(in oklab, var(--live) 26%, transparent)" },
  ".cm-matchingBracket": { backgroundColor: "color-mix(in oklab, var(--live) 22%, transparent)", outline: "none" },
  ".cm-tooltip": { backgroundColor: "var(--raised)", color: "var(--text)", border: "1px solid var(--line-2)", borderRadius: "var(--r2)", fontFamily: "var(--sans)", maxWidth: "52ch" },
  ".cm-diagnostic": { padding: "6px 10px", fontFamily: "var(--sans)", whiteSpace: "pre-wrap" },
  ".cm-diagnostic-error": { borderLeft: "3px solid var(--bad)" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--bad) 1.5px", textUnderlineOffset: "3px" },
  ".cm-panels": { backgroundColor: "var(--raised)", color: "var(--text)", borderColor: "var(--line)" },
  ".cm-panel.cm-panel-lint ul [aria-selected]": { backgroundColor: "var(--hover)", color: "var(--text)" },
});

const COLOURS = HighlightStyle.define([
  { tag: [tags.definition(tags.propertyName), tags.propertyName], color: "var(--live)" },
  { tag: [tags.string, tags.content], color: "var(--text)" },
  { tag: tags.comment, color: "var(--text-3)", fontStyle: "italic" },
  { tag: [tags.labelName, tags.typeName, tags.meta, tags.keyword], color: "var(--past)" },
  { tag: [tags.punctuation, tags.separator, tags.brace, tags.squareBracket], color: "var(--text-2)" },
]);

// What is typed over a selection is put in its place by ourselves: a browser would keep the look of what was there
// in a style of its own, which the policy of the page refuses.
function typedOver(event, view) {
  if (event.inputType !== "insertText" || !event.data || event.isComposing || view.state.readOnly || view.state.selection.main.empty) return false;
  view.dispatch(view.state.replaceSelection(event.data), { userEvent: "input.type", scrollIntoView: true });
  return true;
}

export class Code {
  // `tell({text, isOurs})` after each change; `move(at)` when the cursor has moved.
  constructor(host, text, { tell, move, isReadOnly = false, label = "Text of the workflow" }) {
    const shadow = host.attachShadow({ mode: "open" });
    const inside = shadow.appendChild(document.createElement("div"));
    inside.style.height = "100%";
    const changed = EditorView.updateListener.of((update) => {
      if (update.docChanged) tell({ isOurs: update.transactions.some((each) => each.isUserEvent("builder")) });
      if (update.selectionSet && !update.docChanged) move(update.state.selection.main.head);
    });
    this.view = new EditorView({
      root: shadow,
      parent: inside,
      state: EditorState.create({
        doc: text,
        extensions: [
          lineNumbers(), lintGutter(), history(), drawSelection(), highlightSpecialChars(), highlightActiveLine(), highlightActiveLineGutter(),
          indentOnInput(), bracketMatching(), indentUnit.of("  "), yaml(), syntaxHighlighting(COLOURS), LOOK, changed,
          keymap.of([...lintKeymap, ...historyKeymap, ...defaultKeymap]), EditorState.readOnly.of(isReadOnly),
          EditorView.domEventHandlers({ beforeinput: typedOver }),
          EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0", spellcheck: "false", autocapitalize: "off", autocorrect: "off" }),
        ],
      }),
    });
  }

  get text() {
    return this.view.state.doc.toString();
  }

  // Change a part of the text as one step of the history.
  change(change) {
    this.view.dispatch({ changes: change, annotations: [isolateHistory.of("full"), Transaction.userEvent.of("builder")] });
  }

  undo() {
    return undo(this.view);
  }

  redo() {
    return redo(this.view);
  }

  get undos() {
    return undoDepth(this.view.state);
  }

  get redos() {
    return redoDepth(this.view.state);
  }

  // Underline faults: each `{line, message, hint, thing}`, or `{at, message}` where the place is known exactly.
  fault(faults) {
    const { doc } = this.view.state;
    const found = faults.map((fault) => {
      const line = fault.at === undefined ? doc.line(Math.min(Math.max(fault.line, 1), doc.lines)) : doc.lineAt(Math.min(fault.at, doc.length));
      const lead = line.text.match(/^\s*(?:- )?/)[0].length;
      const from = Math.min(line.from + lead, line.to);
      return { from, to: Math.max(from, line.to), severity: "error", message: [fault.thing ? `${fault.thing}: ` : "", fault.message, fault.hint ? ` ${fault.hint}` : ""].join("") };
    });
    this.view.dispatch(setDiagnostics(this.view.state, found.sort((one, other) => one.from - other.from)));
  }

  get faults() {
    const found = [];
    forEachDiagnostic(this.view.state, (each) => found.push(each));
    return found;
  }

  nextFault() {
    this.view.focus();
    nextDiagnostic(this.view);
  }

  goTo(from, to = from) {
    this.view.dispatch({ selection: { anchor: from, head: to }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
    this.view.focus();
  }

  show(from) {
    this.view.dispatch({ effects: EditorView.scrollIntoView(Math.min(from, this.view.state.doc.length), { y: "center" }) });
  }

  goToLine(number) {
    const line = this.view.state.doc.line(Math.min(Math.max(number, 1), this.view.state.doc.lines));
    this.goTo(line.from, line.to);
  }

  close() {
    this.view.destroy();
  }
}
