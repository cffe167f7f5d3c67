// Who asks: the access key, which is typed once and kept by a cookie that no script reads, and what it allows.

import { call } from "./api.js";
import { showFailure } from "./answer.js";
import { element, fill } from "./elements.js";
import { say } from "./words.js";

const NOBODY = { user: null, groups: [], writes: true };

let session = NOBODY;

/** Asks the service for whom it takes this browser; fails where that needs a key. */
export async function readSession() {
  session = NOBODY;
  session = await call("/api/session");
}

/** Whether documents may be sent in and taken out. */
export const mayWrite = () => session.writes;

/** Who is signed in, with a way out; nothing where no key is needed. */
export function showUser(left) {
  if (session.user === null) return null;
  const leave = async () => {
    await call("/api/session", { method: "DELETE" });
    left();
  };
  return element("button", { id: "sign-out", type: "button", title: session.groups.join(", "), onclick: leave }, say("sign_out", { user: session.user }));
}

/** Who may read what is sent in, as [principal, shown] pairs: "" leaves a known document its readers. None where nobody is signed in. */
export function readers() {
  if (session.user === null) return [];
  const groups = session.groups.map((name) => [`group:${name}`, name]);
  return [["", say("as_before")], ["public", say("everybody")], ...groups, [`user:${session.user}`, say("only_me")]];
}

/** Fills the view with the place for a key; `failure` says why it is shown, `entered` hears that one was right. */
export function showSignIn(view, failure, entered) {
  const key = element("input", { id: "key", type: "password", autocomplete: "current-password", required: true, maxlength: 200 });
  const trouble = element("div", { "aria-live": "polite" }, failure.code !== "no_key" && showFailure(failure));
  const form = element(
    "form.sign-in",
    { onsubmit: enter },
    element("p", {}, say("key_wanted")),
    element("input", { autocomplete: "username", value: "vouch", hidden: true, readonly: true }), // For who keeps passwords.
    element("label.choice", { for: "key" }, element("span", {}, say("key")), key),
    element("button.main", {}, say("sign_in")),
    trouble,
  );
  view.className = "signing-in";
  fill(view, form);
  key.focus();

  async function enter(event) {
    event.preventDefault();
    fill(trouble);
    try {
      await call("/api/session", { body: { key: key.value } });
    } catch (refused) {
      fill(trouble, showFailure(refused));
      key.select();
      return;
    }
    entered();
  }
}
