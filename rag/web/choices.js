// What a question can be asked with: kept for the next one, and read from the service once a visit.

import { call } from "./api.js";
import { choice } from "./elements.js";
import { say } from "./words.js";

export const STRATEGIES = ["zero-shot", "one-shot", "few-shot"];
export const PASSAGES = [3, 5, 8, 12, 20];
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

export const modelChoice = ({ models: known, default: usual }, chosen, changed) =>
  choice(
    say("model"),
    known.map((model) => [model.name, model.title === model.name ? model.name : `${model.title} (${model.name})`]),
    chosen ?? usual,
    changed,
  );

export const strategyChoice = (chosen, changed) =>
  choice(
    say("strategy"),
    STRATEGIES.map((name) => [name, say(name)]),
    chosen,
    changed,
  );

export const passagesChoice = (chosen, changed) =>
  choice(
    say("k"),
    PASSAGES.map((k) => [String(k), String(k)]),
    String(chosen),
    (k) => changed(Number(k)),
  );

export const collectionChoice = (names, chosen, changed) =>
  choice(say("collection"), [["", say("all")], ...names.map((name) => [name, name])], chosen ?? "", (name) =>
    changed(name || null),
  );
