/** Discord's markdown to DOM nodes. Raw markup stays text; only http(s) addresses become links. */

import { el } from "./dom.js";
import { stamp } from "./clock.js";
import { channelById, channelName, guild, store, userName } from "./store.js";

const SAFE_LINK = /^https?:\/\/[^\s<>"]+$/i;

/** Inline rules, first match at a position wins. Each builds a node from the match; `inner` parses on. */
const RULES = [
  [/^\\([^A-Za-z0-9\s])/, (m) => m[1]],
  [/^(`+)([\s\S]*?[^`])\1(?!`)/, (m) => el("code", { class: "inline" }, m[2].trim() || m[2])],
  [/^<t:(-?\d{1,13})(?::([tTdDfFsSR]))?>/, (m) => stamp(Number(m[1]), m[2] ?? "f")],
  [/^<@!?(\d{15,21})>/, (m) => mention(`@${userName(m[1]) ?? "unknown-user"}`, m[1] === store.me)],
  [/^<@&(\d{15,21})>/, (m) => mention(`@${roleName(m[1])}`, false)],
  [/^<#(\d{15,21})>/, (m) => mention(`#${channelName(channelById(m[1]))}`, false)],
  [/^<\/([^:>]{1,100}):(\d{1,21})>/, (m) => commandMention(m[1])],
  [/^<a?:(\w{2,32}):\d{15,21}>/, (m) => el("span", { class: "emoji" }, `:${m[1]}:`)],
  [/^<(https?:\/\/[^\s>]+)>/i, (m) => link(m[1], m[1])],
  [/^\[((?:\\.|[^\]\\])+)\]\(<?(https?:\/\/[^\s)>]+)>?(?: "[^"]*")?\)/i, (m, inner) => link(m[2], inner(m[1]))],
  [/^https?:\/\/[^\s<>"]*[^\s<>".,:;!?)\]'*_~|`]/i, (m) => link(m[0], m[0])],
  [/^\|\|([\s\S]+?)\|\|/, (m, inner) => spoiler(inner(m[1]))],
  [/^\*\*\*((?:\\.|[^*\\])+)\*\*\*/, (m, inner) => el("strong", {}, el("em", {}, inner(m[1])))],
  [/^\*\*((?:\\.|(?!\*\*)[\s\S])+?\*?)\*\*(?!\*)/, (m, inner) => el("strong", {}, inner(m[1]))],
  [/^__((?:\\.|(?!__)[\s\S])+?)__(?!_)/, (m, inner) => el("u", {}, inner(m[1]))],
  [/^~~((?:\\.|(?!~~)[\s\S])+?)~~/, (m, inner) => el("s", {}, inner(m[1]))],
  [/^\*(?!\s)((?:\\.|\*\*(?!\*)[\s\S]+?\*\*|[^*\\])+?)\*(?!\*)/, (m, inner) => el("em", {}, inner(m[1]))],
  [/^_(?!_)((?:\\.|[^_\\])+?)_(?![\w_])/, (m, inner) => el("em", {}, inner(m[1]))],
  [/^@(?:everyone|here)\b/, (m) => m[0]],
];
const STOPS = /[\\`<[*_~|@]|https?:\/\//i;
const MAX_DEPTH = 12;

function mention(text, me) {
  return el("span", { class: me ? "mention me" : "mention" }, text);
}

function commandMention(name) {
  const use = () => document.dispatchEvent(new CustomEvent("use-command", { detail: name }));
  return el("button", { type: "button", class: "mention command", onClick: use }, `/${name}`);
}

function roleName(id) {
  return guild()?.roles?.find((role) => role.id === id)?.name ?? "unknown-role";
}

function link(href, content) {
  if (!SAFE_LINK.test(href)) return content;
  return el("a", { href, target: "_blank", rel: "noopener noreferrer" }, content);
}

function spoiler(content) {
  const node = el("span", {
    class: "spoiler", role: "button", tabIndex: 0, "aria-label": "Spoiler, press to show", "aria-expanded": "false",
  }, el("span", { class: "spoiler-text" }, content));
  const show = () => {
    node.classList.add("shown");
    node.removeAttribute("aria-label");
    node.setAttribute("aria-expanded", "true");
  };
  node.addEventListener("click", show);
  node.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); show(); }
  });
  return node;
}

/** Inline markdown as a list of nodes and strings. */
export function inline(text, depth = 0) {
  if (depth > MAX_DEPTH) return [text];
  const out = [];
  let plain = "";
  let rest = text;
  const parse = (part) => inline(part, depth + 1);
  while (rest) {
    const rule = RULES.find(([pattern]) => pattern.test(rest));
    if (rule) {
      const match = rule[0].exec(rest);
      if (plain) out.push(plain);
      plain = "";
      out.push(rule[1](match, parse));
      rest = rest.slice(match[0].length);
    } else {
      const next = rest.slice(1).search(STOPS);
      const size = next < 0 ? rest.length : next + 1;
      // An underscore inside a word is no emphasis: take the rest of the word with it.
      const word = /\w$/.test(rest.slice(0, size)) ? /^_\w*/.exec(rest.slice(size))?.[0].length ?? 0 : 0;
      plain += rest.slice(0, size + word);
      rest = rest.slice(size + word);
    }
  }
  if (plain) out.push(plain);
  return out;
}

const HEADING = /^(#{1,3}) +(\S.*)$/;
const SMALL = /^-# +(\S.*)$/;
const BULLET = /^( *)[-*] +(.*)$/;
const NUMBER = /^( *)(\d{1,9})\. +(.*)$/;

/** Whole messages: code blocks, quotes, headings, lists and lines. */
export function markdown(text) {
  const out = [];
  const parts = (text ?? "").split(/(```[\s\S]+?```)/);
  for (const part of parts) {
    const fence = /^```(?:([\w+#.-]*)\n)?([\s\S]+?)\n?```$/.exec(part);
    if (fence) out.push(el("pre", {}, el("code", { "data-language": fence[1] || null }, fence[2])));
    else if (part) out.push(...blocks(part.replace(/^\n|\n$/g, "").split("\n")));
  }
  return out;
}

function blocks(lines) {
  const out = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at];
    if (line.startsWith(">>> ")) {
      out.push(el("blockquote", {}, blocks([line.slice(4), ...lines.slice(at + 1)])));
      return out;
    }
    if (/^> /.test(line) || line === ">") {
      let end = at;
      while (end < lines.length && (/^> /.test(lines[end]) || lines[end] === ">")) end += 1;
      out.push(el("blockquote", {}, blocks(lines.slice(at, end).map((one) => one.slice(2)))));
      at = end;
    } else if (BULLET.test(line) || NUMBER.test(line)) {
      let end = at;
      while (end < lines.length && (BULLET.test(lines[end]) || NUMBER.test(lines[end]))) end += 1;
      out.push(list(lines.slice(at, end)));
      at = end;
    } else {
      out.push(single(line));
      at += 1;
    }
  }
  return out;
}

function single(line) {
  const heading = HEADING.exec(line);
  if (heading) return el("div", { class: `h h${heading[1].length}`, role: "heading", "aria-level": heading[1].length + 2, dir: "auto" }, inline(heading[2]));
  const small = SMALL.exec(line);
  if (small) return el("div", { class: "small", dir: "auto" }, inline(small[1]));
  return el("div", { class: line ? "line" : "line empty", dir: "auto" }, line ? inline(line) : "\u00a0");
}

function list(lines) {
  const numbered = NUMBER.exec(lines[0]);
  const node = el(numbered && !BULLET.test(lines[0]) ? "ol" : "ul", numbered ? { start: numbered[2] } : {});
  for (const line of lines) {
    const match = BULLET.exec(line);
    const [indent, content] = match ? [match[1], match[2]] : [NUMBER.exec(line)[1], NUMBER.exec(line)[3]];
    node.append(el("li", { class: indent.length > 1 ? "deeper" : null, dir: "auto" }, inline(content)));
  }
  return node;
}

/** The text alone, on one line: for quoted references and labels. */
export function plainText(text) {
  return (text ?? "").replace(/```[\s\S]*?```/g, " code ").replace(/<@!?(\d+)>/g, (_, id) => `@${userName(id) ?? "someone"}`)
    .replace(/<t:\d+(:\w)?>/g, "a time").replace(/<\/([^:>]+):\d+>/g, "/$1").replace(/[*_~`|#]+|^>+ /gm, "").replace(/\s+/g, " ").trim();
}
