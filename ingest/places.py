"""Places: the root a file belongs to, and its path below it, by which its document is named."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence, Set
from pathlib import Path

from corpus.types import RootPath


class Places:
    """Which (root, path) files have, as far as the collection and what is given decide."""

    def __init__(self, known: Collection[RootPath], given: Set[str]) -> None:
        self._known, self._given = known, given
        self._roots = {root for root, _ in known}
        self._deep = {root for root, path in known if "/" in path}

    def any_below(self, folder: Path) -> bool:
        """Says whether something is known that lies, or lay, in a folder."""
        start = str(folder).rstrip("/") + "/"
        return any(f"{root.rstrip('/')}/{path}".startswith(start) for root, path in self._known)

    def of_file(self, file: Path) -> RootPath:
        """Returns the place of a given file: where it is known, else under the nearest root, else its folder."""
        roots = self._roots | self._given
        places = [
            _place(folder, file) for folder in file.parents if str(folder) in roots or folder == file.parent
        ]
        nearest = next((place for place in places if place[0] in roots), places[0])
        return next((place for place in places if place in self._known), nearest)

    def owner(self, folder: Path) -> Path:
        """Returns the root of what is new in a given folder: itself, or the one it lies in."""
        if str(folder) in self._roots:
            return folder
        outer = list(folder.parents)
        holding = (one for one in outer if str(one) in self._deep)
        given = (one for one in reversed(outer) if str(one) in self._given)
        return next(holding, None) or next(given, folder)

    def related(self, folder: Path) -> list[str]:
        """Returns the known roots above, at and below a folder, the deepest first."""
        found = [Path(root) for root in self._roots if root.startswith("/")]
        near = [one for one in found if one.is_relative_to(folder) or folder.is_relative_to(one)]
        return [str(one) for one in sorted(near, key=lambda one: len(one.parts), reverse=True)]

    def of_entry(self, file: str, owner: Path, related: Sequence[str]) -> RootPath:
        """Returns the place of something found in a folder: where it is known, else under the folder's owner."""
        for root in related:  # as text: every file of the folder comes by here
            start = f"{root.rstrip('/')}/"
            if file.startswith(start) and (place := (root, _named(file[len(start) :]))) in self._known:
                return place
        return _place(owner, Path(file))


def _place(root: Path, file: Path) -> RootPath:
    return str(root), _named(file.relative_to(root).as_posix())


def _named(path: str) -> str:
    """Returns a relative path as a document is named by it."""
    return unicodedata.normalize("NFC", path)
