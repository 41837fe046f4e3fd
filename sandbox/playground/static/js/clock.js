/** Discord's `<t:…>` stamps and the times beside names, in the reader's own language and zone. */

import { el } from "./dom.js";
import { timeFormat } from "./language.js";
import { now, store } from "./store.js";

const STYLES = {
  t: { timeStyle: "short" },
  T: { timeStyle: "medium" },
  d: { dateStyle: "short" },
  D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" },
  F: { dateStyle: "full", timeStyle: "short" },
  s: { dateStyle: "short", timeStyle: "short" },
  S: { dateStyle: "short", timeStyle: "medium" },
};
const UNITS = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

function formatted(ms, style) {
  return timeFormat(STYLES[style] ?? STYLES.f).format(new Date(ms));
}

function ago(ms) {
  const seconds = Math.round((ms - now()) / 1000);
  const [unit, size] = UNITS.find(([, one]) => Math.abs(seconds) >= one) ?? ["second", 1];
  return new Intl.RelativeTimeFormat(store.locale, { numeric: "always" }).format(Math.trunc(seconds / size), unit);
}

/** A stamp of `seconds` since 1970; style R says how long ago or from now and ticks. */
export function stamp(seconds, style = "f") {
  const ms = seconds * 1000;
  if (!Number.isFinite(new Date(ms).getTime())) return document.createTextNode(`<t:${seconds}:${style}>`);
  const node = el("time", { class: "stamp", datetime: new Date(ms).toISOString(), title: formatted(ms, "F") });
  node.dataset.ms = String(ms);
  node.dataset.style = style;
  node.textContent = style === "R" ? ago(ms) : formatted(ms, style);
  return node;
}

/** The time beside a name: today and yesterday by the clock, older ones by the date. */
export function posted(iso) {
  const ms = Date.parse(iso);
  const day = (value) => new Date(value).toDateString();
  const time = formatted(ms, "t");
  const text = day(ms) === day(now()) ? time
    : day(ms) === day(now() - 86400000) ? `Yesterday at ${time}` : formatted(ms, "s");
  return el("time", { class: "posted", datetime: iso, title: formatted(ms, "F") }, text);
}

export const shortTime = (iso) => formatted(Date.parse(iso), "t");

/** Keep every relative stamp on the page right, once a second. */
export function tick() {
  for (const node of document.querySelectorAll("time.stamp[data-style='R']")) {
    const text = ago(Number(node.dataset.ms));
    if (node.textContent !== text) node.textContent = text;
  }
}
