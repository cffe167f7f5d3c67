// The models one can choose, with what speaks for each.

import { call } from "./api.js";
import { showFailure } from "./answer.js";
import { chooseModel, chosenModel } from "./asking.js";
import { element, fill } from "./elements.js";
import { number, say } from "./words.js";

let wanted = "";

/** Fills the view with the catalogue; a word narrows it. */
export async function showCatalogue(view) {
  const list = element("div.wide");
  const box = element("input", { type: "search", value: wanted, oninput: () => draw((wanted = box.value)) });
  fill(view, element("label.choice", {}, element("span", {}, say("find")), box), list);
  let found = null;
  try {
    found = await call("/api/models");
    draw();
  } catch (failure) {
    fill(list, showFailure(failure));
  }

  function draw() {
    if (!found) return;
    const word = wanted.trim().toLowerCase();
    const shown = found.models.filter((card) =>
      [card.name, card.title, card.family, card.provider, card.task, card.licence].join(" ").toLowerCase().includes(word),
    );
    const columns = ["name", "hosting", "weights", "licence", "window", "price", "data_protection"];
    fill(
      list,
      element(
        "table",
        {},
        element(
          "thead",
          {},
          element("tr", {}, columns.map((name) => element("th", { scope: "col" }, say(name))), element("td")),
        ),
        element("tbody", {}, shown.map((card) => row(card, found.default, draw))),
      ),
    );
  }
}

function row(card, usual, draw) {
  const chosen = (chosenModel() ?? usual) === card.name;
  const price = [card.price_input_usd, card.price_output_usd];
  return element(
    "tr",
    { class: chosen ? "chosen" : null },
    element("td", {}, element("strong", {}, card.title), element("span.path", {}, `${card.name} · ${card.provider}`)),
    element("td", {}, say(card.hosting)),
    element("td", {}, card.open_weights === null ? say("unknown") : say(card.open_weights ? "open" : "closed")),
    element("td", {}, card.licence || say("unknown")),
    element("td.figure", {}, card.context_window ? number(card.context_window) : say("unknown")),
    element("td.figure", { title: card.price_note }, price.includes(null) ? say("unknown") : price.map((one) => number(one, 2)).join(" / ")),
    element("td", {}, card.data_protection),
    element(
      "td",
      {},
      card.task === "chat" &&
        (chosen
          ? say("chosen")
          : element(
              "button",
              {
                type: "button",
                onclick: () => {
                  chooseModel(card.name);
                  draw();
                },
              },
              say("ask"),
            )),
    ),
  );
}
