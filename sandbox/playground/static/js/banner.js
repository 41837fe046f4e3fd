/** The top of the page: what this is, whether the bot is there, samples to drag in, and ways to make things go wrong. */

import { api } from "./api.js";
import { append, el, icon, toast } from "./dom.js";
import { SAMPLE_TYPE, sampleFile } from "./files.js";
import { languageSwitches } from "./language.js";
import { loadWorld, on, store } from "./store.js";

const banner = document.getElementById("banner");
const state = el("span", { class: "bot-state", role: "status" });
const samples = el("div", { class: "samples", id: "samples", hidden: true, role: "group", "aria-label": "Samples" });
const trouble = el("div", { class: "trouble", id: "trouble", hidden: true, role: "group", "aria-label": "Make it misbehave" });

const language = el("div", { class: "trouble", id: "language-panel", hidden: true, role: "group", "aria-label": "Language and clock" });

function drawState(link = true) {
  state.className = `bot-state ${link ? (store.online ? "online" : "offline") : "lost"}`;
  state.textContent = link ? (store.online ? "Bot online" : "Bot offline") : "Playground stopped";
}

function toggle(label, icn, panel, others) {
  const button = el("button", { type: "button", class: "banner-button", title: label, "aria-label": label, "aria-expanded": "false", "aria-controls": panel.id }, icon(icn, 16), el("span", {}, label));
  button.addEventListener("click", () => {
    panel.hidden = !panel.hidden;
    for (const other of others) other.hidden = true;
    banner.querySelectorAll("[aria-expanded]").forEach((one) => one.setAttribute("aria-expanded", String(!document.getElementById(one.getAttribute("aria-controls")).hidden)));
  });
  panel.addEventListener("keydown", (event) => { if (event.key === "Escape") { panel.hidden = true; button.setAttribute("aria-expanded", "false"); button.focus(); } });
  return button;
}

function themeButton() {
  const dark = () => (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const button = el("button", { type: "button", class: "banner-button theme" });
  const draw = () => {
    button.replaceChildren(icon(dark() ? "sun" : "moon", 16));
    button.setAttribute("aria-label", dark() ? "Light colours" : "Dark colours");
    button.title = button.getAttribute("aria-label");
  };
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = dark() ? "light" : "dark";
    localStorage.setItem("theme", document.documentElement.dataset.theme);
    draw();
  });
  draw();
  return button;
}

/** A sample: drag it onto the box or an option, or press it. `take(files)` puts it where files go now. */
function sample(one, take) {
  const use = async () => {
    try {
      take([await sampleFile(one)]);
    } catch (error) {
      toast(error.message, "error");
    }
  };
  const picture = one.kind === "video" ? el("video", { src: one.url, muted: true, preload: "metadata", tabIndex: -1 }) : el("img", { src: one.url, alt: "", draggable: false });
  const node = el("button", { type: "button", class: "sample", draggable: true, title: `${one.description} Drag it in, or press to attach.`, onClick: use },
    picture, el("span", {}, one.name));
  node.addEventListener("dragstart", (event) => {
    event.dataTransfer.setData(SAMPLE_TYPE, JSON.stringify(one));
    event.dataTransfer.effectAllowed = "copy";
  });
  return node;
}

function action(label, explanation, run) {
  return el("button", { type: "button", class: "button secondary", title: explanation, onClick: async () => {
    try {
      await run();
      toast(explanation);
    } catch (error) {
      toast(error.message, "error");
    }
  } }, label);
}

function troubles() {
  const minutes = async (n) => { await api.clock(n * 60); await loadWorld(); };
  return [
    el("p", {}, "For the next jobs and for the bot's connection. In a prompt, ", el("code", {}, "[fail: out of film]"), ", ", el("code", {}, "[slow 30]"), ", ",
      el("code", {}, "[never]"), " or ", el("code", {}, "[status 429]"), " does the same for one job."),
    action("Slow queue", "New jobs now wait 20 seconds and take 40.", () => api.queue({ pending_seconds: 20, processing_seconds: 40 })),
    action("Fast queue", "New jobs now take about three seconds.", () => api.queue({ pending_seconds: 1, processing_seconds: 2 })),
    action("Fail the next job", "The next job will fail, with a reason.", () => api.queue({ fail_next: "The camera ran out of film." })),
    action("Lose the gateway", "The bot's connection was cut; it should come back by itself.", () => api.faults({ gateway: "drop" })),
    action("Kill the bot", "The bot is gone, as after a power cut. Its jobs wait for it.", () => api.bot("kill")),
    action("Start the bot", "The bot was started; it goes on where it was.", () => api.bot("start")),
    action("16 minutes later", "The clock is 16 minutes further: interaction tokens have expired.", () => minutes(16)),
    action("A day later", "The clock is a day further: attachment addresses have expired.", () => minutes(24 * 60)),
    action("All well again", "No more faults.", async () => { await api.queue({ reset: true }); await api.faults({ clear: true }); }),
  ];
}

export async function start(take) {
  on("world", () => drawState());
  on("link", (up) => drawState(up));
  append(banner, [el("div", { class: "banner-line" },
    el("img", { class: "mark", src: "/static/icon.svg", alt: "", width: 28, height: 28 }),
    el("p", { class: "about" }, el("b", {}, "Clapper's playground"), el("span", {}, " A stand-in for Discord on this machine. Nothing leaves it; the films are drawn by a stand-in too.")),
    state, toggle("Samples", "file", samples, [trouble, language]), toggle("Misbehave", "wrench", trouble, [samples, language]),
    toggle("Language", "globe", language, [samples, trouble]), themeButton()), samples, trouble, language]);
  trouble.append(...troubles());
  language.append(...languageSwitches());
  drawState();
  try {
    samples.append(el("p", {}, "Drag one onto the message box or an option, or press it."), ...(await api.samples()).map((one) => sample(one, take)));
  } catch (error) {
    samples.append(el("p", {}, error.message));
  }
}
