/** Menus on messages and people: what Discord offers, and under Apps what the bot does. */

import { api } from "./api.js";
import { el, rove, toast } from "./dom.js";
import { offeredHere } from "./commands.js";
import { watch } from "./interactions.js";
import { dropMessage, emit, mayModerate, store, bot, displayName } from "./store.js";

let close = () => {};

/** A menu beside `anchor` or at a point. `entries`: {label, run, danger?} or {heading}. */
export function openMenu(entries, anchor, point = null, label = "Menu") {
  close();
  const items = [];
  const node = el("div", { class: "menu", role: "menu", "aria-label": label }, entries.filter(Boolean).map((entry) => {
    if (entry.heading) return el("div", { class: "menu-heading", role: "presentation" }, entry.heading);
    const item = el("button", {
      type: "button", class: entry.danger ? "menu-item danger" : "menu-item", role: "menuitem", tabIndex: items.length ? -1 : 0,
      onClick: () => { close(); entry.run(); },
    }, entry.label, entry.note ? el("small", {}, entry.note) : null);
    items.push(item);
    return item;
  }));
  const back = document.activeElement;
  document.getElementById("layers").append(node);
  place(node, anchor, point);
  anchor.closest?.(".message")?.classList.add("menu-open");
  const outside = (event) => { if (!node.contains(event.target)) close(); };
  close = () => {
    node.remove();
    document.querySelectorAll(".menu-open").forEach((one) => one.classList.remove("menu-open"));
    document.removeEventListener("pointerdown", outside, true);
    close = () => {};
    if (node.contains(document.activeElement) || document.activeElement === document.body) back?.focus?.();
  };
  document.addEventListener("pointerdown", outside, true);
  node.addEventListener("keydown", (event) => {
    if (event.key === "Escape" || event.key === "Tab") { event.preventDefault(); event.stopPropagation(); close(); back?.focus?.(); return; }
    if (!rove(event, items) && event.key.length === 1) {
      items.find((item) => item.textContent.toLowerCase().startsWith(event.key.toLowerCase()))?.focus();
    }
  });
  items[0]?.focus();
}

function place(node, anchor, point) {
  const box = anchor.getBoundingClientRect();
  const [x, y] = point ?? [Math.min(box.right, innerWidth - 24), box.top];
  const { offsetWidth: w, offsetHeight: h } = node;
  node.style.left = `${Math.max(8, Math.min(point ? x : x - w, innerWidth - w - 8))}px`;
  node.style.top = `${Math.max(8, Math.min(y, innerHeight - h - 8))}px`;
}

const appCommands = (type) => offeredHere().filter((one) => one.type === type);

async function runOn(command, type, target) {
  try {
    const payload = { as: store.me, channel_id: store.channelId, name: command.name, type, target_id: target, options: {} };
    const { interaction_id } = await api.command(payload);
    watch(interaction_id, { title: command.name });
  } catch (error) {
    toast(error.message, "error");
  }
}

/** Reply, copy, delete, and the bot's message commands. */
export function openMessageMenu(message, anchor, point = null) {
  if (!message) return;
  const mine = message.author.id === store.me;
  const hidden = Boolean(message.flags & 64);
  const apps = hidden ? [] : appCommands(3);
  openMenu([
    hidden ? null : { label: "Reply", run: () => emit("reply", message) },
    { label: "Copy text", run: () => copy(message.content) },
    { label: "Copy message ID", run: () => copy(message.id) },
    apps.length ? { heading: "Apps" } : null,
    ...apps.map((one) => ({ label: one.name, note: displayName(bot()), run: () => runOn(one, 3, message.id) })),
    hidden ? { label: "Dismiss message", run: () => dropMessage(message.id) } : null,
    !hidden && (mine || mayModerate()) ? { label: "Delete message", danger: true, run: () => remove(message) } : null,
  ], anchor, point, "Message");
}

/** Mention, copy, and the bot's user commands. */
export function openUserMenu(user, anchor) {
  const apps = appCommands(2);
  openMenu([
    { label: "Mention", run: () => emit("insert", `@${displayName(user)} `) },
    { label: "Copy user ID", run: () => copy(user.id) },
    apps.length ? { heading: "Apps" } : null,
    ...apps.map((one) => ({ label: one.name, note: displayName(bot()), run: () => runOn(one, 2, user.id) })),
  ], anchor, null, displayName(user));
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied");
  } catch {
    toast("The browser did not let the page copy", "error");
  }
}

function remove(message) {
  api.remove(store.me, message.id).catch((error) => toast(error.message, "error"));
}
