/** What was asked of the bot and not answered yet. Events may come before the call that caused them returns. */

import { emit, store } from "./store.js";

export const pending = new Map();
const early = new Map();
const NO_ANSWER = "The application did not respond";

/** Follow interaction `id`; `done()` is called when it was answered or failed. A command shows a row of its own. */
export function watch(id, { title = "", messageId = null, done = () => {}, onFailure = null } = {}) {
  const entry = { id, title, messageId, done, onFailure, channelId: store.channelId, reason: null };
  entry.dismiss = () => { pending.delete(id); emit("pending"); };
  pending.set(id, entry);
  if (early.has(id)) {
    const reason = early.get(id);
    early.delete(id);
    if (reason === null) settle(id);
    else fail(id, reason);
    return;
  }
  if (messageId) setTimeout(() => settle(id), 4000);
  emit("pending");
}

/** The bot answered. */
export function settle(id) {
  if (!id) return;
  const entry = pending.get(id);
  if (!entry) { remember(id, null); return; }
  pending.delete(id);
  entry.done();
  emit("pending");
}

/** The bot did not answer in time, or not in a way that Discord takes. */
export function fail(id, reason) {
  const entry = pending.get(id);
  if (!entry) { remember(id, reason); return; }
  const sentence = !reason || /respond|timeout|timed out|3 s/i.test(reason) ? NO_ANSWER : reason;
  entry.done();
  if (entry.messageId || entry.onFailure) {
    pending.delete(id);
    if (entry.onFailure) entry.onFailure(sentence);
    else emit("component-failed", { messageId: entry.messageId, reason: entry.title ? sentence : "This interaction failed" });
  } else {
    entry.reason = sentence;
  }
  emit("pending");
}

function remember(id, reason) {
  early.set(id, reason);
  if (early.size > 50) early.delete(early.keys().next().value);
}
