/** The channel's messages: drawn once, then only the part that changed, so that a playing clip plays on. */

import { el, icon, replace, toast } from "./dom.js";
import { api } from "./api.js";
import { posted, shortTime } from "./clock.js";
import { component } from "./components.js";
import { embed, shownInEmbeds } from "./embeds.js";
import { markdown, plainText } from "./markdown.js";
import { attachment } from "./media.js";
import { openMessageMenu, openUserMenu } from "./menu.js";
import { pending, watch } from "./interactions.js";
import { bot, byId, channel, channelName, displayName, dropMessage, emit, guild, on, store } from "./store.js";

export const EPHEMERAL = 64;
export const LOADING = 128;
const V2 = 1 << 15;
const GROUP_MS = 7 * 60 * 1000;

const log = document.getElementById("log");
const drawn = new Map();

/** Two letters on a colour of the person's own. */
export function avatar(user, size = 40) {
  const name = displayName(user);
  const letters = name.split(/\s+/).map((word) => [...word][0] ?? "").slice(0, 2).join("").toUpperCase() || "?";
  const hue = [...(user?.id ?? "0")].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 360, 7);
  return el("span", { class: `avatar${user?.bot ? " bot" : ""}`, "aria-hidden": "true", style: { "--hue": String(hue), "--size": `${size}px` } },
    user?.bot ? icon("send", Math.round(size / 2)) : letters);
}

function header(message, grouped) {
  if (grouped) return [el("span", { class: "gutter" }, shortTime(message.timestamp))];
  const author = message.author;
  const open = (event) => openUserMenu(author, event.currentTarget);
  return [
    el("span", { class: "gutter" }, avatar(author)),
    el("span", { class: "byline" },
      el("button", { type: "button", class: "author", tabIndex: -1, onClick: open, style: { "--name": roleColour(message) } }, displayName(author)),
      author.bot ? el("span", { class: "badge" }, "APP") : null, posted(message.timestamp), message.content ? null : editedMark(message)),
  ];
}

function roleColour(message) {
  const roles = guild()?.members?.find((member) => member.user.id === message.author.id)?.roles ?? [];
  const colour = (guild()?.roles ?? []).filter((role) => roles.includes(role.id) && role.color).at(-1)?.color;
  return colour ? `#${colour.toString(16).padStart(6, "0")}` : null;
}

function origin(message) {
  const meta = message.interaction_metadata ?? message.interaction;
  const name = message.interaction?.name ?? message.interaction_metadata?.name;
  if (message.type === 20 || message.type === 23 || (meta && meta.type === 2 && name)) {
    return el("div", { class: "origin" }, avatar(meta?.user, 18), el("b", {}, displayName(meta?.user)), " used ",
      el("span", { class: "mention" }, message.type === 23 ? name ?? "an app command" : `/${name ?? "command"}`));
  }
  if (!message.message_reference || message.message_reference.type === 1) return null;
  const quoted = message.referenced_message;
  if (!quoted) return el("div", { class: "origin" }, icon("reply", 16), el("i", {}, "The message it replied to is gone."));
  const jump = () => drawn.get(quoted.id)?.node.focus();
  const extra = quoted.attachments?.length ? " (attachment)" : quoted.embeds?.length ? " (card)" : "";
  return el("button", { type: "button", class: "origin", tabIndex: -1, onClick: jump }, icon("reply", 16), avatar(quoted.author, 18),
    el("b", {}, displayName(quoted.author)), el("span", { class: "clamped" }, plainText(quoted.content).slice(0, 120) || "…", extra));
}

function editedMark(message) {
  if (!message.edited_timestamp) return null;
  return el("span", { class: "edited", title: posted(message.edited_timestamp).title }, "(edited)");
}

function text(message) {
  if (message.flags & LOADING) {
    return el("div", { class: "thinking", role: "status" }, el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")),
      `${displayName(message.author)} is thinking…`);
  }
  if (!message.content) return null;
  const edited = editedMark(message);
  const body = el("div", { class: "markdown" }, markdown(message.content));
  if (edited) (body.lastElementChild?.matches(".line") ? body.lastElementChild : body).append(" ", edited);
  return body;
}

function forwarded(message) {
  return (message.message_snapshots ?? []).map(({ message: inside }) => el("div", { class: "forwarded" }, el("small", {}, "Forwarded"),
    el("div", { class: "markdown" }, markdown(inside.content)), (inside.attachments ?? []).map(attachment), (inside.embeds ?? []).map((one) => embed(one))));
}

function files(message) {
  if (message.flags & V2) return [];
  const shown = new Set(shownInEmbeds(message).map((file) => file.id));
  return (message.attachments ?? []).filter((file) => !shown.has(file.id)).map(attachment);
}

function note(message) {
  if (!(message.flags & EPHEMERAL)) return null;
  const dismiss = () => { dropMessage(message.id); document.getElementById("composer-input")?.focus(); };
  return el("div", { class: "only-you" }, icon("eye", 16), "Only you can see this • ",
    el("button", { type: "button", class: "link-button", onClick: dismiss }, "Dismiss message"));
}

async function press(message, custom_id, values) {
  const entry = drawn.get(message.id);
  entry.failure = null;
  entry.node.classList.add("waiting");
  try {
    const { interaction_id } = await api.component({ as: store.me, message_id: message.id, custom_id, values });
    watch(interaction_id, { messageId: message.id, done: () => entry.node.classList.remove("waiting") });
  } catch (error) {
    entry.node.classList.remove("waiting");
    failed(message.id, error.message);
  }
}

/** Show under a message that what was pressed came to nothing. */
export function failed(messageId, reason) {
  const entry = drawn.get(messageId);
  if (!entry) return toast(reason, "error");
  entry.failure = reason;
  return draw(store.messages.get(messageId) ?? entry.message);
}

/** The parts of a message in order: what each depends on, and how it is drawn. */
const PARTS = [
  ["origin", (m) => [m.type, m.interaction_metadata?.id, m.referenced_message?.id, m.referenced_message?.content], origin],
  ["head", (m, entry) => [m.author, m.timestamp, m.edited_timestamp, Boolean(m.content), entry.grouped], (m, entry) => header(m, entry.grouped)],
  ["text", (m) => [m.content, m.edited_timestamp, m.flags], text],
  ["snapshots", (m) => m.message_snapshots?.length ?? 0, forwarded],
  ["files", (m) => [(m.attachments ?? []).map((f) => f.id), shownInEmbeds(m).map((f) => f.id), m.flags & V2], files],
  ["embeds", (m) => m.embeds, (m) => (m.embeds ?? []).map((one) => embed(one, m.attachments ?? []))],
  ["components", (m) => m.components, (m) => (m.components ?? []).map((one) =>
    component(one, { act: (id, values) => press(m, id, values), files: m.attachments ?? [] }))],
  ["failure", (_, entry) => entry.failure, (_, entry) => entry.failure && el("div", { class: "failure", role: "alert" }, icon("warn", 16), entry.failure)],
  ["note", (m) => m.flags & EPHEMERAL, note],
];

function draw(message) {
  let entry = drawn.get(message.id);
  if (!entry) {
    entry = { message, node: shell(message), parts: new Map(), failure: null, grouped: false };
    drawn.set(message.id, entry);
  }
  entry.message = message;
  entry.grouped = isGrouped(message);
  entry.node.classList.toggle("grouped", entry.grouped);
  entry.node.classList.toggle("ephemeral", Boolean(message.flags & EPHEMERAL));
  entry.node.classList.toggle("mentions-me", (message.mentions ?? []).some((user) => user.id === store.me));
  for (const [name, facts, render] of PARTS) {
    const key = JSON.stringify(facts(message, entry)) ?? "";
    const slot = entry.node.querySelector(`:scope > .body > .${name}`);
    if (entry.parts.get(name) === key) continue;
    entry.parts.set(name, key);
    replace(slot, render(message, entry));
  }
  return entry.node;
}

function shell(message) {
  const node = el("li", { class: "message", tabIndex: -1, dataset: { id: message.id } },
    el("div", { class: "body" }, PARTS.map(([name]) => el("div", { class: name }))),
    el("div", { class: "tools", role: "toolbar", "aria-label": "Message" },
      el("button", { type: "button", class: "icon-button", title: "Reply", "aria-label": "Reply", onClick: () => emit("reply", store.messages.get(message.id)) }, icon("reply", 18)),
      el("button", { type: "button", class: "icon-button", title: "More", "aria-label": "More", "aria-haspopup": "menu",
        onClick: (event) => openMessageMenu(store.messages.get(message.id), event.currentTarget) }, icon("more", 18))));
  node.addEventListener("contextmenu", (event) => {
    if (event.target.closest("a, video, input")) return;
    event.preventDefault();
    openMessageMenu(store.messages.get(message.id), node, event.clientX ? [event.clientX, event.clientY] : null);
  });
  return node;
}

function isGrouped(message) {
  const ordered = [...store.messages.values()].sort(byId);
  const before = ordered[ordered.findIndex((one) => one.id === message.id) - 1];
  return Boolean(before) && before.author.id === message.author.id && !origin(message) && !(message.flags & EPHEMERAL) && !(before.flags & EPHEMERAL)
    && Date.parse(message.timestamp) - Date.parse(before.timestamp) < GROUP_MS;
}

let stuck = true;

function nearBottom() {
  return stuck;
}

let settling = false;

/** To the newest message, and stay there while things load and the box below grows. */
export function toBottom() {
  stuck = settling = true;
  log.scrollTop = log.scrollHeight;
  requestAnimationFrame(() => { settling = false; });
}

function welcome() {
  const name = channelName(channel());
  return el("li", { class: "welcome" }, el("div", { class: "welcome-mark" }, icon(store.guildId ? "hash" : "send", 36)),
    el("h2", {}, store.guildId ? `Welcome to #${name}` : `Your messages with ${name}`),
    el("p", {}, "Type ", el("kbd", {}, "/"), " to see what ", displayName(bot()), " can do, for example ",
      el("button", { type: "button", class: "link-button", onClick: () => emit("try", "/t2v prompt:a cat playing piano") }, "/t2v a cat playing piano"), "."));
}

/** Draw the whole channel. */
function drawAll() {
  drawn.clear();
  replace(log, welcome(), [...store.messages.values()].sort(byId).map(draw), [...pending.values()].map(waitingRow));
  roving();
  toBottom();
}

function roving() {
  const items = [...log.querySelectorAll(".message")];
  items.forEach((item, i) => { item.tabIndex = i === items.length - 1 ? 0 : -1; });
}

/** A command on its way: shown until the bot says something, or did not. */
function waitingRow(one) {
  if (one.messageId || one.onFailure || one.channelId !== store.channelId) return null;
  const again = one.reason ? el("button", { type: "button", class: "link-button", onClick: one.dismiss }, "Dismiss") : null;
  return el("li", { class: `sending ${one.reason ? "failed" : ""}`, dataset: { interaction: one.id } },
    one.reason ? icon("warn", 16) : el("span", { class: "spinner", "aria-hidden": "true" }),
    el("span", { role: one.reason ? "alert" : "status" }, el("b", {}, one.title), " ", one.reason ?? "Sending command…"), again);
}

export function start() {
  on("messages", drawAll);
  on("place", () => { drawn.clear(); replace(log, el("li", { class: "loading-log" }, el("span", { class: "spinner" }))); });
  on("message-added", (message) => {
    const stay = nearBottom();
    const before = [...store.messages.values()].sort(byId).find((one) => BigInt(one.id) > BigInt(message.id));
    const node = draw(message);
    log.insertBefore(node, (before && drawn.get(before.id)?.node) ?? log.querySelector(".sending"));
    if (before) draw(before);
    roving();
    if (stay) toBottom();
  });
  on("message-changed", (message) => {
    const stay = nearBottom();
    draw(message);
    if (stay) requestAnimationFrame(toBottom);
  });
  on("message-gone", (id) => { drawn.get(id)?.node.remove(); drawn.delete(id); roving(); });
  on("pending", () => {
    const stay = nearBottom();
    log.querySelectorAll(".sending").forEach((node) => node.remove());
    log.append(...[...pending.values()].map(waitingRow).filter(Boolean));
    if (stay) toBottom();
  });
  log.addEventListener("scroll", () => { if (!settling) stuck = log.scrollHeight - log.scrollTop - log.clientHeight < 120; });
  for (const event of ["load", "loadedmetadata"]) log.addEventListener(event, () => { if (stuck) toBottom(); }, true);
  new ResizeObserver(() => { if (stuck) toBottom(); }).observe(log);
  log.addEventListener("keydown", onKey);
}

function onKey(event) {
  const node = event.target.closest?.(".message");
  if (!node || event.target !== node) return;
  const message = store.messages.get(node.dataset.id);
  const items = [...log.querySelectorAll(".message")];
  const at = items.indexOf(node);
  const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: items.length - 1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    if (!items[to]) return;
    items.forEach((item) => { item.tabIndex = -1; });
    items[to].tabIndex = 0;
    items[to].focus();
  } else if (event.key === "r" && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    emit("reply", message);
  } else if (event.key === "Enter" || event.key === "ContextMenu" || (event.shiftKey && event.key === "F10")) {
    event.preventDefault();
    openMessageMenu(message, node);
  } else if (event.key === "Delete" && (message.author.id === store.me)) {
    api.remove(store.me, message.id).catch((error) => toast(error.message, "error"));
  }
}

