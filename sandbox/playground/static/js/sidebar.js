/** Where one is and who one is: the servers, their channels, the direct messages, and the person of this tab. */

import { el, icon, replace, rove } from "./dom.js";
import { avatar } from "./messages.js";
import { channel, channelName, channels, displayName, emit, guild, loadWorld, on, openChannel, rememberedPlace, store, userById } from "./store.js";

const rail = document.getElementById("rail");
const sidebar = document.getElementById("sidebar");
const head = document.getElementById("chat-header");
const app = document.getElementById("app");
const unread = new Set();

const initials = (name) => name.split(/\s+/).map((word) => word[0]).slice(0, 2).join("").toUpperCase();
const firstText = (one) => one.channels.find((room) => (room.type ?? 0) === 0) ?? one.channels[0];
const mark = (room) => (room.type === 1 ? avatar((room.recipients ?? [])[0] ?? { username: channelName(room), id: room.id, bot: true }, 24) : icon("hash", 18));

function drawRail() {
  const entry = (label, short, current, run, news) => el("button", {
    type: "button", class: `server${current ? " current" : ""}${news ? " news" : ""}`, title: label, "aria-label": news ? `${label}, new messages` : label,
    "aria-current": current ? "true" : null, tabIndex: current ? 0 : -1, onClick: run,
  }, short);
  const direct = entry("Direct messages", icon("send", 22), store.guildId === null, () => store.dms[0] && openChannel(null, store.dms[0].id), store.dms.some((one) => unread.has(one.id)));
  const servers = store.guilds.map((one) => entry(one.name, initials(one.name), one.id === store.guildId, () => openChannel(one.id, firstText(one).id), one.channels.some((room) => unread.has(room.id))));
  replace(rail, direct, el("hr"), servers);
}

function drawSidebar() {
  const person = userById(store.me);
  const people = store.users.filter((user) => !user.bot);
  const chooser = el("select", { class: "who", "aria-label": "You are", onChange: (event) => become(event.target.value) },
    people.map((user) => el("option", { value: user.id }, `${displayName(user)}${user.admin ? " (admin)" : ""}`)));
  chooser.value = store.me;
  const rooms = channels().map((room) => el("button", {
    type: "button", class: `room${room.id === store.channelId ? " current" : ""}${unread.has(room.id) ? " news" : ""}`, tabIndex: room.id === store.channelId ? 0 : -1,
    "aria-current": room.id === store.channelId ? "page" : null, onClick: () => { openChannel(store.guildId, room.id); drawer(false); },
  }, mark(room), el("span", {}, channelName(room)), room.nsfw ? el("small", {}, "18+") : null));
  replace(sidebar, el("h2", {}, guild()?.name ?? "Direct messages"), el("div", { class: "rooms" }, rooms),
    el("div", { class: "me" }, avatar(person, 32), el("label", { class: "me-text" }, el("span", { class: "faint" }, "You are"), chooser)));
}

function drawHead() {
  const room = channel();
  document.title = room ? `${store.guildId ? "#" : ""}${channelName(room)} · Clapper's playground` : "Clapper's playground";
  replace(head,
    el("button", { type: "button", class: "icon-button drawer-button", "aria-label": "Servers and channels", "aria-expanded": String(app.classList.contains("drawer")), onClick: () => drawer() }, icon("menu")),
    room ? mark(room) : null, el("h1", {}, channelName(room)), room?.topic ? el("span", { class: "topic faint" }, room.topic) : null);
}

/** Open or close the list of servers and channels on narrow screens. */
function drawer(open = !app.classList.contains("drawer")) {
  app.classList.toggle("drawer", open);
  drawHead();
  if (open) sidebar.querySelector(".room.current")?.focus();
}

async function become(id) {
  const place = [store.guildId, store.channelId];
  await loadWorld(id);
  emit("person");
  const [guildId, channelId] = channels().some((one) => one.id === place[1]) ? place : rememberedPlace();
  await openChannel(guildId, channelId);
}

function draw() {
  drawRail();
  drawSidebar();
  drawHead();
}

export function start() {
  on("world", draw);
  on("place", () => { unread.delete(store.channelId); draw(); });
  on("elsewhere", (id) => { if (!unread.has(id)) { unread.add(id); drawRail(); drawSidebar(); } });
  for (const [node, pattern] of [[rail, ".server"], [sidebar, ".room"]]) {
    node.addEventListener("keydown", (event) => { if (event.target.matches(pattern)) rove(event, [...node.querySelectorAll(pattern)]); });
  }
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && app.classList.contains("drawer")) drawer(false); });
  document.getElementById("chat").addEventListener("pointerdown", (event) => {
    if (app.classList.contains("drawer") && !event.target.closest(".drawer-button")) drawer(false);
  });
}
