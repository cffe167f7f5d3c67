// The page's frame: which view is shown, in which language, and how the service is doing.

import { call } from "./api.js";
import { showAsking } from "./asking.js";
import { showCatalogue } from "./catalogue.js";
import { showComparing } from "./comparing.js";
import { showDocuments } from "./documents.js";
import { element, fill } from "./elements.js";
import { openSource } from "./source.js";
import { say, spoken, switchLanguage } from "./words.js";

const HEALTH_EVERY_MS = 30_000;
const TROUBLE_EVERY_MS = 3_000;
const VIEWS = { ask: showAsking, compare: showComparing, documents: showDocuments, models: showCatalogue };

const view = document.getElementById("view");
const panel = document.getElementById("source");
const health = document.getElementById("health");
let question = "";

const tools = {
  open: (place) => openSource(panel, place),
  compare: (asked) => {
    question = asked;
    location.hash = "compare";
  },
};

function show() {
  const asked = location.hash.slice(1);
  const name = Object.hasOwn(VIEWS, asked) ? asked : "ask";
  document.documentElement.lang = spoken();
  document.title = `Vouch · ${say(name)}`;
  fill(
    document.getElementById("bar"),
    element("a.brand", { href: "#ask" }, element("img", { src: "/page/mark.svg", alt: "" }), "Vouch"),
    element(
      "nav",
      {},
      Object.keys(VIEWS).map((one) =>
        element("a", { href: `#${one}`, "aria-current": one === name ? "page" : null }, say(one)),
      ),
      element("a", { href: "/docs" }, say("http")),
    ),
    element("button", { id: "other-language", type: "button", onclick: speakOther }, say("other_language")),
  );
  panel.hidden = true;
  view.className = name;
  VIEWS[name](view, { ...tools, question });
  question = "";
}

function speakOther() {
  switchLanguage();
  show();
  look();
}

/** Says above everything when the service is not at its best, and why. */
async function look() {
  try {
    const { status, problems } = await call("/health");
    health.hidden = status === "ok";
    fill(health, status !== "ok" && [say(status), " ", problems.join(" ")]);
  } catch (failure) {
    health.hidden = false;
    fill(health, failure.message || say("unreachable"));
  }
}

/** Looks often while there is something to tell, so that what is over is not told for long. */
async function keepLooking() {
  await look();
  setTimeout(keepLooking, health.hidden ? HEALTH_EVERY_MS : TROUBLE_EVERY_MS);
}

for (const dropped of ["dragover", "drop"]) addEventListener(dropped, (event) => event.preventDefault()); // beside the field
addEventListener("hashchange", () => {
  view.focus(); // What was chosen is gone from under the focus; a view with a question box takes it from here.
  show();
});
show();
keepLooking();
