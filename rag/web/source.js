// Shows a page of a document beside the answer: as it looks, where that can be drawn, else its text.

import { call } from "./api.js";
import { showFailure } from "./answer.js";
import { element, fill, isComposing } from "./elements.js";
import { cut } from "./offsets.js";
import { say } from "./words.js";

const DRAWN = "application/pdf";

/**
 * Opens the place of a document in the side panel.
 *
 * @param {HTMLElement} panel where; it is hidden again by its own button.
 * @param {object} place `document_id`, `version`, `page`, and `start` and `end` of the words to mark, if any.
 */
export async function openSource(panel, place) {
  const asked = {};
  panel.asked = asked;
  panel.hidden = false;
  const came = panel.contains(document.activeElement) ? null : document.activeElement;
  const close = () => {
    panel.hidden = true;
    if (came instanceof HTMLElement) came.focus();
  };
  fill(panel, head(place, close), element("p.quiet", {}, "…"));
  panel.querySelector("#source-close").focus();
  document.onkeydown = (event) => {
    if (event.key === "Escape" && !isComposing(event) && !panel.hidden) close();
  };
  try {
    const [text, record] = await Promise.all([openPage(place), call(`/api/documents/${place.document_id}`)]);
    if (panel.asked === asked) show(panel, { ...place, text, record, close, drawn: record.live.content_type === DRAWN });
  } catch (failure) {
    if (panel.asked === asked) fill(panel, head(place, close), showFailure(failure));
  }
}

/** Reads the page of a place; where the document has none of that number, as with a hidden first slide, its first. */
async function openPage(place) {
  try {
    return await readPage(place, place.page);
  } catch (failure) {
    if (failure.code !== "unknown_page") throw failure;
    const { pages } = await call(address(place, "text"));
    return readPage(place, pages[0].number);
  }
}

const readPage = ({ document_id: id, version }, number) =>
  call(`/api/documents/${id}/pages/${number}/text?version=${version}`);

function show(panel, state) {
  const { text, drawn } = state;
  const { numbers } = text;
  panel.drawn = drawn; // A page that is still on its way is shown in the form chosen meanwhile.
  const at = numbers.indexOf(text.number);
  const turn = async (number) => {
    const asked = {};
    panel.asked = asked;
    try {
      const turned = await readPage(state, number);
      if (panel.asked === asked) show(panel, { ...state, drawn: panel.drawn, text: turned });
    } catch (failure) {
      if (panel.asked === asked) fill(body, showFailure(failure));
    }
  };
  const step = (by, label, sign) =>
    element(
      "button",
      {
        id: label,
        type: "button",
        title: say(label),
        "aria-label": say(label),
        disabled: numbers[at + by] === undefined,
        onclick: () => turn(numbers[at + by]),
      },
      sign,
    );
  const chosen = element("input.page-number", {
    id: "page-number",
    type: "number",
    min: numbers[0],
    max: numbers.at(-1),
    value: text.number,
    onchange: () => {
      const wanted = Number(chosen.value);
      if (numbers.includes(wanted)) turn(wanted);
      else chosen.value = text.number;
    },
  });
  const body = element("div.page-body");
  fill(
    panel,
    head(state, state.close),
    element(
      "div.tools",
      {},
      step(-1, "previous_page", "‹"),
      element("label", {}, say("page_long"), " ", chosen),
      element("span", {}, say("of_pages", { pages: numbers.length })),
      step(1, "next_page", "›"),
      state.record.live.content_type === DRAWN &&
        element(
          "button",
          { id: "form", type: "button", onclick: () => show(panel, { ...state, drawn: !drawn }) },
          say(drawn ? "as_text" : "as_picture"),
        ),
      element("a", { href: address(state, "file"), download: true }, say("original")),
    ),
    body,
  );
  if (drawn) fill(body, picture(state, () => fill(body, element("p.quiet", {}, say("no_picture")), words(state))));
  else fill(body, words(state));
  body.querySelector("mark")?.scrollIntoView({ block: "center" });
}

function head({ title, source, record, version }, close) {
  const live = record?.live;
  return element(
    "div.head",
    {},
    element(
      "div",
      {},
      element("h2", { tabindex: "-1" }, title || live?.title || source || record?.path),
      element("p.path", {}, source || record?.path, live && live.number !== version && ` · ${say("version", { version })}`),
    ),
    element("button.close", { id: "source-close", type: "button", "aria-label": say("close"), title: say("close"), onclick: close }, "×"),
  );
}

const address = ({ document_id: id, version }, what, more = "") =>
  `/api/documents/${id}/${what}?version=${version}${more}`;

function picture(state, missing) {
  const { text } = state;
  const [first, last] = marked(state);
  return element("img", {
    src: address(state, `pages/${text.number}`, last > first ? `&highlight=${first + text.start}-${last + text.start}` : ""),
    alt: cut(text.text, 0, 4000),
    onerror: missing,
  });
}

function words(state) {
  const { text } = state.text;
  const [first, last] = marked(state);
  const mark = last > first ? element("mark", {}, cut(text, first, last)) : "";
  return element("div.page-text", { lang: "" }, cut(text, 0, first), mark, cut(text, last, Infinity));
}

/** Which part of the page's text to mark, in code points of it; nothing where the words stand on another page. */
function marked({ start, end, text }) {
  return [start, end].map((at) => Math.min(Math.max(at ?? text.start, text.start), text.end) - text.start);
}
