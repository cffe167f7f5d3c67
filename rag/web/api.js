// Every call of the page to the service, and what becomes of one that fails.

import { spoken } from "./words.js";

const STARTING = "starting"; // The service opens its documents: it asks to be asked again.
const STARTING_AGAIN_MS = 700;
const NEEDS_KEY = new Set(["no_key", "bad_key", "key_expired", "key_revoked"]);

/** What went wrong, as the service says it: a stable code, a sentence, and what to do. */
export class Failure extends Error {
  constructor({ code, message, hint }) {
    super(message);
    this.code = code;
    this.hint = hint ?? "";
  }
}

/** Asks the service and gives what it answers; `body` (JSON or a form) makes it a POST unless `method` says else. */
export async function call(path, { method, body, signal } = {}) {
  const answer = await send(path, { method, body, signal });
  return answer.status === 204 ? null : await answer.json();
}

/** Asks for a stream: gives {event, data} as they come. The last is "done" or "error", or the stream broke off. */
export async function* follow(path, { body, signal } = {}) {
  const answer = await send(path, { body, signal, accept: "text/event-stream" });
  let left = "";
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const events = (left + value).split("\n\n");
      left = events.pop();
      for (const event of events) {
        const read = readEvent(event);
        if (read) yield read;
      }
    }
  } catch (error) {
    throw seen(error);
  } finally {
    reader.cancel().catch(() => {});
  }
}

function readEvent(lines) {
  let event = "";
  const data = [];
  for (const line of lines.split("\n")) {
    if (line.startsWith("event:")) event = line.slice(6).trim();
    else if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
  }
  return data.length ? { event, data: JSON.parse(data.join("\n")) } : null;
}

async function send(path, { method, body, signal, accept }) {
  const asked = { method: method ?? (body === undefined ? "GET" : "POST"), signal, headers: { "accept-language": spoken() } };
  if (accept) asked.headers.accept = accept;
  if (body instanceof FormData) asked.body = body;
  else if (body !== undefined) {
    asked.body = JSON.stringify(body);
    asked.headers["content-type"] = "application/json";
  }
  for (;;) {
    let answer;
    try {
      answer = await fetch(path, asked);
    } catch (error) {
      throw seen(error);
    }
    if (answer.ok) return answer;
    const failure = await read(answer);
    if (NEEDS_KEY.has(failure.code)) dispatchEvent(new CustomEvent("needskey", { detail: failure }));
    if (failure.code !== STARTING) throw failure;
    await new Promise((resolve) => setTimeout(resolve, STARTING_AGAIN_MS));
  }
}

async function read(answer) {
  try {
    return new Failure((await answer.json()).error);
  } catch {
    // Not the service's own words: something between it and this page.
    return new Failure({ code: "http", message: `${answer.status} ${answer.statusText}` });
  }
}

/** An error as the page shows it; one that the reader caused by leaving stays as it is. */
function seen(error) {
  if (error.name === "AbortError" || error instanceof Failure) return error;
  return new Failure({ code: "unreachable", message: "" });
}
