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
    const [text, record] = await Promise.all([
      call(`/api/documents/${place.document_id}/text?version=${place.version}`),
      call(`/api/documents/${place.document_id}`),
    ]);
    if (panel.asked === asked) show(panel, { ...place, text, record, close, drawn: record.live.content_type === DRAWN });
  } catch (failure) {
    if (panel.asked === asked) fill(panel, head(place, close), showFailure(failure));
  }
}

function show(panel, state) {
  const { text, page, drawn } = state;
  const go = (other) => show(panel, { ...state, ...other });
  const at = text.pages.findIndex((one) => one.number === page);
  const step = (by, label, sign) =>
    element(
      "button",
      {
        id: label,
        type: "button",
        title: say(label),
        "aria-label": say(label),
        disabled: !text.pages[at + by],
        onclick: () => go({ page: text.pages[at + by].number }),
      },
      sign,
    );
  const chosen = element("input.page-number", {
    id: "page-number",
    type: "number",
    min: text.pages[0]?.number ?? 1,
    max: text.pages.at(-1)?.number ?? 1,
    value: page,
    onchange: () => {
      const wanted = text.pages.find((one) => one.number === Number(chosen.value));
      go({ page: wanted ? wanted.number : page });
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
      element("span", {}, say("of_pages", { pages: text.pages.length })),
      step(1, "next_page", "›"),
      state.record.live.content_type === DRAWN &&
        element(
          "button",
          { id: "form", type: "button", onclick: () => go({ drawn: !drawn }) },
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
  const { page, start, end, text } = state;
  const [from, to] = bounds(state);
  const marked = Math.max(start, from) < Math.min(end, to) ? `&highlight=${start}-${end}` : "";
  return element("img", {
    src: address(state, `pages/${page}`, marked),
    alt: cut(text.text, ...bounds(state)).slice(0, 4000),
    onerror: missing,
  });
}

function words(state) {
  const { start, end, text } = state;
  const [from, to] = bounds(state);
  const [first, last] = [start, end].map((at) => Math.min(Math.max(at ?? from, from), to));
  const marked = last > first ? element("mark", {}, cut(text.text, first, last)) : "";
  return element("div.page-text", { lang: "" }, cut(text.text, from, first), marked, cut(text.text, last, to));
}

function bounds({ page, text }) {
  const found = text.pages.find((one) => one.number === page) ?? { start: 0, end: Infinity };
  return [found.start, found.end];
}
