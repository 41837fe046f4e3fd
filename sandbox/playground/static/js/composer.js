/** The message box: text, files, replies, and commands once a slash is typed. */

import { api } from "./api.js";
import { CommandForm } from "./chips.js";
import { called, matching } from "./commands.js";
import { el, icon, replace, toast } from "./dom.js";
import { dropTarget, filesOf, preview } from "./files.js";
import { watch } from "./interactions.js";
import { plainText } from "./markdown.js";
import { popup } from "./popup.js";
import { bot, channel, channelName, channels, displayName, emit, on, store } from "./store.js";

const host = document.getElementById("composer");
const MAX_FILES = 10;
const MAX_CHARS = 2000;

let files = [];
let reply = null;
let form = null;
let escaped = false;

const list = popup(host);
const bar = el("div", { class: "reply-bar", hidden: true });
const previews = el("div", { class: "previews", hidden: true });
const problem = el("div", { class: "composer-problem", role: "alert", hidden: true });
const input = el("textarea", {
  id: "composer-input", class: "composer-input", rows: 1, autocomplete: "off", role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false",
  "aria-label": "Message",
});
const picker = el("input", { type: "file", multiple: true, hidden: true, tabIndex: -1, "aria-hidden": "true",
  onChange: () => { takeFiles([...picker.files]); picker.value = ""; } });
const attach = el("button", { type: "button", class: "icon-button", title: "Attach files", "aria-label": "Attach files", onClick: () => picker.click() }, icon("plus"));
const sender = el("button", { type: "button", class: "icon-button send", title: "Send", "aria-label": "Send", onClick: () => send() }, icon("send"));
const field = el("div", { class: "composer-field" }, input);
const box = el("div", { class: "composer-box" }, attach, picker, field, sender);

function complain(text) {
  problem.textContent = text ?? "";
  problem.hidden = !text;
}

function grow() {
  input.style.height = "auto";
  input.style.height = `${Math.min(input.scrollHeight, 220)}px`;
}

/** Files that came by picker, drop, paste or sample: onto the command's options, or onto the message. */
export function takeFiles(found) {
  complain(null);
  if (form) { form.takeFiles(found); return; }
  files = [...files, ...found];
  if (files.length > MAX_FILES) { files = files.slice(0, MAX_FILES); complain("A message can hold 10 files."); }
  drawFiles();
  input.focus();
}

function drawFiles() {
  previews.hidden = !files.length;
  replace(previews, files.map((file) => preview(file, () => { files = files.filter((one) => one !== file); drawFiles(); input.focus(); })));
}

function setReply(message) {
  if (form) cancelForm();
  reply = message ? { message, mention: message.author.id !== store.me } : null;
  drawReply();
  suggest();
  input.focus();
}

function drawReply() {
  bar.hidden = !reply;
  if (!reply) return;
  const toggle = el("button", { type: "button", class: "link-button", "aria-pressed": String(reply.mention), onClick: () => { reply.mention = !reply.mention; drawReply(); } },
    reply.mention ? "@ on" : "@ off");
  replace(bar, el("span", {}, "Replying to ", el("b", {}, displayName(reply.message.author)), " ", el("span", { class: "faint clamped" }, plainText(reply.message.content).slice(0, 60))),
    reply.message.author.id === store.me ? null : toggle,
    el("button", { type: "button", class: "icon-button", "aria-label": "Cancel reply", onClick: () => setReply(null) }, icon("close", 16)));
}

/** Fill in a command: `rest` is text in the form `name:value name:value`. */
export function openForm(leaf, rest = "") {
  list.hide();
  complain(null);
  form = new CommandForm(leaf, { list, onSend: send, onCancel: cancelForm, onProblem: complain });
  replace(field, form.node);
  attach.hidden = true;
  const carried = files;
  files = [];
  drawFiles();
  if (carried.length) form.takeFiles(carried);
  if (rest) form.fill(rest);
  else form.focus();
}

function cancelForm(text = "") {
  const kept = form ? form.collect().files.map(([, file]) => file) : [];
  form = null;
  escaped = false;
  list.hide();
  complain(null);
  attach.hidden = false;
  replace(field, input);
  files = text ? kept : [];
  drawFiles();
  input.value = text;
  grow();
  input.focus();
  if (text) suggest();
}

/** Suggest commands after a slash and names after an at sign or a hash. */
function suggest() {
  if (form || document.activeElement !== input) return;
  const text = input.value;
  const found = text.startsWith("/") && !text.includes("\n") && !escaped ? matching(text.slice(1)) : [];
  if (found.length) {
    const items = found.map((leaf) => ({ title: `/${leaf.title}`, note: leaf.description, value: leaf,
      hint: leaf.options.map((one) => (one.required ? one.name : `${one.name}?`)).join("  ") }));
    list.show(items, { heading: `${displayName(bot())} — ${found.length} command${found.length > 1 ? "s" : ""}`, input, onPick: (leaf) => openForm(leaf) });
    return;
  }
  if (text.startsWith("/") && text.length === 1 && !store.commands.length) {
    list.show([], { heading: "Commands", input, empty: "The bot has told us no commands yet. Is it online?", onPick: () => {} });
    return;
  }
  const before = /(^|\s)([@#])([\w ]{0,20})$/.exec(text.slice(0, input.selectionStart));
  if (before && !escaped) { suggestNames(before); return; }
  list.hide();
}

function suggestNames([whole, space, sign, typed]) {
  const all = sign === "@" ? store.users.map((one) => displayName(one)) : channels().map((one) => channelName(one));
  const items = all.filter((name) => name.toLowerCase().startsWith(typed.toLowerCase())).map((name) => ({ title: sign + name, value: name }));
  const onPick = (name) => {
    const at = input.selectionStart;
    const start = at - whole.length;
    input.setRangeText(`${space}${sign}${name} `, start, at, "end");
    list.hide();
  };
  list.show(items, { heading: sign === "@" ? "Members" : "Channels", input, onPick });
}

/** `@Ada` and `#clips` as Discord sends them. */
function encoded(text) {
  const names = [...store.users.map((one) => [`@${displayName(one)}`, `<@${one.id}>`]), ...channels().map((one) => [`#${channelName(one)}`, `<#${one.id}>`])]
    .sort(([a], [b]) => b.length - a.length);
  return names.reduce((out, [name, id]) => out.replace(new RegExp(`(^|[\\s(])${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w-])`, "gi"), `$1${id}`), text);
}

async function send() {
  complain(null);
  list.hide();
  try {
    await (form ? sendCommand() : sendText());
  } catch (error) {
    complain(error.message);
  } finally {
    box.classList.remove("busy");
  }
}

async function sendCommand() {
  const ready = form.finished();
  if (!ready) return;
  const { files: attached, ...command } = ready;
  const title = `/${form.leaf.title}`;
  box.classList.add("busy");
  const { interaction_id } = await api.command({ as: store.me, channel_id: store.channelId, ...command }, attached);
  cancelForm();
  watch(interaction_id, { title });
  emit("sent");
}

async function sendText() {
  const content = encoded(input.value.trim());
  if (!content && !files.length) return;
  if ([...content].length > MAX_CHARS) { complain(`Your message is too long: ${[...content].length} of ${MAX_CHARS} characters.`); return; }
  const payload = { as: store.me, channel_id: store.channelId, content };
  if (reply) Object.assign(payload, { reply_to: reply.message.id, mention_reply: reply.mention });
  const kept = { text: input.value, files, reply };
  draft({ text: "", files: [], reply: null });
  emit("sent");
  try {
    await api.message(payload, kept.files.map((file, i) => [`files[${i}]`, file]));
  } catch (error) {
    draft(kept);
    throw error;
  }
}

/** What stands in the box, unsent. */
function draft(wanted) {
  ({ files, reply } = wanted);
  input.value = wanted.text;
  escaped = false;
  grow();
  drawFiles();
  drawReply();
}

function onInput() {
  complain(null);
  grow();
  if (input.value.length < 2) escaped = false;
  const call = escaped || reply ? null : called(input.value);
  if (call) openForm(call.leaf, call.rest);
  else suggest();
}

function onKey(event) {
  if (event.key === "Escape" && list.open) escaped = true;
  if (list.key(event) || event.isComposing) return;
  if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    send();
  } else if (event.key === "Escape") {
    if (reply) setReply(null);
  } else if (event.key === "ArrowUp" && !input.value) {
    event.preventDefault();
    document.querySelector("#log .message:last-of-type")?.focus();
  }
}

function onPaste(event) {
  if (!event.clipboardData?.files.length) return;
  event.preventDefault();
  filesOf(event.clipboardData).then(takeFiles).catch((error) => toast(error.message, "error"));
}

/** Put text into the box and act as if it had been typed. */
function type(text) {
  if (form) cancelForm();
  input.value = text;
  onInput();
  if (!form) input.focus();
}

export function start() {
  append();
  input.addEventListener("input", onInput);
  input.addEventListener("keydown", onKey);
  input.addEventListener("blur", () => setTimeout(() => { if (!host.contains(document.activeElement)) list.hide(); }, 150));
  host.addEventListener("paste", onPaste);
  dropTarget(document.getElementById("chat"), takeFiles);
  on("place", () => {
    if (form) cancelForm();
    reply = null;
    drawReply();
    const one = channel();
    input.placeholder = one ? `Message ${store.guildId ? "#" : "@"}${channelName(one)}` : "";
    input.setAttribute("aria-label", input.placeholder || "Message");
  });
  on("world", suggest);
  on("messages", suggest);
  on("reply", setReply);
  on("insert", (text) => { if (form) return; input.setRangeText(text, input.selectionStart, input.selectionEnd, "end"); input.focus(); });
  on("try", type);
  document.addEventListener("use-command", (event) => type(`/${event.detail} `));
  document.addEventListener("keydown", (event) => {
    const idle = event.target === document.body && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (idle && event.key.length === 1 && !document.querySelector("dialog[open]")) input.focus();
  });
}

function append() {
  host.append(bar, previews, problem, box);
}
