/* The server, as the page speaks to it. In: pictures and what is asked of them. Out: answers, or a `Trouble`
   that says in plain words what is wrong, and whether it is worth trying again. */

const LONGEST = 90_000; // milliseconds for one request; a page of an old PDF file may take a while
const KEY = "inkdigits key";

export class Trouble extends Error {
  /* kind: "silent" (no answer at all), "busy", "key", or "refused"; of these the first two may pass.
     seconds: how long the server asks to wait; null where it does not say. */
  constructor(kind, message, seconds = null) {
    super(message);
    this.kind = kind;
    this.seconds = seconds;
  }}

export function keepKey(key) {
  sessionStorage.setItem(KEY, key);
}

/* One request. Rejects with AbortError where `signal` ends it, and with Trouble for all else. */
async function ask(path, options = {}) {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), LONGEST);
  const forward = () => limit.abort();
  options.signal?.addEventListener("abort", forward);
  const key = sessionStorage.getItem(KEY);
  const headers = { ...options.headers, ...(key ? { Authorization: `Bearer ${key}` } : {}) };
  try {
    const reply = await fetch(path, { ...options, headers, signal: limit.signal, cache: "no-store" });
    if (!reply.ok) {
      throw await troubleOf(reply);
    }
    // The body is read here too, for a connection may break off within it.
    return { body: options.binary ? await reply.blob() : await reply.json(), headers: reply.headers };
  } catch (error) {
    if (error instanceof Trouble || options.signal?.aborted) {
      throw error;
    }
    throw new Trouble("silent", "The server does not answer.");
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", forward);
  }
}

async function troubleOf(reply) {
  const problem = await reply.json().catch(() => ({}));
  const said = problem.detail || problem.answers?.find((one) => one.error)?.error || problem.title || "";
  const after = Number.parseFloat(reply.headers.get("Retry-After"));
  const seconds = Number.isFinite(after) ? after : null;
  if (reply.status === 401) {
    const refused = sessionStorage.getItem(KEY) ? "This service does not know that key." : "This service asks for a key.";
    return new Trouble("key", refused);
  }
  if (reply.status === 429 || reply.status === 503) {
    const why = reply.status === 429 ? "Too many requests in a short time." : `The server is busy${said ? `: ${said}` : ""}.`;
    return new Trouble("busy", why, seconds);
  }
  if (reply.status === 502 || reply.status === 504) {
    return new Trouble("silent", "The server does not answer.");
  }
  if (reply.status === 413) {
    return new Trouble("refused", said || "This file is too large for the server.");
  }
  return new Trouble("refused", said || `The server answered with an error (${reply.status}).`);
}

/* The answer to one picture, and what the network was shown of each digit. `name` is null for a drawing;
   `asked` may hold pages, pattern, length, check, amounts. */
export async function read(blob, name, asked, signal) {
  const query = new URLSearchParams({ shown: "true" });
  for (const [key, value] of Object.entries(asked)) {
    if (value !== "" && value !== null) {
      query.set(key, value);
    }
  }
  let body = blob;
  const headers = {};
  if (name === null) {
    headers["Content-Type"] = blob.type;
  } else {
    // Only a form tells the server the file's name.
    body = new FormData();
    body.append("file", blob, name);
  }
  const reply = await ask(`v1/read?${query}`, { method: "POST", body, headers, signal });
  const answer = reply.body.answers[0];
  if (!answer) {
    throw new Trouble("refused", "The server gave no answer for this page.");
  }
  return { answer, shown: reply.body.shown?.[0] ?? [] };
}

/* A page of a file that the browser cannot show: {picture, pages}. */
export async function preview(blob, page, signal) {
  const reply = await ask(`v1/preview?page=${page}`, {
    method: "POST",
    body: blob,
    headers: { "Content-Type": blob.type || "application/octet-stream" },
    signal,
    binary: true,
  });
  return { picture: reply.body, pages: Number.parseInt(reply.headers.get("X-Page-Count"), 10) || 1 };
}

/* The networks that the server reads with. */
export async function models() {
  return (await ask("v1/models")).body;
}

/* A file of this page: parsed, or as it is. */
export async function part(path, binary = false) {
  return (await ask(path, { binary })).body;
}
