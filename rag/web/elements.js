// Makes parts of the page. Text is only ever set as text: nothing that a document or a model says becomes markup.

/**
 * Makes an element.
 *
 * @param {string} name a tag, with classes behind dots: "p.note".
 * @param {object} given attributes; `on…` functions listen, `true` is an empty attribute, `false` and `null` none.
 * @param {...(Node|string|number|null|false|Array)} inside what it holds, in order; null and false are left out.
 */
export function element(name, given = {}, ...inside) {
  const [tag, ...classes] = name.split(".");
  const made = document.createElement(tag);
  if (classes.length) made.className = classes.join(" ");
  for (const [key, value] of Object.entries(given)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) {
      made.setAttribute(key, value === true ? "" : String(value));
    }
  }
  made.append(...inside.flat(Infinity).filter((one) => one !== null && one !== false && one !== undefined));
  return made;
}

/** Puts these in the place of all that an element holds; the focus stays with what has the id that had it. */
export function fill(place, ...inside) {
  const focused = place.contains(document.activeElement) ? document.activeElement.id : "";
  place.replaceChildren(...inside.flat(Infinity).filter((one) => one !== null && one !== false && one !== undefined));
  if (focused) document.getElementById(focused)?.focus();
}

/** A labelled choice: `options` are [value, shown] pairs; `changed` hears the value that is chosen. */
export function choice(label, options, chosen, changed) {
  const control = element(
    "select",
    { "aria-label": label, onchange: () => changed(control.value) },
    options.map(([value, shown]) => element("option", { value, selected: value === chosen }, shown)),
  );
  return element("label.choice", {}, element("span", {}, label), control);
}

/** A labelled box to tick. */
export function tick(label, checked, changed) {
  const control = element("input", { type: "checkbox", "aria-label": label, checked, onchange: () => changed(control.checked) });
  return element("label.choice", {}, element("span", {}, label), control);
}

/** Whether a key belongs to an input method that is composing a word; Safari tells of the last one by its code alone. */
export const isComposing = (event) => event.isComposing || event.keyCode === 229;
