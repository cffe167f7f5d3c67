// The page's frame: which view is shown, in which language, and how the service is doing.

import { call } from "./api.js";
import { showAsking } from "./asking.js";
import { showCatalogue } from "./catalogue.js";
import { showComparing } from "./comparing.js";
import { showDocuments } from "./documents.js";
import { element, fill } from "./elements.js";
import { readSession, showSignIn, showUser } from "./session.js";
import { openSource } from "./source.js";
import { say, spoken, switchLanguage } from "./words.js";

const HEALTH_EVERY_MS = 30_000;
const TROUBLE_EVERY_MS = 3_000;
const VIEWS = { ask: showAsking, compare: showComparing, documents: showDocuments, models: showCatalogue };

const view = document.getElementById("view");
const panel = document.getElementById("source");
const health = document.getElementById("health");
let question = "";
let refused = null; // Why a key is asked for; nothing else is shown until one was right.

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
  document.title = `Vouch · ${say(refused ? "sign_in" : name)}`;
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
    !refused && showUser(enter),
    element("button", { id: "other-language", type: "button", onclick: speakOther }, say("other_language")),
  );
  panel.hidden = true;
  if (refused) {
    showSignIn(view, refused, enter);
    return;
  }
  view.className = name;
  VIEWS[name](view, { ...tools, question });
  question = "";
}

/** Shows what there is for whom the service takes this browser; a key is asked for where it takes it for nobody. */
async function enter() {
  refused = null;
  try {
    await readSession();
  } catch {
    if (refused) return; // It is asked for already. What else there is the line above everything says.
  }
  show();
  look();
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
addEventListener("needskey", ({ detail: failure }) => {
  if (refused) return; // The form itself says what is wrong with a key.
  refused = failure;
  show();
});
enter().then(keepLooking);
