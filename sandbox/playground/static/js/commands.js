/** The bot's commands as a flat list, and the text form that Discord shows: `/name option:value option:value`. */

import { channel, store } from "./store.js";

export const TYPE_NAMES = {
  3: "text", 4: "whole number", 5: "true or false", 6: "member", 7: "channel", 8: "role", 9: "member or role", 10: "number", 11: "file",
};

/** The commands that the person may use in this channel. */
export function offeredHere() {
  const ids = channel()?.command_ids;
  return ids ? store.commands.filter((one) => ids.includes(one.id)) : store.commands;
}

/** Every slash command that one can call here: subcommands stand on their own, `title` is what is typed after the slash. */
export function leaves() {
  const out = [];
  for (const command of offeredHere()) {
    if ((command.type ?? 1) !== 1) continue;
    walk(command, [], command.options ?? [], command.description, out);
  }
  return out.sort((a, b) => a.title.localeCompare(b.title));
}

function walk(command, path, options, description, out) {
  const nested = options.filter((one) => one.type === 1 || one.type === 2);
  if (nested.length) {
    for (const one of nested) walk(command, [...path, one.name], one.options ?? [], one.description, out);
    return;
  }
  out.push({ name: command.name, id: command.id, subcommand: path.join(" ") || null, title: [command.name, ...path].join(" "), description, options });
}

/** Those whose title fits what was typed, best first. */
export function matching(typed) {
  const query = typed.toLowerCase();
  const rank = (leaf) => (leaf.title.startsWith(query) ? 0 : leaf.title.includes(query) ? 1 : query.length > 2 && leaf.description.toLowerCase().includes(query) ? 2 : 9);
  return leaves().map((leaf) => [rank(leaf), leaf]).filter(([r]) => r < 9).sort(([a], [b]) => a - b).map(([, leaf]) => leaf);
}

/** The command that `text` calls by its whole name, and the rest of the text; null if it calls none. */
export function called(text) {
  if (!text.startsWith("/")) return null;
  const found = leaves().filter((leaf) => text.slice(1).toLowerCase().startsWith(leaf.title) && /^\s/.test(text.slice(1 + leaf.title.length)))
    .sort((a, b) => b.title.length - a.title.length)[0];
  return found ? { leaf: found, rest: text.slice(1 + found.title.length).trimStart() } : null;
}

/** `name:value` pairs: a value runs until the next known name. Text before the first goes under `first`. */
export function parsePairs(text, names) {
  const out = {};
  if (!names.length) return { first: text, pairs: out };
  const safe = names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
  const parts = text.split(new RegExp(`(?:^|\\s)(${safe}):`, "i"));
  for (let i = 1; i < parts.length; i += 2) out[parts[i].toLowerCase()] = parts[i + 1].trim();
  return { first: parts[0].trim(), pairs: out };
}

/** What can be chosen for an option without asking the bot; null for free input. */
export function choicesOf(option, { users, roles, channels }) {
  if (option.choices?.length) return option.choices.map((one) => ({ title: one.name, value: one.value }));
  if (option.type === 5) return [{ title: "True", value: true }, { title: "False", value: false }];
  const kinds = { 6: users, 7: channels, 8: roles, 9: [...users, ...roles] };
  return kinds[option.type] ?? null;
}

/** What is wrong with `text` for `option`, in Discord's manner, or null. */
export function problemOf(option, text, value) {
  const given = text !== "";
  if (!given) return option.required ? "This option is required. Specify a value" : null;
  if (option.type === 4 && !/^-?\d+$/.test(text)) return "Input a valid whole number";
  if (option.type === 10 && !Number.isFinite(Number(text))) return "Input a valid number";
  if ([4, 10].includes(option.type)) {
    if (option.min_value !== undefined && option.min_value !== null && value < option.min_value) return `Must be at least ${option.min_value}`;
    if (option.max_value !== undefined && option.max_value !== null && value > option.max_value) return `Must be at most ${option.max_value}`;
  }
  if (option.type === 3) {
    const length = [...text].length;
    if (option.min_length && length < option.min_length) return `Must be at least ${option.min_length} characters`;
    if (option.max_length && length > option.max_length) return `Must be at most ${option.max_length} characters (this is ${length})`;
  }
  return null;
}
