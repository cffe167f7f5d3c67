// What a question can be asked with: kept for the next one, and read from the service once a visit.

import { call } from "./api.js";
import { choice, element, tick } from "./elements.js";
import { say } from "./words.js";

const STRATEGIES = ["zero-shot", "one-shot", "few-shot"];
const PASSAGES = [3, 5, 8, 12, 20];
export const DEFAULT_WAY = { model: null, retrieval: true, strategy: "zero-shot", k: 8 };

let models = null;

/** The chat models of the catalogue, and the one that answers unless another is named. */
export async function readModels() {
  models ??= await call("/api/models?task=chat");
  return models;
}

/** The names of the collections there are. */
export async function readCollections() {
  return (await call("/api/collections")).collections.map(({ name }) => name);
}

/** The controls of one way to answer; what is chosen is put into `way`. */
export function wayChoices({ models: known, default: usual }, way) {
  const shown = ({ name, title }) => (title === name ? name : `${title} (${name})`);
  const named = (names) => names.map((name) => [name, say(name)]);
  return [
    choice(say("model"), known.map((card) => [card.name, shown(card)]), way.model ?? usual, (name) => (way.model = name)),
    choice(say("strategy"), named(STRATEGIES), way.strategy, (name) => (way.strategy = name)),
    choice(say("k"), PASSAGES.map((k) => [String(k), String(k)]), String(way.k), (k) => (way.k = Number(k))),
    tick(say("retrieval"), way.retrieval, (checked) => (way.retrieval = checked)),
  ];
}

/** The box that a question is typed into; `more` are further attributes. */
export const questionBox = (more) =>
  element("textarea", { rows: 2, maxlength: 8000, placeholder: say("question_hint"), "aria-label": say("question"), ...more });

export const collectionChoice = (names, chosen, changed) =>
  choice(say("collection"), [["", say("all")], ...names.map((name) => [name, name])], chosen ?? "", (name) =>
    changed(name || null),
  );
