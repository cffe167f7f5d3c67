// The same question answered in several ways, side by side.

import { call } from "./api.js";
import { dollars, seconds, showAnswer, showFailure, showNotes } from "./answer.js";
import * as choices from "./choices.js";
import { element, fill } from "./elements.js";
import { number, say } from "./words.js";

let ways = [{ ...choices.DEFAULT_WAY }, { ...choices.DEFAULT_WAY, retrieval: false }];
let collection = null;
let asked = "";
let found = null;

/** Fills the view with the ways to answer and what came of them. `question` comes from elsewhere, if it is given. */
export async function showComparing(view, { open, question }) {
  if (question && question !== asked) [asked, found] = [question, null];
  const box = choices.questionBox({ required: true, oninput: () => (asked = box.value) });
  box.value = asked;
  const button = element("button.main", {}, say("run"));
  const arms = element("div.arms");
  const result = element("div.result", { "aria-live": "polite" }, found && table(found, open));
  fill(
    view,
    element("form.ask", { onsubmit: submit }, box, button),
    element("h3", {}, say("ways")),
    arms,
    result,
  );
  box.focus();
  let leaving = null;
  try {
    const [models, collections] = await Promise.all([choices.readModels(), choices.readCollections()]);
    if (!collections.includes(collection)) collection = null;
    const draw = () => fill(arms, showWays(models, collections, draw));
    draw();
  } catch (failure) {
    fill(arms, showFailure(failure));
  }

  async function submit(event) {
    event.preventDefault();
    if (leaving) return leaving.abort();
    leaving = new AbortController();
    fill(button, say("stop"));
    fill(result, element("p.quiet", { role: "status" }, say("running", { count: ways.length })));
    try {
      const body = { question: asked.trim(), arms: ways, collection };
      found = await call("/api/compare", { body, signal: leaving.signal });
      fill(result, table(found, open));
    } catch (failure) {
      fill(result, failure.name === "AbortError" ? "" : showFailure(failure));
    }
    leaving = null;
    fill(button, say("run"));
  }
}

function showWays(models, collections, draw) {
  const rows = ways.map((way, index) =>
    element(
      "div.choices",
      {},
      choices.wayChoices(models, way),
      element(
        "button",
        {
          type: "button",
          disabled: ways.length === 1,
          onclick: () => {
            ways.splice(index, 1);
            draw();
          },
        },
        say("remove_way"),
      ),
    ),
  );
  return [
    ...rows,
    element(
      "div.choices",
      {},
      element(
        "button",
        {
          type: "button",
          onclick: () => {
            ways = [...ways, { ...ways.at(-1) }];
            draw();
          },
        },
        say("add_way"),
      ),
      choices.collectionChoice(collections, collection, (name) => (collection = name)),
    ),
  ];
}

function table({ arms, notes }, open) {
  const row = (name, show) =>
    element("tr", {}, element("th", { scope: "row" }, say(name)), arms.map((arm) => element("td", {}, show(arm))));
  return [
    element(
      "div.wide",
      {},
      element(
        "table.arms-table",
        {},
        element(
          "thead",
          {},
          element("tr", {}, element("td"), arms.map(({ arm }) => element("th", { scope: "col" }, named(arm)))),
        ),
        element(
          "tbody",
          {},
          row("answer", (arm) => showAnswer(arm, open)),
          row("time", (arm) => say("took", { seconds: seconds(arm.timings_ms.total ?? 0) })),
          row("tokens_row", ({ usage }) => `${number(usage.input_tokens)} + ${number(usage.output_tokens)}`),
          row("cost", ({ usage }) => (usage.cost_usd === null ? say("unknown") : `$${dollars(usage.cost_usd)}`)),
          row("passages", (arm) => String(arm.passages.length)),
          row("cited", (arm) => String(arm.citations.filter((one) => one.state !== "unsupported").length)),
          row("vouched", ({ arm, support }) =>
            support === null || !arm.retrieval ? "–" : `${Math.round(support * 100)}%`,
          ),
        ),
      ),
    ),
    showNotes(notes),
  ];
}

const named = ({ model, retrieval, strategy, k }) => [
  element("strong", {}, model),
  element("br"),
  `${say(retrieval ? "with" : "without")}, ${say(strategy)}${retrieval ? `, k ${k}` : ""}`,
];
