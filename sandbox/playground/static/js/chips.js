/** A command being filled in: a chip for each option, with its type, its choices and its file. */

import { api } from "./api.js";
import { el, icon, uid } from "./dom.js";
import { choicesOf, parsePairs, problemOf, TYPE_NAMES } from "./commands.js";
import { accepted, preview, takes } from "./files.js";
import { kindOf } from "./media.js";
import { channelName, channels, displayName, guild, on, store } from "./store.js";

const FAILED = "Loading options failed";
const waiting = new Map();
on("autocomplete", ({ nonce, choices }) => waiting.get(nonce)?.(choices));

/** The form of `leaf`. `list` is the shared popup; `onSend`, `onCancel` and `onProblem(sentence)` belong to the composer. */
export class CommandForm {
  constructor(leaf, { list, onSend, onCancel, onProblem }) {
    Object.assign(this, { leaf, list, onSend, onCancel, onProblem });
    this.fields = new Map();
    this.chips = el("div", { class: "chips" });
    this.more = el("div", { class: "more-options", role: "group", "aria-label": "Optional" });
    this.hint = el("div", { class: "option-hint", id: uid("hint") });
    this.name = el("span", { class: "command-name", tabIndex: 0, role: "button", "aria-label": `/${leaf.title}, Enter sends`, onClick: () => this.focus() }, `/${leaf.title}`);
    this.name.addEventListener("keydown", (event) => this.onNameKey(event));
    this.name.addEventListener("focus", () => this.describe(null));
    this.node = el("div", { class: "command-form", role: "group", "aria-label": `/${leaf.title}` }, this.hint,
      el("div", { class: "command-line" }, this.name, this.chips), this.more);
    for (const option of leaf.options) if (option.required) this.add(option);
    this.offer();
    this.describe(leaf.options[0]);
  }

  /** Fill in `name:value` text as one would type it. */
  fill(text) {
    const { first, pairs } = parsePairs(text, this.leaf.options.map((one) => one.name));
    const open = this.leaf.options.find((one) => one.type !== 11);
    if (first && open && !(open.name in pairs)) pairs[open.name] = first;
    for (const [name, value] of Object.entries(pairs)) {
      const field = this.add(this.leaf.options.find((one) => one.name === name));
      if (field.input.type !== "file") { field.input.value = value; field.value = undefined; }
    }
    const last = Object.keys(pairs).at(-1);
    this.focus(last && this.fields.get(last).option.type !== 11 ? last : null);
  }

  add(option) {
    if (this.fields.has(option.name)) return this.fields.get(option.name);
    const field = option.type === 11 ? this.fileField(option) : this.textField(option);
    this.fields.set(option.name, field);
    this.chips.append(field.node);
    this.offer();
    return field;
  }

  remove(name) {
    const names = [...this.fields.keys()];
    const before = names[names.indexOf(name) - 1];
    this.fields.get(name)?.node.remove();
    this.fields.delete(name);
    this.offer();
    this.focus(before);
  }

  offer() {
    const left = this.leaf.options.filter((one) => !this.fields.has(one.name));
    this.more.replaceChildren(...left.map((option) => el("button", {
      type: "button", class: "more-option", title: option.description, onClick: () => { this.add(option); this.focus(option.name); },
    }, icon("plus", 14), option.name)));
    this.more.hidden = !left.length;
  }

  describe(option) {
    if (!option) { this.hint.replaceChildren(this.leaf.description); return; }
    this.hint.replaceChildren(el("b", {}, option.name), ` — ${option.description} `, el("span", { class: "faint" },
      `(${TYPE_NAMES[option.type] ?? "value"}, ${option.required ? "required" : "optional"})`));
  }

  /** Focus an option, or the first required one that is empty, or the last. */
  focus(name = null) {
    const wanted = this.fields.get(name) ?? [...this.fields.values()].find((one) => one.option.required && one.empty()) ?? [...this.fields.values()].at(-1);
    (wanted?.input ?? this.name).focus();
  }

  textField(option) {
    const id = uid("option");
    const input = el("input", {
      id, class: "chip-input", type: "text", autocomplete: "off", spellcheck: "true", "aria-describedby": this.hint.id, "aria-required": String(Boolean(option.required)),
      role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", inputmode: [4, 10].includes(option.type) ? "numeric" : null,
    });
    const field = { option, input, value: undefined, empty: () => input.value === "", text: () => input.value.trim() };
    field.node = el("div", { class: "chip", dataset: { option: option.name } }, el("label", { for: id }, option.name), input);
    field.read = () => (field.value !== undefined ? field.value : this.typed(field));
    input.addEventListener("focus", () => { this.describe(option); this.suggest(field); });
    input.addEventListener("blur", () => setTimeout(() => { if (!this.node.contains(document.activeElement)) this.list.hide(); }, 150));
    input.addEventListener("input", () => {
      field.value = undefined;
      field.node.classList.remove("wrong");
      if (!this.jump(field)) this.suggest(field);
    });
    input.addEventListener("keydown", (event) => this.onKey(event, field));
    return field;
  }

  fileField(option) {
    const id = uid("option");
    const input = el("input", { id, type: "file", class: "chip-file", accept: accepted(option.file_types), "aria-describedby": this.hint.id });
    const button = el("label", { class: "chip-pick", for: id }, icon("file", 16), "Choose or drop a file");
    const holder = el("span", { class: "chip-holder" }, button);
    const field = { option, input, file: null, empty: () => !field.file, text: () => (field.file ? field.file.name : "") };
    field.node = el("div", { class: "chip file", dataset: { option: option.name } }, el("span", { class: "chip-label" }, option.name), input, holder);
    field.read = () => field.file?.name;
    field.take = (file) => {
      field.file = file;
      field.node.classList.remove("wrong");
      holder.replaceChildren(file ? preview(file, () => { field.take(null); input.focus(); }) : button);
      field.node.classList.toggle("filled", Boolean(file));
    };
    input.addEventListener("change", () => { if (input.files[0]) this.takeFiles([input.files[0]], option); input.value = ""; this.focus(option.name); });
    input.addEventListener("focus", () => { this.describe(option); this.list.hide(); });
    input.addEventListener("keydown", (event) => this.onKey(event, field));
    return field;
  }

  /** Put files on the attachment options: the one that has the focus, else the one named for the kind, else the first free. */
  takeFiles(files, meant = null) {
    for (const file of files) {
      const options = this.leaf.options.filter((one) => one.type === 11);
      const free = options.filter((one) => !this.fields.get(one.name)?.file);
      const kind = kindOf(file.name, file.type);
      const fits = (one) => (kind === "video" ? /video|clip/ : /image|picture|first|last|start|end|garment|reference/).test(one.name);
      const focused = free.find((one) => this.fields.get(one.name)?.input === document.activeElement);
      const chosen = meant ?? focused ?? free.find(fits) ?? free[0] ?? options[0];
      if (!chosen) { this.onProblem("This command takes no file."); return; }
      if (!takes(chosen.file_types, file)) { this.onProblem(`${chosen.name} doesn't take files such as ${file.name}.`); return; }
      this.add(chosen).take(file);
    }
    this.focus();
  }

  /** `seed:` typed inside a text goes on to that option, as in Discord. */
  jump(field) {
    const own = `${field.option.name}:`;
    if (field.input.value.toLowerCase().startsWith(own)) field.input.value = field.input.value.slice(own.length).trimStart();
    const names = this.leaf.options.map((one) => one.name).filter((name) => name !== field.option.name);
    const { first, pairs } = parsePairs(field.input.value, names);
    const [name] = Object.keys(pairs);
    if (!name) return false;
    field.input.value = first;
    if (!first && !field.option.required) {
      field.node.remove();
      this.fields.delete(field.option.name);
    }
    const next = this.add(this.leaf.options.find((one) => one.name === name));
    if (next.option.type !== 11) next.input.value = pairs[name];
    this.focus(name);
    if (next.option.type !== 11) this.jump(next);
    return true;
  }

  suggest(field) {
    const { option, input } = field;
    const show = (choices, empty) => this.list.show(choices, { heading: `${option.name} — ${option.description}`, input, empty, onPick: (value, item) => this.picked(field, value, item.title) });
    const known = choicesOf(option, places());
    const typed = input.value.trim().toLowerCase();
    if (known) {
      show(known.filter((one) => field.value !== undefined || one.title.toLowerCase().includes(typed)), "No choice fits that");
    } else if (option.autocomplete) {
      this.ask(field, show);
    } else {
      this.list.hide();
    }
  }

  async ask(field, show) {
    const nonce = `${Date.now()}-${Math.random()}`;
    field.nonce = nonce;
    waiting.set(nonce, (choices) => {
      waiting.delete(nonce);
      if (field.nonce !== nonce || document.activeElement !== field.input) return;
      if (choices) show(choices.map((one) => ({ title: one.name, value: one.value })), "Nothing fits that");
      else show([], FAILED);
    });
    await new Promise((resolve) => { setTimeout(resolve, 120); });
    if (field.nonce !== nonce) { waiting.delete(nonce); return; }
    const { options } = this.collect();
    const asked = { as: store.me, channel_id: store.channelId, name: this.leaf.name, subcommand: this.leaf.subcommand, options, focused: field.option.name, nonce };
    try {
      const answer = await api.autocomplete({ ...asked, options: { ...options, [field.option.name]: field.input.value } });
      if (answer?.choices) waiting.get(nonce)?.(answer.choices);
    } catch {
      waiting.get(nonce)?.(null);
    }
  }

  picked(field, value, title) {
    field.input.value = title;
    field.value = value;
    field.node.classList.remove("wrong");
    const next = [...this.fields.values()].find((one) => one.option.required && one.empty());
    if (next) next.input.focus();
  }

  typed(field) {
    const text = field.text();
    const known = choicesOf(field.option, places());
    const found = known?.find((one) => one.title.toLowerCase() === text.toLowerCase() || String(one.value) === text);
    if (found) return found.value;
    return [4, 10].includes(field.option.type) ? Number(text) : text;
  }

  /** The command's name holds the focus while nothing is filled in. */
  onNameKey(event) {
    if (event.key === "Enter") this.onSend();
    else if (event.key === "Escape" || event.key === "Backspace") this.onCancel(event.key === "Escape" ? "" : `/${this.leaf.title}`);
    else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) this.begin(event.key);
    else return;
    event.preventDefault();
  }

  /** The first letters typed go to the first option that takes text; `name:` goes on to the one that was meant. */
  begin(letter) {
    const option = this.leaf.options.find((one) => one.type !== 11 && !this.fields.has(one.name));
    if (!option || letter === " ") return;
    const { input } = this.add(option);
    input.focus();
    input.value = letter;
    input.dispatchEvent(new Event("input"));
  }

  onKey(event, field) {
    if (this.list.key(event) || event.isComposing) return;
    if (event.key === "Enter" && !(field.option.type === 11 && field.empty() && field.option.required)) {
      event.preventDefault();
      this.onSend();
    } else if (event.key === "Escape") {
      event.preventDefault();
      this.onCancel();
    } else if (event.key === "Backspace" && field.empty()) {
      event.preventDefault();
      if (!field.option.required) this.remove(field.option.name);
      else if ([...this.fields.values()].every((one) => one.empty())) this.onCancel(`/${this.leaf.title}`);
    }
  }

  collect() {
    const options = {};
    const files = [];
    for (const [name, field] of this.fields) {
      if (field.option.type === 11) { if (field.file) files.push([name, field.file]); } else if (field.text() !== "") options[name] = field.read();
    }
    return { options, files };
  }

  /** What to send, or null after marking the first option that can't go. */
  finished() {
    for (const field of this.fields.values()) {
      const text = field.text();
      const known = choicesOf(field.option, places());
      const unknown = known && text !== "" && !known.some((one) => one.value === field.read()) ? "Choose one from the list" : null;
      const problem = field.option.type === 11 ? (field.option.required && !field.file ? "Choose a file for this option" : null) : problemOf(field.option, text, text === "" ? null : field.read()) ?? unknown;
      if (problem) {
        field.node.classList.add("wrong");
        field.input.focus();
        this.onProblem(`${field.option.name}: ${problem}`);
        return null;
      }
    }
    return { name: this.leaf.name, subcommand: this.leaf.subcommand, type: 1, ...this.collect() };
  }
}

function places() {
  return {
    users: store.users.map((one) => ({ title: displayName(one), value: one.id, note: one.bot ? "app" : "member" })),
    roles: (guild()?.roles ?? []).map((one) => ({ title: one.name, value: one.id, note: "role" })),
    channels: channels().map((one) => ({ title: `#${channelName(one)}`, value: one.id })),
  };
}
