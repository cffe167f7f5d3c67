// Shows an answer: its sentences with what vouches for each, its sources, where documents disagree, what it cost.

import { element } from "./elements.js";
import { cut } from "./offsets.js";
import { number, say } from "./words.js";

const MARKER = /\[(\d+)\]/;

/** An answer, whole or what there is of it. `open(place)` shows a place of a document. */
export function showAnswer(answer, open) {
  return element(
    "div.answer",
    {},
    answer.standalone_question && element("p.quiet", {}, say("read_as", { question: answer.standalone_question })),
    showText(answer, open),
    answer.failure && showFailure(answer.failure),
    !answer.complete && !answer.failure && element("p.warn", {}, say("incomplete")),
    answer.conflicts.length > 0 && showConflicts(answer.conflicts, open),
    showSources(answer, open),
    showNotes(answer.notes.filter((note) => note.code !== "conflict").map((note) => note.message)),
  );
}

/** What an answer took, on one line. */
export function showFigures(answer) {
  const { usage, timings_ms: timings } = answer;
  const parts = [
    answer.model,
    answer.sentences.length > 0 && answer.support !== null
      ? say("support", { percent: Math.round(answer.support * 100) })
      : null,
    timings.total === undefined ? null : say("took", { seconds: seconds(timings.total) }),
    say("tokens", { read: number(usage.input_tokens), written: number(usage.output_tokens) }),
    usage.cost_usd === null ? null : say("costs", { cost: dollars(usage.cost_usd) }),
  ];
  return element(
    "p.figures",
    {},
    parts.filter(Boolean).map((part) => element("span", {}, part)),
    answer.receipt && element("a", { href: `/api/answers/${answer.receipt}`, target: "_blank" }, say("receipt")),
  );
}

/** What a reader should know besides, a line each. */
export const showNotes = (sentences) =>
  sentences.length > 0 && element("ul.notes", { lang: "" }, sentences.map((sentence) => element("li", {}, sentence)));

/** What failed, in the service's words, and what to do. */
export function showFailure({ code, message, hint }) {
  return element(
    "p.failure",
    { role: "alert" },
    element("strong", {}, message || say(code === "unreachable" ? "unreachable" : "failed")),
    hint && ` ${hint}`,
    element("code", {}, code),
  );
}

export const seconds = (milliseconds) => number(milliseconds / 1000, milliseconds < 10_000 ? 2 : 0);
export const dollars = (amount) => (amount === 0 ? "0" : number(amount, amount < 0.01 ? 5 : 2));

function showText(answer, open) {
  const text = element("div.text", { lang: "" });
  let at = 0;
  for (const sentence of answer.retrieval ? answer.sentences : []) {
    text.append(cut(answer.text, at, sentence.start), showSentence(sentence, answer, open));
    at = sentence.end;
  }
  text.append(cut(answer.text, at, Infinity));
  return text;
}

function showSentence(sentence, answer, open) {
  const cited = sentence.citations.map((index) => answer.citations[index]);
  const shown = element(`span.sentence.${sentence.state}`, { title: verdict(sentence) });
  for (const part of sentence.text.split(/(\[\d+\])/)) {
    const marker = Number(MARKER.exec(part)?.[1]);
    const passage = marker && answer.passages.find((one) => one.marker === marker);
    const place = cited.find((one) => one.marker === marker) ?? passage;
    shown.append(place ? mark(marker, place, open) : part);
  }
  if (sentence.state === "unsupported") {
    shown.append(element("small.verdict", {}, verdict(sentence)));
    if (sentence.closest) shown.append(mark("?", sentence.closest, open));
  }
  return shown;
}

function verdict({ state, missing, negated }) {
  if (missing.length) return say("missing", { words: missing.join(", ") });
  return say(negated ? "negated" : state);
}

function mark(shown, place, open) {
  const where = `${place.title || place.source}, ${say("page", { page: place.page_label || place.page })}`;
  return element(
    "button.mark",
    { type: "button", title: where, "aria-label": `${shown}: ${where}`, onclick: () => open(place) },
    String(shown),
  );
}

function showSources({ citations, passages, abstained }, open) {
  const rows = abstained ? passages.slice(0, 3).map((one) => [one, []]) : cited(citations, passages);
  if (rows.length === 0) return null;
  return element(
    "section.sources",
    {},
    element("h3", {}, say(abstained ? "nearest" : "sources")),
    element(
      "ol",
      {},
      rows.map(([passage, quotes]) =>
        element(
          "li",
          { value: passage.marker },
          element(
            "button.place",
            { type: "button", onclick: () => open(quotes[0] ?? passage) },
            element("strong", {}, passage.title || passage.source),
            " ",
            element("span.page", {}, say("page", { page: passage.page_label || passage.page })),
            passage.ocr && element("span.page", {}, "OCR"),
            element("span.path", {}, passage.source),
          ),
          quotes.map((quote) =>
            element("button.quote", { type: "button", onclick: () => open(quote) }, element("q", { lang: "" }, quote.quote)),
          ),
        ),
      ),
    ),
  );
}

/** The passages that are cited, in the order of their numbers, each with the words that are. */
function cited(citations, passages) {
  const found = new Map();
  for (const citation of citations.filter((one) => one.state !== "unsupported")) {
    const passage = passages.find((one) => one.marker === citation.marker) ?? citation;
    const [, quotes] = found.get(citation.marker) ?? [passage, []];
    if (!quotes.some((one) => one.start === citation.start && one.end === citation.end)) quotes.push(citation);
    found.set(citation.marker, [{ ...passage, page: quotes[0].page, page_label: "" }, quotes]);
  }
  return [...found.values()].sort(([one], [other]) => one.marker - other.marker);
}

function showConflicts(conflicts, open) {
  return element(
    "section.conflicts",
    {},
    element("h3", {}, say("disagree")),
    conflicts.map(({ subject, values }) => [
      element("p", { lang: "" }, subject),
      element(
        "ul",
        {},
        values.map((value) =>
          element(
            "li",
            {},
            element("strong", { lang: "" }, value.value),
            ` ${value.date} `,
            element(
              "button.place",
              { type: "button", title: value.quote, onclick: () => open(value) },
              value.title || value.source,
              " ",
              element("span.page", {}, say("page", { page: value.page })),
            ),
          ),
        ),
      ),
    ]),
  );
}
