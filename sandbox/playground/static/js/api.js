/** The stand-in's control surface, one function a call. Every failure is an Error with a sentence for the person. */

async function answer(response) {
  const type = response.headers.get("Content-Type") ?? "";
  const body = type.startsWith("application/json") ? await response.json() : await response.text();
  if (response.ok) return body;
  const reason = typeof body === "string" ? body : (body.error ?? body.message);
  throw new Error(reason || `The playground answered ${response.status}.`);
}

async function get(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined);
  return answer(await fetch(`${path}?${new URLSearchParams(given)}`));
}

async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  return answer(await fetch(path, { method: "POST", headers, body: JSON.stringify(body) }));
}

async function send(path, payload, files = []) {
  const form = new FormData();
  form.append("payload_json", JSON.stringify(payload));
  for (const [name, file] of files) form.append(name, file, file.name);
  return answer(await fetch(path, { method: "POST", body: form }));
}

export const api = {
  state: (as) => get("/_sandbox/state", { as }),
  messages: async (as, channel_id) => {
    const found = await get("/_sandbox/messages", { as, channel_id, limit: 100 });
    return Array.isArray(found) ? found : found.messages;
  },
  command: (payload, files) => send("/_sandbox/command", payload, files),
  autocomplete: (payload) => post("/_sandbox/autocomplete", payload),
  component: (payload) => post("/_sandbox/component", payload),
  modal: (payload, files) => send("/_sandbox/modal", payload, files),
  message: (payload, files) => send("/_sandbox/message", payload, files),
  remove: (as, message_id) => post("/_sandbox/delete", { as, message_id }),
  faults: (faults) => post("/_sandbox/faults", faults),
  locale: (as, locale, guild_id) => post("/_sandbox/locale", { as, locale, guild_id }),
  clock: (advance_seconds) => post("/_sandbox/clock", { advance_seconds }),
  samples: () => get("/_playground/samples"),
  queue: (faults) => post("/_playground/queue", faults),
  bot: (action) => post("/_playground/bot", { action }),
};

/** Follow the events of one person; `listener` gets every event, and {type: "link", up} when the line breaks or mends. */
export function follow(as, listener) {
  const source = new EventSource(`/_sandbox/events?as=${encodeURIComponent(as)}`);
  source.onopen = () => listener({ type: "link", up: true });
  source.onerror = () => listener({ type: "link", up: false });
  source.onmessage = (event) => listener(JSON.parse(event.data));
  return () => source.close();
}
