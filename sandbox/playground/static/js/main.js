/** Joins the parts: reads the world, follows its events, and hands each to whom it concerns. */

import { follow } from "./api.js";
import { start as startBanner } from "./banner.js";
import { tick } from "./clock.js";
import { start as startComposer, takeFiles } from "./composer.js";
import { toast } from "./dom.js";
import { fail, settle } from "./interactions.js";
import { failed, start as startMessages, toBottom } from "./messages.js";
import { markLanguage } from "./language.js";
import { openModal } from "./modal.js";
import { start as startSidebar } from "./sidebar.js";
import { displayName, dropMessage, emit, loadWorld, on, openChannel, putMessage, rememberedPlace, store, userById } from "./store.js";

const typing = document.getElementById("typing");
let typingUntil = 0;
let unfollow = () => {};
let linkUp = true;

const interactionOf = (message) => message.interaction_metadata?.id ?? message.interaction?.id;

function received(message) {
  if (message.channel_id !== store.channelId) emit("elsewhere", message.channel_id);
  if (message.author?.bot) { settle(interactionOf(message)); settle(message.interaction_metadata?.triggering_interaction_metadata?.id); typing.textContent = ""; }
  putMessage(message);
}

/** What to do on each event of the stand-in. */
const EVENTS = {
  message_create: (event) => received(event.message),
  message_update: (event) => { settle(event.interaction_id); if (store.messages.has(event.message.id)) received(event.message); },
  message_delete: (event) => dropMessage(event.message_id ?? event.id),
  interaction_failed: (event) => fail(event.interaction_id, event.reason),
  interaction_done: (event) => settle(event.interaction_id),
  modal: (event) => { settle(event.interaction_id); openModal(event.interaction_id, event.modal); },
  autocomplete: (event) => emit("autocomplete", event),
  commands: () => loadWorld(),
  ready: () => { store.online = true; emit("link", true); return loadWorld(); },
  offline: () => { store.online = false; emit("link", true); },
  world: () => loadWorld(),
  typing: (event) => {
    if (event.channel_id !== store.channelId || event.user_id === store.me) return;
    typing.textContent = `${displayName(userById(event.user_id))} is typing…`;
    typingUntil = Date.now() + 10000;
  },
  link: async ({ up }) => {
    if (up && !linkUp) { await loadWorld(); await openChannel(store.guildId, store.channelId); }
    linkUp = up;
    emit("link", up);
  },
};

function listen() {
  unfollow();
  unfollow = follow(store.me, (event) => EVENTS[event.type]?.(event));
}

async function start() {
  startMessages();
  startSidebar();
  startComposer();
  on("person", listen);
  on("world", markLanguage);
  on("sent", toBottom);
  on("component-failed", ({ messageId, reason }) => failed(messageId, reason));
  await loadWorld();
  listen();
  await openChannel(...rememberedPlace());
  setInterval(() => {
    tick();
    if (typing.textContent && Date.now() > typingUntil) typing.textContent = "";
  }, 1000);
  document.getElementById("composer-input").focus({ preventScroll: true });
  await startBanner(takeFiles);
  document.documentElement.dataset.ready = "yes";
}

start().catch((error) => toast(`The playground could not start: ${error.message}`, "error"));
