const HALVES = /[\ud800-\udfff]/;

/**
 * Cuts a text where the service means: its offsets count Unicode code points, half-open and 0-based, and those of
 * JavaScript's strings count two for some of them (𠮷, 😀).
 */
export function cut(text, start, end) {
  return HALVES.test(text) ? Array.from(text).slice(start, end).join("") : text.slice(start, end);
}
