"""``python -m bench.press [WORD…]``: prints the documents whose path holds a word, or all."""

from __future__ import annotations

import sys

from bench.press.printing import DOCUMENTS, print_source, sources


def main(words: list[str]) -> None:
    """Writes the chosen documents; with no words, also removes what no source prints any more."""
    kept = set()
    for path in sources():
        output, content = print_source(path)
        kept.add(DOCUMENTS / output)
        if words and not any(word in output for word in words):
            continue
        target = DOCUMENTS / output
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.read_bytes() != content:
            target.write_bytes(content)
            print(f"{len(content):>9,}  {output}")
    if not words:
        for stray in sorted(set(filter(lambda p: p.is_file(), DOCUMENTS.rglob("*"))) - kept):
            stray.unlink()
            print(f"  removed  {stray.relative_to(DOCUMENTS)}")


if __name__ == "__main__":
    main(sys.argv[1:])
