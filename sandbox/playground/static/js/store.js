/** What this tab knows: who one is, where one is, and what is there. One object, changed here and announced. */

import { api } from "./api.js";

export const store = {
  me: null,
  users: [],
  guilds: [],
  dms: [],
  commands: [],
  guildId: null,
  channelId: null,
  messages: new Map(),
  online: false,
  skew: 0,
  locale: "en-US",
  hours: localStorage.getItem("hours") ?? "",
};

const listeners = new Map();

export function on(name, listener) {
  if (!listeners.has(name)) listeners.set(name, new Set());
  listeners.get(name).add(listener);
}

export function emit(name, detail) {
  for (const listener of listeners.get(name) ?? []) listener(detail);
}

/** The stand-in's time in milliseconds; its clock can be moved on, so it is not this machine's. */
export const now = () => Date.now() + store.skew;

export const displayName = (user) => user?.global_name || user?.username || "Unknown user";
export const userById = (id) => store.users.find((user) => user.id === id);
export const guild = () => store.guilds.find((one) => one.id === store.guildId) ?? null;
export const channels = () => (guild()?.channels ?? store.dms);
export const channel = () => channels().find((one) => one.id === store.channelId) ?? null;
export const bot = () => store.users.find((user) => user.bot) ?? null;

const ADMINISTRATOR = 1n << 3n;
const MANAGE_MESSAGES = 1n << 13n;

/** Whether the person of this tab may delete others' messages here. */
export function mayModerate() {
  const held = BigInt(channel()?.my_permissions ?? 0);
  return Boolean(store.guildId) && Boolean(held & (ADMINISTRATOR | MANAGE_MESSAGES));
}

function administers(user, guilds) {
  return guilds.some((one) => {
    const roles = (one.members ?? []).find((member) => member.user.id === user.id)?.roles ?? [];
    return one.owner_id === user.id || one.roles.some((role) => roles.includes(role.id) && BigInt(role.permissions) & ADMINISTRATOR);
  });
}

export function channelById(id) {
  return [...store.guilds.flatMap((one) => one.channels), ...store.dms].find((one) => one.id === id);
}

export function channelName(one) {
  if (!one) return "unknown";
  if (one.name) return one.name;
  return displayName((one.recipients ?? []).find((user) => user.id !== store.me)) || "Direct message";
}

export function userName(id) {
  const found = userById(id) ?? [...store.messages.values()].map((m) => m.author).find((a) => a.id === id);
  return found ? displayName(found) : null;
}

/** A command, option or choice with its texts in the person's language, where the bot gave one; names stay what is sent. */
function localized(one) {
  return {
    ...one,
    description: one.description_localizations?.[store.locale] ?? one.description,
    options: one.options?.map(localized),
    choices: one.choices?.map((choice) => ({ ...choice, name: choice.name_localizations?.[store.locale] ?? choice.name })),
  };
}

/** Read the world again as `as` and keep the place where that person may see it. */
export async function loadWorld(as = store.me ?? sessionStorage.getItem("as")) {
  const world = await api.state(as).catch((error) => { if (as) return api.state(null); throw error; });
  store.me = typeof world.me === "string" ? world.me : world.me.id;
  sessionStorage.setItem("as", store.me);
  store.users = world.users.map((user) => ({ ...user, admin: !user.bot && administers(user, world.guilds) }));
  store.guilds = world.guilds;
  store.dms = world.dms;
  store.locale = world.locale ?? store.locale;
  store.commands = world.commands.map(localized);
  if (world.now) store.skew = Date.parse(world.now) - Date.now();
  store.online = Boolean(world.online ?? store.online);
  emit("world");
}

/** Go to a channel and read what the person may see there. */
export async function openChannel(guildId, channelId) {
  store.guildId = guildId;
  store.channelId = channelId;
  sessionStorage.setItem("place", JSON.stringify([guildId, channelId]));
  store.messages = new Map();
  emit("place");
  const found = await api.messages(store.me, channelId);
  if (store.channelId !== channelId) return;
  for (const message of found.sort(byId)) store.messages.set(message.id, message);
  emit("messages");
}

export const byId = (a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1);

/** Where this tab was before it was reloaded, or the first channel of the first server. */
export function rememberedPlace() {
  try {
    const [guildId, channelId] = JSON.parse(sessionStorage.getItem("place") ?? "[]");
    if (channelById(channelId)) return [guildId, channelId];
  } catch { /* whatever is in there is not ours */ }
  const first = store.guilds[0];
  const text = first?.channels.find((one) => one.type === undefined || one.type === 0);
  return [first?.id ?? null, text?.id ?? store.dms[0]?.id ?? null];
}

export function putMessage(message) {
  if (message.channel_id !== store.channelId) return;
  const known = store.messages.has(message.id);
  store.messages.set(message.id, { ...store.messages.get(message.id), ...message });
  emit(known ? "message-changed" : "message-added", store.messages.get(message.id));
}

export function dropMessage(id) {
  if (store.messages.delete(id)) emit("message-gone", id);
}
