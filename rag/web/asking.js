// The conversation: a question, its answer as it is written, the next one.

import { follow } from "./api.js";
import { showAnswer, showFailure, showFigures } from "./answer.js";
import * as choices from "./choices.js";
import { element, fill, isComposing } from "./elements.js";
import { cut } from "./offsets.js";
import { say } from "./words.js";

const KEPT = "vouch.conversation";
const KEPT_TURNS = 20;
const SENT_TURNS = 8;
const SENT_LETTERS = 4000;

const way = { ...choices.DEFAULT_WAY, collection: null };
let turns = read();
let draft = "";
let pending = null; // The question that is being answered, and how to stop that.

/** Fills the view with the conversation so far and a place for the next question. */
export async function showAsking(view, { open, compare }) {
  if (pending) {
    pending.stop.abort();
    draft ||= pending.question;
    pending = null;
  }
  const log = element("div.log", { "aria-live": "polite" }, turns.map((answer) => turn(answer, open, compare)));
  const box = choices.questionBox({
    oninput: () => (draft = box.value),
    onkeydown: (event) => {
      if (event.key === "Enter" && !event.shiftKey && !isComposing(event)) {
        event.preventDefault();
        form.requestSubmit();
      }
    },
  });
  box.value = draft;
  const button = element("button.main", {}, say("send"));
  const form = element("form.ask", { onsubmit: submit }, box, button);
  const how = element("details.how", {}, element("summary", {}, say("how")));
  const welcome = element("p.welcome", { hidden: turns.length > 0 }, say("try_these"));
  const anew = element("button", { type: "button", hidden: turns.length === 0, onclick: forget }, say("new_conversation"));
  fill(view, welcome, log, element("div.asking", {}, form, element("div.row", {}, how, anew)));
  log.lastElementChild?.scrollIntoView({ block: "start" });
  box.focus();
  await fillChoices(how, welcome);

  async function submit(event) {
    event.preventDefault();
    if (pending) return pending.stop.abort();
    const question = box.value.trim();
    if (!question) return;
    draft = box.value = "";
    welcome.hidden = true;
    const mine = (pending = { question, stop: new AbortController() });
    fill(button, say("stop"));
    const place = element("article.turn", { "aria-busy": "true" }, element("h2", { lang: "" }, question));
    log.append(place);
    place.scrollIntoView({ block: "start" });
    const answer = await answered(question, place, mine.stop.signal);
    if (pending !== mine) return;
    pending = null;
    place.removeAttribute("aria-busy");
    fill(button, say("send"));
    if (answer) {
      keep([...turns, answer]);
      const shown = turn(answer, open, compare);
      place.replaceWith(shown);
      shown.scrollIntoView({ block: "start" });
      anew.hidden = false;
    }
    if (!box.value && (!answer || answer.failure)) draft = box.value = question;
    if (form.contains(document.activeElement)) box.focus();
  }

  function forget() {
    keep([]);
    showAsking(view, { open, compare });
  }
}

/** Asks, shows the answer as it comes, and gives it when it is whole; null when there is none. */
async function answered(question, place, signal) {
  const status = element("p.quiet", { role: "status" }, say("searching"));
  const text = element("div.text.coming", { lang: "" });
  place.append(status, text);
  let whole = null;
  try {
    for await (const { event, data } of follow("/api/ask", { body: asked(question), signal })) {
      if (event === "passages") fill(status, say("reading", { count: data.passages.length }));
      else if (event === "delta") {
        status.hidden = true;
        text.append(data.text);
      } else if (event === "done") whole = data;
      else if (event === "error" && data.answer) whole = { ...data.answer, failure: data.answer.failure ?? data.error };
      else if (event === "error") place.append(showFailure(data.error));
    }
    if (whole) return whole;
    if (!place.querySelector(".failure")) place.append(showFailure({ code: "unreachable", message: "" }));
  } catch (failure) {
    if (failure.name !== "AbortError") place.append(showFailure(failure));
    else place.append(element("p.warn", {}, say("incomplete")));
  }
  status.remove();
  return null;
}

function asked(question) {
  const said = turns.slice(-SENT_TURNS).flatMap((answer) => [
    { role: "user", content: sendable(answer.question) },
    { role: "assistant", content: sendable(answer.text) },
  ]);
  return { question, stream: true, ...way, history: said.filter((one) => one.content.trim()) };
}

/** A turn as the service takes it: so long, whole code points, and no control characters that a model wrote. */
const sendable = (text) => cut(text, 0, SENT_LETTERS).replace(/(?![\t\n\r])\p{Cc}/gu, " ");

function turn(answer, open, compare) {
  return element(
    "article.turn",
    {},
    element("h2", { lang: "" }, answer.question),
    showAnswer(answer, open),
    element(
      "div.row",
      {},
      showFigures(answer),
      element("button", { type: "button", onclick: () => compare(answer.question) }, say("compare_this")),
    ),
  );
}

async function fillChoices(how, welcome) {
  try {
    const [models, collections] = await Promise.all([choices.readModels(), choices.readCollections()]);
    if (!collections.includes(way.collection)) way.collection = null;
    const collection = choices.collectionChoice(collections, way.collection, (name) => (way.collection = name));
    how.append(element("div.choices", {}, choices.wayChoices(models, way), collection));
    if (collections.length === 0) {
      fill(welcome, say("no_documents_ask"), " ", element("a", { href: "#documents" }, say("add_some")));
    }
  } catch (failure) {
    how.append(showFailure(failure));
  }
}

/** Chooses the model that the next questions go to. */
export function chooseModel(name) {
  way.model = name;
}

export const chosenModel = () => way.model;

/** The conversation outlasts a reload of the page, within its tab. */
function keep(all) {
  turns = all.slice(-KEPT_TURNS);
  for (let from = 0; from <= turns.length; from += 1) {
    try {
      sessionStorage.setItem(KEPT, JSON.stringify(turns.slice(from)));
      return;
    } catch {
      // No room: keep one turn less.
    }
  }
}

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
  } catch {
    return [];
  }
}
