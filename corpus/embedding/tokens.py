"""A model's tokenizer: exact counts, cuts, padded batches, and which scripts the model can read."""

from __future__ import annotations

import json
import threading
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from corpus.embedding.model import ModelFolder
from corpus.embedding.token_vectors import empty_tokens, kept_tokens
from corpus.errors import EmbeddingError
from corpus.language import UNSPACED
from corpus.patterns import pattern
from corpus.types import Bools, Int64

_SYLLABIC = frozenset({"CJK", "HANGUL", "HIRAGANA", "KATAKANA"})
"""Scripts that say in one letter what an alphabet says in about two."""

_READ_PIECES = 200
"""A script is read when this many vocabulary pieces hold two letters of it. all-MiniLM-L6-v2 has
27,533 such pieces in Latin, 8 in Cyrillic, 4 in Greek, 2 in Arabic and none in any other script,
though it has single letters of twenty: it can spell them but never learned their words."""

_READ_IDEOGRAPHS = 1000
"""Chinese characters are words by themselves, so single ones count: all-MiniLM-L6-v2 has 244, each
twice; everyday Japanese needs 2,136."""

_AT_ONCE = 1024
"""Texts tokenized at once: a tokenizer's result takes some hundred bytes a token until it is dropped."""

_WORDS_KEPT = 50_000
_WORD_CHARS = 32
"""Words whose tokens are remembered, and their most characters: about 12 MB. English text of any length has most of
its words among so many, and looking them up takes a twentieth of the time of tokenizing them anew."""

_BLANK = pattern(r"\s")
_UNSPACED = pattern(f"[{UNSPACED}]")
_NOT_ASCII = pattern(r"[^\x00-\x7f]")
_REMOVED_BLANKS = "\v\f\x1c\x1d\x1e\x1f\x85"
"""Blanks for Python at which a BERT tokenizer parts nothing: it drops them, as it does other control characters."""

LENGTH_STEP = 16
"""Batches are padded to a multiple of so many tokens: a runtime keeps a plan for each shape that it meets, which
with every length by itself took 100 MB more and 10 % more time."""

_SAMPLE_CHARS = 2000
_UNREAD_SHARE = 0.25
_UNKNOWN_SHARE = 0.25


class Tokens:
    """The raw tokenizer of a model, set once and never again, so that threads may share it.

    A transformers tokenizer keeps truncation and padding as state: shared by threads it was measured to
    cut or pad 19 % of the calls wrongly, without an error.
    """

    def __init__(self, model: ModelFolder) -> None:
        self._model = model
        self._lock = threading.Lock()
        self._loaded: Any = None
        self._scripts: frozenset[str] | None = None
        self._around: tuple[list[int], list[int]] | None = None  # what a text's words stand between
        self._spelled = 0  # the most characters of a word in ASCII that are never unknown
        self._words: dict[str, tuple[int, ...]] = {}
        self._pieces: dict[str, list[str]] = {}
        self._empty: tuple[Bools, frozenset[int]] | None = None  # tokens without a meaning, special tokens

    def count(self, texts: Sequence[str]) -> list[int]:
        """Returns the tokens of each text, special tokens included; nothing is truncated."""
        slices = (texts[at : at + _AT_ONCE] for at in range(0, len(texts), _AT_ONCE))
        self._tokenizer()
        if self._around is None:
            return [len(ids) for some in slices for ids in self.encode(some)]
        special = sum(map(len, self._around))
        parted = (self._ids_of_words([self._clean(text) for text in some]) for some in slices)
        return [special + sum(map(len, words)) for some in parted for words in some]

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Returns each text's token ids, special tokens included."""
        tokenizer = self._tokenizer()
        cleaned = [self._clean(text) for text in texts]
        if self._around is None:
            return [found.ids for found in tokenizer.encode_batch_fast(cleaned)]
        first, last = self._around
        return [[*first, *chain.from_iterable(words), *last] for words in self._ids_of_words(cleaned)]

    def _ids_of_words(self, texts: Sequence[str]) -> list[Iterable[tuple[int, ...]]]:
        """Returns the ids of each word of each text, to be gone through once; special tokens are not among them."""
        part = _parted if _has_removed_blanks("".join(texts)) else str.split
        parted = [part(text) for text in texts]
        known, long = self._words, dict[str, tuple[int, ...]]()
        new = [word for word in set[str]().union(*parted) if word not in known]
        for word, ids in zip(new, self._ids_of_each(new), strict=True):
            (known if len(word) <= _WORD_CHARS else long)[word] = ids
        if len(known) > _WORDS_KEPT:
            self._words = {}  # another thread may be reading the old ones: nothing is ever taken out of them
        find = known.__getitem__ if not long else lambda word: (long if word in long else known)[word]
        return [map(find, words) for words in parted]

    def _ids_of_each(self, words: Sequence[str]) -> Iterator[tuple[int, ...]]:
        """Yields the ids of each word. Together they are one text to the tokenizer: words one by one take half as long
        again, and a batch of them wakes threads."""
        if not words:
            return
        found = self._tokenizer().encode(" ".join(words), add_special_tokens=False)
        ids, starts = found.ids, [start for start, _ in found.offsets]
        first = begin = 0
        for word in words:
            last = bisect_left(
                starts, begin + len(word), first
            )  # an added token may begin with the blank before it
            yield tuple(ids[first:last])
            first, begin = last, begin + len(word) + 1

    def kept(self, ids: Sequence[int]) -> Int64:
        """Returns which of a text's tokens keep a vector of their own, as positions in its ids, ascending."""
        if self._empty is None:
            tokenizer = self._tokenizer()
            decode = _from_bytes if _is_byte_level(tokenizer) else str
            pieces = {own: decode(piece) for piece, own in tokenizer.get_vocab().items()}
            added = tokenizer.get_added_tokens_decoder().items()
            special = frozenset(own for own, token in added if token.special)
            self._empty = empty_tokens(pieces, special), special
        return kept_tokens(ids, *self._empty)

    def words(self, text: str) -> list[str]:
        """Returns for each token of a text, special ones included, the word that it is a piece of.

        Where words are not parted by blanks, as in Japanese, it is the piece itself; of a special token it is "".
        """
        tokenizer, text = self._tokenizer(), self._clean(text)
        if self._around is None or _has_removed_blanks(text):
            return _words_of(tokenizer, text, special=True)
        first, last = self._around
        return [*[""] * len(first), *chain.from_iterable(map(self._pieced, text.split())), *[""] * len(last)]

    def _pieced(self, word: str) -> list[str]:
        """Returns what :meth:`words` does for a word between blanks, without special tokens."""
        known = self._pieces.get(word)
        if known is None:
            known = _words_of(self._tokenizer(), word, special=False)
            if len(self._pieces) >= _WORDS_KEPT:
                self._pieces = {}
            if len(word) <= _WORD_CHARS:
                self._pieces[word] = known
        return known

    def cut(self, text: str, limit: int) -> str:
        """Returns the longest start of a text that has at most ``limit`` tokens, special ones included."""
        tokenizer = self._tokenizer()
        text = self._clean(text)
        if len(self.encode([text])[0]) <= limit:
            return text
        found = tokenizer.encode(text)
        over = len(found.ids) - limit
        while over > 0:
            offsets = [end for start, end in found.offsets if end > start]
            if len(offsets) <= over:
                return ""
            # One character may become many tokens (U+FDFA, eighteen letters): the text shrinks all the same.
            text = text[: min(offsets[-over - 1], len(text) - 1)]
            found = tokenizer.encode(text)
            over = len(found.ids) - limit
        return text

    def pad(self, batch: Sequence[Sequence[int]], multiple: int = 1) -> tuple[Int64, Int64]:
        """Returns token ids and mask, int64, shape (len(batch), the longest rounded up)."""
        import numpy as np

        padding = self._tokenizer().token_to_id(self._model.pad_token) if self._model.pad_token else 0
        longest = max(len(ids) for ids in batch)
        rounded = min(-(-longest // multiple) * multiple, self._model.max_tokens)
        shape = (len(batch), max(longest, rounded))
        ids, mask = np.full(shape, padding or 0, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        for row, tokens in enumerate(batch):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        return ids, mask

    def covers(self, text: str) -> bool:
        """Says whether the model can read a text: few letters of unread scripts, few unknown tokens.

        Unknown tokens alone do not tell: all-MiniLM-L6-v2 knows 85 % of the tokens of Japanese text and
        all of Russian, letter by letter. Of a text beyond 2,000 characters four pieces are looked at.
        """
        if len(text) > _SAMPLE_CHARS:
            quarter, step = _SAMPLE_CHARS // 4, len(text) // 4
            text = "\n".join(text[at * step : at * step + quarter] for at in range(4))
        if not text.isascii() and not self._reads_letters(text):
            return False
        tokenizer, cleaned = self._tokenizer(), self._clean(text)
        if text.isascii() and self._has_spelled(text):
            return True
        unknown = tokenizer.token_to_id(self._model.unknown_token)
        if self._around is None:
            (found,) = tokenizer.encode_batch_fast([cleaned], add_special_tokens=False)
            words = [tuple(found.ids)]
        else:
            words = list(*self._ids_of_words([cleaned]))
        unread = sum(ids.count(unknown) for ids in words if unknown in ids)
        return bool(unread <= _UNKNOWN_SHARE * sum(map(len, words)))

    def _reads_letters(self, text: str) -> bool:
        """Says whether few of a text's letters are of scripts that the model does not read."""
        scripts = self._read_scripts()
        others = set(map(script_of, set(_NOT_ASCII.findall(text))))
        # So it is with English, which has a few dashes and quotation marks beside its letters.
        if "LATIN" in scripts and others <= scripts | {""}:
            return True
        letters = read = 0
        for character, times in Counter(text).items():
            script = script_of(character)
            if script:
                weight = times * (2 if script in _SYLLABIC else 1)
                letters += weight
                read += weight if script in scripts else 0
        return letters - read <= _UNREAD_SHARE * letters

    def _has_spelled(self, text: str) -> bool:
        """Says whether no word of a text in ASCII can be unknown; an eighth of the time of looking its words up."""
        longest = max(map(len, text.split()), default=0)
        return longest <= self._spelled and not _has_removed_blanks(text)

    def _clean(self, text: str) -> str:
        if not text.isascii():
            text = text.encode("utf-8", errors="replace").decode("utf-8")  # a lone surrogate is no text
        return text.lower() if self._model.lower_case else text

    def _tokenizer(self) -> Any:
        with self._lock:
            if self._loaded is None:
                from tokenizers import Tokenizer

                path = self._model.path / "tokenizer.json"
                try:
                    tokenizer = Tokenizer.from_file(str(path))
                except Exception as error:  # the Rust library raises bare Exception for every fault
                    raise EmbeddingError(
                        f"The tokenizer {path} cannot be read: {error}.",
                        code="model_unusable",
                        hint="Install the model again.",
                    ) from None
                tokenizer.no_truncation()
                tokenizer.no_padding()
                self._around = _around_words(tokenizer)
                self._spelled = (
                    0
                    if self._around is None
                    else _spelled_chars(tokenizer, tokenizer.token_to_id(self._model.unknown_token))
                )
                self._loaded = tokenizer
            return self._loaded

    def _read_scripts(self) -> frozenset[str]:
        """Returns the scripts the vocabulary has words of; one pass over it, once."""
        if self._scripts is None:
            tokenizer = self._tokenizer()
            decode = _from_bytes if _is_byte_level(tokenizer) else str
            pieces: Counter[str] = Counter()
            for piece in map(decode, tokenizer.get_vocab()):
                if piece.isascii():  # nine of ten: their letters are Latin
                    pieces["LATIN"] += sum(map(str.isalpha, piece)) > 1
                    continue
                letters = [script for script in map(script_of, piece) if script]
                if len(letters) > 1 or letters == ["CJK"]:
                    pieces[letters[0]] += 1
            self._scripts = frozenset(
                script
                for script, number in pieces.items()
                if number >= (_READ_IDEOGRAPHS if script == "CJK" else _READ_PIECES)
            )
        return self._scripts


def _words_of(tokenizer: Any, text: str, *, special: bool) -> list[str]:
    """Returns for each token of a text the word that it is a piece of; see :meth:`Tokens.words`."""
    found = tokenizer.encode(text, add_special_tokens=special)
    around: dict[int, tuple[int, int]] = {}
    for word, (start, end) in zip(found.word_ids, found.offsets, strict=True):
        if word is not None:
            first, last = around.get(word, (start, end))
            around[word] = min(first, start), max(last, end)
    words = []
    for word, (start, end) in zip(found.word_ids, found.offsets, strict=True):
        whole = "" if word is None else text[slice(*around[word])]
        words.append((text[start:end] if _UNSPACED.search(whole) else whole).strip())
    return words


@lru_cache(maxsize=65536)
def script_of(character: str) -> str:
    """Returns the script of a letter as Unicode names it (LATIN, CJK …), "" for anything else.

    Width and style do not matter: full-width and mathematical letters are Latin.
    """
    character = unicodedata.normalize("NFKC", character)[:1]
    if not character.isalpha() or unicodedata.category(character) == "Lm":
        return ""
    return unicodedata.name(character, "").partition(" ")[0].partition("-")[0]


def _parted(text: str) -> list[str]:
    return [text] if _has_removed_blanks(text) else text.split()


def _has_removed_blanks(text: str) -> bool:
    return any(blank in text for blank in _REMOVED_BLANKS)  # a quarter of a regular expression's time


def _around_words(tokenizer: Any) -> tuple[list[int], list[int]] | None:
    """Returns what a text's tokens begin and end with where they are those of its words, else None.

    So it is with BERT's own rules: blanks part words before anything else is done, and nothing looks past them.
    """
    kinds = [type(part).__name__ for part in (tokenizer.normalizer, tokenizer.pre_tokenizer, tokenizer.model)]
    added = [token.content for token in tokenizer.get_added_tokens_decoder().values()]
    if kinds != ["BertNormalizer", "BertPreTokenizer", "WordPiece"] or _BLANK.search("".join(added)):
        return None
    own, whole = (tokenizer.encode("a", add_special_tokens=special).ids for special in (False, True))
    at = next((at for at in range(len(whole)) if whole[at : at + len(own)] == own), 0)
    return whole[:at], whole[at + len(own) :]


def _spelled_chars(tokenizer: Any, unknown: int | None) -> int:
    """Returns up to how many characters a WordPiece vocabulary can spell every word in ASCII; 0 where it cannot."""
    alone = [chr(code) for code in range(33, 127)]
    found = tokenizer.encode_batch_fast([*alone, *("a" + one for one in alone)], add_special_tokens=False)
    spelled = unknown is not None and all(unknown not in one.ids for one in found)
    return int(tokenizer.model.max_input_chars_per_word) if spelled else 0


def _is_byte_level(tokenizer: Any) -> bool:
    return "ByteLevel" in str(json.loads(tokenizer.to_str()).get("pre_tokenizer"))


def _from_bytes(piece: str) -> str:
    """Returns the text of a byte-level piece, which writes each byte as a printable character.

    The table is that of GPT-2: printable Latin-1 stands for itself, the other bytes for U+0100 onward.
    """
    return bytes(_BYTES[character] for character in piece if character in _BYTES).decode(errors="ignore")


def _byte_table() -> dict[str, int]:
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    moved = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + at): byte for at, byte in enumerate(moved)}


_BYTES = _byte_table()
