const HALVES = /[\ud800-\udfff]/;

/**
 * Cuts a text where the service means: its offsets count Unicode code points, half-open and 0-based, and those of
 * JavaScript's strings count two for some of them (𠮷, 😀).
 */
export function cut(text, start, end) {
  if (!HALVES.test(text)) return text.slice(start, end);
  const from = units(text, 0, start);
  return text.slice(from, units(text, from, end - start));
}

/** Where in a JavaScript string so many code points end, counted from a place in it. */
function units(text, from, points) {
  let at = from;
  for (let left = points; left > 0 && at < text.length; left -= 1) at += text.codePointAt(at) > 0xffff ? 2 : 1;
  return at;
}
