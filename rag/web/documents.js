// What the corpus holds, what is being read into it, and what became of each file.

import { call } from "./api.js";
import { showFailure, showNotes } from "./answer.js";
import * as choices from "./choices.js";
import { choice, element, fill } from "./elements.js";
import { mayWrite, readers } from "./session.js";
import { number, say } from "./words.js";

const PER_PAGE = 50;
const GOING = ["queued", "running"];
const LOOK_EVERY_MS = 1000;
const AGAIN = new Set(["overloaded", "stopping", "http"]); // What may have passed when it is asked again.
const SHOWN_FILES = 200;

const AFTER_TYPING_MS = 200;

let collection = null;
let find = "";
let offset = 0;
let into = "default";
let readBy = "";

/** Fills the view with the documents, a place for new ones, and the jobs that are going on. */
export async function showDocuments(view, { open }) {
  const jobs = element("div.jobs", { "aria-live": "polite" });
  const list = element("div");
  const chosen = element("div");
  const box = element("input", { type: "search", value: find, maxlength: 200, oninput: () => type(box.value) });
  const named = element("label.choice", {}, element("span", {}, say("find")), box);
  let typing = null;
  let latest = null;
  fill(view, mayWrite() && showUpload(jobs, refresh), jobs, element("div.choices", {}, named, chosen), list);
  await refresh();
  try {
    for (const job of (await call("/api/jobs")).jobs) if (GOING.includes(job.state)) watch(job, jobs, refresh);
  } catch (failure) {
    fill(jobs, showFailure(failure));
  }

  function type(words) {
    [find, offset] = [words, 0];
    clearTimeout(typing);
    typing = setTimeout(refresh, AFTER_TYPING_MS);
  }

  async function refresh() {
    const own = (latest = {});
    try {
      const names = await choices.readCollections();
      if (!names.includes(collection)) collection = null;
      const limits = new URLSearchParams({ limit: PER_PAGE, offset });
      if (collection) limits.set("collection", collection);
      if (find.trim()) limits.set("find", find);
      const found = await call(`/api/documents?${limits}`);
      if (latest !== own) return; // Something else was asked for meanwhile.
      if (found.documents.length === 0 && offset > 0) {
        offset = Math.max(0, offset - PER_PAGE);
        return refresh();
      }
      const change = (name) => {
        [collection, offset] = [name, 0];
        refresh();
      };
      fill(chosen, names.length > 1 && choices.collectionChoice(names, collection, change));
      fill(list, found.total === 0 ? element("p.empty", {}, say(find.trim() ? "none_named" : "no_documents")) : table(found, open, refresh));
    } catch (failure) {
      if (latest === own) fill(list, showFailure(failure));
    }
  }
}

function table({ documents, total }, open, refresh) {
  const turn = (by) => () => {
    offset = Math.max(0, offset + by);
    refresh();
  };
  const last = offset + documents.length;
  return [
    element(
      "div.wide",
      {},
      element(
        "table",
        {},
        element(
          "thead",
          {},
          element(
            "tr",
            {},
            ["title", "collection", "pages", "passages", "date"].map((name) =>
              element(name.startsWith("pa") ? "th.figure" : "th", { scope: "col" }, say(name)),
            ),
            element("td"),
          ),
        ),
        element("tbody", {}, documents.map((one) => row(one, open, refresh))),
      ),
    ),
    element(
      "div.row",
      {},
      say("shown", { from: number(offset + 1), to: number(last), total: number(total) }),
      element("button", { type: "button", disabled: offset === 0, onclick: turn(-PER_PAGE) }, say("earlier")),
      element("button", { type: "button", disabled: last >= total, onclick: turn(PER_PAGE) }, say("later")),
    ),
  ];
}

function row(one, open, refresh) {
  const { live } = one;
  const place = { document_id: one.id, version: live.number, page: 1, title: live.title, source: one.path };
  const report = element("tr", { hidden: true });
  const shown = element(
    "tr",
    {},
    element(
      "td",
      {},
      element(
        "button.place",
        { type: "button", onclick: () => open(place) },
        element("strong", { lang: live.language }, live.title || one.path),
        element("span.path", {}, one.path),
        !one.access.includes("public") && element("span.path.access", {}, say("open_to", { names: one.access.join(", ") })),
      ),
    ),
    element("td", {}, one.collection),
    element("td.figure", {}, number(live.pages)),
    element("td.figure", {}, number(live.chunks)),
    element("td.date", {}, (live.date || live.modified).slice(0, 10)),
    element(
      "td.does",
      {},
      element("button", { type: "button", onclick: () => tell(one, report) }, say("report")),
      mayWrite() && element("button", { type: "button", onclick: remove }, say("remove")),
    ),
  );
  return [shown, report];

  async function remove() {
    if (!confirm(say("remove_sure", { name: one.path }))) return;
    try {
      await call(`/api/documents/${one.id}`, { method: "DELETE" });
      await refresh();
    } catch (failure) {
      fill(report, element("td", { colspan: 6 }, showFailure(failure)));
      report.hidden = false;
    }
  }
}

async function tell(one, place) {
  place.hidden = !place.hidden;
  if (place.hidden) return;
  const cell = element("td", { colspan: 6 }, "…");
  fill(place, cell);
  try {
    const found = await call(`/api/documents/${one.id}/report`);
    fill(cell, found.failed_since && showFailure(found.failed_since), outcome({ ...found.report, path: "" }));
  } catch (failure) {
    fill(cell, showFailure(failure));
  }
}

/** What became of one file: its state, what was read, and what its owner should know. */
function outcome(file) {
  return element(
    `div.outcome.${file.state}`,
    {},
    element("strong", {}, file.path),
    element("span", {}, say(`state_${file.state}`)),
    file.pages > 0 && element("span", {}, `${say("pages")} ${number(file.pages)}`),
    file.chunks > 0 && element("span", {}, `${say("passages")} ${number(file.chunks)}`),
    file.code && showFailure(file),
    showNotes(file.notes.map((note) => note.message)),
  );
}

function showUpload(jobs, refresh) {
  const files = element("input", { type: "file", multiple: true, "aria-label": say("upload"), onchange: () => send([...files.files]) });
  const name = element("input", { value: into, maxlength: 200, required: true, oninput: () => (into = name.value) });
  const who = readers();
  if (!who.some(([principal]) => principal === readBy)) readBy = "";
  const zone = element(
    "section.upload",
    {
      ondragover: (event) => {
        event.preventDefault();
        zone.classList.add("over");
      },
      ondragleave: () => zone.classList.remove("over"),
      ondrop: (event) => {
        event.preventDefault();
        zone.classList.remove("over");
        send([...event.dataTransfer.files]);
      },
    },
    element("p", {}, say("drop")),
    element("div.row", {}, files, element("label.choice", {}, element("span", {}, say("into")), name), who.length > 0 && choice(say("read_by"), who, readBy, (one) => (readBy = one))),
  );
  return zone;

  async function send(all) {
    if (all.length === 0) return;
    const body = new FormData();
    for (const file of all) body.append("files", file, file.name);
    body.append("collection", into.trim() || "default");
    if (readBy) body.append("access", readBy);
    const status = element("p.quiet", { role: "status" }, say("sending", { count: all.length }));
    jobs.prepend(status);
    try {
      watch(await call("/api/documents", { body }), jobs, refresh);
      status.remove();
    } catch (failure) {
      status.replaceWith(showFailure(failure));
    }
    files.value = "";
  }
}

/** Looks after a job until it ends, or the view is left: by asking, as a browser holds few streams open at a time. */
async function watch(job, jobs, refresh) {
  const id = `job-${job.id}`;
  if (document.getElementById(id)) return; // It was sent while those that go on were asked for.
  const state = element("span");
  const bar = element("progress", { max: 1, "aria-label": say("job_progress") });
  const left = element("span");
  const current = element("span.path");
  const trouble = element("div");
  const cancel = element("button", { type: "button", onclick: end }, say("cancel"));
  const names = job.request.names ?? [];
  const named = element("strong", {}, names.slice(0, 3).join(", "), names.length > 3 && " …");
  const place = element("article.job", { id, "aria-busy": "true" }, named, state, bar, left, current, cancel, trouble);
  jobs.prepend(place);
  while (GOING.includes(job.state)) {
    draw();
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    if (!place.isConnected) return;
    try {
      job = await call(`/api/jobs/${job.id}`);
      fill(trouble);
    } catch (failure) {
      fill(trouble, showFailure(failure));
      if (failure.code !== "unreachable" && !AGAIN.has(failure.code)) return;
    }
  }
  await refresh(); // First: what is told of a file below would close again.
  place.removeAttribute("aria-busy");
  fill(place, job.error ? showFailure(job.error) : ended(job));

  function draw() {
    const { share, left_s: seconds, current: file } = job.progress;
    fill(state, say(`job_${job.state}`, { percent: Math.round((share ?? 0) * 100) }));
    if (typeof share === "number") bar.value = share;
    fill(left, typeof seconds === "number" && say("left", { seconds: number(seconds) }));
    fill(current, file);
  }

  async function end() {
    cancel.disabled = true;
    try {
      await call(`/api/jobs/${job.id}`, { method: "DELETE" });
    } catch (failure) {
      cancel.disabled = false;
      fill(trouble, showFailure(failure));
    }
  }
}

/** How a job ended, and what became of its files: those to look after first. */
function ended({ state, result }) {
  const good = (file) => Number(file.state !== "failed") + Number(!["failed", "partial"].includes(file.state));
  const files = [...(result?.files ?? [])].sort((one, other) => good(one) - good(other));
  const rest = files.length - SHOWN_FILES;
  return [
    element("span", {}, say(`job_${state}`)),
    files.slice(0, SHOWN_FILES).map(outcome),
    rest > 0 && element("p.quiet", {}, say("more_files", { count: number(rest) })),
  ];
}
