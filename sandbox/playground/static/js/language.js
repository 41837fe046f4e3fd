/** The language that this person's Discord speaks, and how its clock is written. */

import { api } from "./api.js";
import { el, toast } from "./dom.js";
import { emit, loadWorld, on, store } from "./store.js";

/** All of Discord's client languages, as it names them; Arabic is none of them, but people write it. In the last one the bot accents every letter. */
const LANGUAGES = [
  ["en-US", "English, US"], ["en-GB", "English, UK"], ["bg", "български"], ["cs", "Čeština"], ["da", "Dansk"], ["de", "Deutsch"], ["el", "Ελληνικά"],
  ["es-419", "Español de Latinoamérica"], ["es-ES", "Español de España"], ["fi", "Suomi"], ["fr", "Français"], ["hi", "हिन्दी"], ["hr", "Hrvatski"],
  ["hu", "Magyar"], ["id", "Bahasa Indonesia"], ["it", "Italiano"], ["ja", "日本語"], ["ko", "한국어"], ["lt", "Lietuviškai"], ["nl", "Nederlands"],
  ["no", "Norsk"], ["pl", "Polski"], ["pt-BR", "Português do Brasil"], ["ro", "Română"], ["ru", "Русский"], ["sv-SE", "Svenska"], ["th", "ไทย"],
  ["tr", "Türkçe"], ["uk", "Українська"], ["vi", "Tiếng Việt"], ["zh-CN", "简体中文"], ["zh-TW", "繁體中文"], ["ar", "العربية"], ["en-XA", "⟦Ƥŝéúđó⟧ Pseudo"],
];
const CLOCKS = [["", "As the language has it"], ["h12", "3:05 PM"], ["h23", "15:05"]];

/** Formats of the chosen language; `hourCycle` only where one was chosen. */
export function timeFormat(style) {
  return new Intl.DateTimeFormat(store.locale, store.hours ? { ...style, hourCycle: store.hours } : style);
}

/** Mark the page with the language: Arabic runs from right to left. */
export function markLanguage() {
  document.documentElement.lang = store.locale;
  document.documentElement.dir = new Set(["ar", "he"]).has(store.locale) ? "rtl" : "ltr";
}

async function speak(locale) {
  try {
    await api.locale(store.me, locale, store.guildId);
    await loadWorld();
    emit("messages");
  } catch (error) {
    toast(error.message, "error");
  }
}

function choose(hours) {
  store.hours = hours;
  localStorage.setItem("hours", hours);
  emit("messages");
}

function selector(id, label, pairs, chosen, change) {
  const node = el("select", { id, class: "input", onChange: () => change(node.value) },
    pairs.map(([value, name]) => el("option", { value }, name)));
  node.value = chosen();
  return { node, row: el("label", { class: "choice-row", for: id }, label, node) };
}

/** The switches, as a list of nodes; they follow when another person is chosen. */
export function languageSwitches() {
  const language = selector("language", "Language, yours and this server's", LANGUAGES, () => store.locale, speak);
  const clock = selector("hours", "Clock", CLOCKS, () => store.hours, choose);
  on("world", () => { language.node.value = store.locale; });
  return [language.row, clock.row];
}
