"""Text to search tokens and query to weighted tokens: the same way on both sides, in every script.

Words of spaced scripts are folded words, those of English as they are spelt in American (stemmed by the index);
Chinese, Japanese and Korean, and other scripts written without spaces, are overlapping pairs of characters. Pairs
found as much as a dictionary tokenizer on the questions they were measured on, need no 200 MB dictionary and know no
unknown words. Codes and numbers are one token as well as their parts, and so are a product's units ("55N・m"). A year
of a Japanese era is the common one as well, and an amount in 万, 億 or kanji the plain number.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from corpus.language import HAN, HIRAGANA, KATAKANA, STOP_WORDS, UNSPACED, fold
from corpus.language.amounts import amounts
from corpus.language.british import american
from corpus.language.eras import era_years, in_common_years
from corpus.patterns import pattern

ANALYSIS_VERSION = 9
"""Recorded with an index. A change to the tokens of a passage must raise it, so that indexes are rebuilt."""

GAP = "\u00b6"
"""A token no query can have: it parts what is not adjacent, and fills a passage to a storable length."""

_MAX_TOKEN_CHARS = 48
_KEPT_CHARS = 24
"""Words whose tokens are remembered have at most so many characters: what is longer is an address or no spaced text."""
_SECTION = "\u00a7 "
_MAX_PHRASES = 8
_MAX_PAIRS = 24
_MAX_PAIR_DISTANCE = 2
_MAX_PHRASE_TOKENS = 32

PAIR_BOOST = 0.5
"""How much two content words weigh more where they stand as in the query; 0.3 to 0.5 measured alike."""

PHRASE_BOOST = 2.0
"""How much a quoted phrase counts beside its words: enough to put passages that hold it before those that hold its
words apart, too little to put them before what holds the rest of the query. Japanese has 「」 around any name."""

_OTHER_SPELLING = 0.3
"""What a compound verb (繰り越す) counts as its noun is written (繰越): it has its own pairs, too. With 1.0 five of
GitLab-ja's questions changed, four of them for the worse; with this none."""

_HIRAGANA_PAIR, _MIXED_PAIR, _KATAKANA_PAIR, _SINGLE = 0.2, 0.5, 0.5, 0.5
# Weights of a query's pairs, by measurement: grammar is in hiragana; a katakana word counts whole as well; where the
# script changes a word often ends ("ドを", "料の").

# Marks are no word characters to a regular expression, but Indic, Hebrew and Arabic words have them inside.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0963\u0971-\u0dff"
_LETTER = rf"(?:[^\W\d_{UNSPACED}]|[{_MARKS}])"
_DOTS = "\u00b7\u22c5\u30fb"  # between the units of a product
_SPACED = rf"(?:[^\W_{UNSPACED}]|[{_MARKS}])"
_PIECE = pattern(  # first what nearly all of an English text is, as the rest takes twice as long to tell
    rf"[a-z]+(?=[ \n]|$)|(?P<unspaced>[{UNSPACED}]+)"
    rf"|(?P<code>(?:\u00a7 ?)?{_SPACED}+(?:(?:[-_.@&'+#/{_DOTS}]|(?<=\d)[,:](?=\d)){_SPACED}+)*"
    r"(?:[+#]{1,2}(?!\w)|(?<=\d)\([a-z]\))?)"
)
_PARTS = pattern(rf"\d+|{_LETTER}+(?:'{_LETTER}+)*")
_WORDS = pattern(r"[a-z]{4,}")
_VERSION = pattern(r"v(\d+(?:\.\d+)+)")
_SCRIPT_RUN = pattern(rf"[{HAN}]+|[{KATAKANA}]+|[{HIRAGANA}]+|[^{HAN}{KATAKANA}{HIRAGANA}]+")
_THOUSANDS = pattern(r"(?<=\d),(?=\d{3}(?!\d))")
_JOINER = pattern(rf"(?<!\d)[-_./{_DOTS}](?=\w)|(?<=\d)[-_./{_DOTS}](?!\d)(?=\w)|[()]")
_QUOTED = pattern('"([^"]{2,400})"|[\u300c\u300e]([^\u300c-\u300f]{1,200})[\u300d\u300f]')
_COMPOUND = pattern(rf"(?<![{HAN}])([{HAN}])(?=[いえきぎけげしじせちてねびべみめりれ]([{HAN}])(?![{HAN}]))")
_IS_UNSPACED = pattern(f"[{UNSPACED}]")
_IS_HAN = pattern(f"[{HAN}]")
_IS_HIRAGANA = pattern(f"[{HIRAGANA}\u30fc]+")
_IS_KATAKANA = pattern(f"[{KATAKANA}]+")
_IS_KANA = pattern(f"[{HIRAGANA}{KATAKANA}]")


@dataclass(frozen=True, slots=True)
class QueryTokens:
    """What a query looks for.

    ``weights``: token → weight above 0. ``phrases``: quoted words as token sequences, each of two tokens or
    more. ``pairs``: neighbouring content words of spaced scripts and how many tokens the second stands behind
    the first. ``single`` is the query's only character where that is one of a script written without spaces.
    No token is stemmed yet.
    """

    weights: dict[str, float]
    phrases: tuple[tuple[str, ...], ...]
    pairs: tuple[tuple[str, str, int], ...]
    single: str = ""


def passage_tokens(context: str, text: str) -> list[str]:
    """Returns the tokens of a passage in reading order, then, behind a gap, its codes and whole words."""
    tokens: list[str] = []
    extras: list[str] = []
    for part in (context, text):
        folded = fold(part)
        for read, repeated in _words(folded):
            tokens += read
            extras += repeated
        for _, _, year in era_years(folded):
            extras += [str(year), f"{year}年"]
        for _, end, value in amounts(folded):
            extras += [str(value), f"{value}{_unit(folded, end)}"]
        tokens.append(GAP)
    return tokens + extras


@lru_cache(maxsize=4096)
def query_tokens(query: str) -> QueryTokens:
    """Returns what a query looks for; nothing in it is syntax but quotes around a phrase, which is as it is written.

    A search asks it of the question three times and of each of its words; not to be changed.
    """
    folded = fold(query)
    tokens = _tokens(in_common_years(folded))
    tokens += [(f"{value}{_unit(folded, end)}", False) for _, end, value in amounts(folded)]
    counts: dict[str, int] = {}
    for token, _ in tokens:
        counts[token] = counts.get(token, 0) + 1
    if any(token not in STOP_WORDS for token in counts):
        counts = {token: count for token, count in counts.items() if token not in STOP_WORDS}
    weights = {token: weight(token) * min(count, 3) for token, count in counts.items()}
    written = {token for token, reading in tokens if reading}
    for token in weights.keys() & set(compounds(folded)) - written:
        weights[token] *= _OTHER_SPELLING
    phrases: list[tuple[str, ...]] = []
    for match in list(_QUOTED.finditer(folded))[:_MAX_PHRASES]:
        quoted = match[1] or match[2]
        phrase = tuple(token for token, reading in _tokens(quoted) if reading)[:_MAX_PHRASE_TOKENS]
        if len(phrase) > 1:
            phrases.append(phrase)
        for token, reading in _tokens(quoted):
            if not reading or len(phrase) == 1:
                weights[token] = weight(token) * PHRASE_BOOST
    letters = folded.strip()
    single = letters if len(letters) == 1 and _IS_UNSPACED.match(letters) else ""
    pairs = _pairs([token for token, reading in tokens if reading])
    return QueryTokens(weights, tuple(dict.fromkeys(phrases)), pairs, single)


def _pairs(tokens: list[str]) -> tuple[tuple[str, str, int], ...]:
    found: dict[tuple[str, str, int], None] = {}
    last = -1
    for at, token in enumerate(tokens):
        if token in STOP_WORDS:
            continue
        if _IS_UNSPACED.match(token):  # pairs of characters already hold their neighbour
            last = -1
            continue
        if last >= 0 and at - last <= _MAX_PAIR_DISTANCE and tokens[last] != token:
            found[(tokens[last], token, at - last)] = None
        last = at
    return tuple(found)[:_MAX_PAIRS]


def weight(token: str) -> float:
    """Returns how much a token counts in a query, in (0, 1]."""
    if not _IS_UNSPACED.match(token) or len(token) > 2:
        return 1.0
    if len(token) == 1:
        return _SINGLE
    if _IS_HIRAGANA.fullmatch(token):
        return _HIRAGANA_PAIR
    if _IS_KATAKANA.fullmatch(token):
        return _KATAKANA_PAIR
    mixed = _IS_KANA.search(token) or len({bool(_IS_HAN.match(char)) for char in token}) == 2
    return _MIXED_PAIR if mixed else 1.0


def are_close(tokens: Iterable[str]) -> bool:
    """Says whether a query's tokens say more where they stand close to each other: where some are pairs of characters,
    which stand in other words as well.
    """
    return any(len(token) == 2 and _IS_UNSPACED.match(token) for token in tokens)


def repeats_pairs(token: str) -> bool:
    """Says whether a token is a whole word of which there are all pairs of characters, too."""
    return len(token) > 2 and _IS_UNSPACED.match(token) is not None


def _words(folded: str) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Yields the tokens that :func:`_tokens` gives, word by word: those in reading order, and those that repeat others.

    Most words of a text were met before, and looking up what they come to takes a fifth of the time.
    """
    if _SECTION in folded:  # the one token with a blank in it
        yield _parted(_tokens(folded))
        return
    before = ""
    for word in folded.split(" "):
        beside = "" if word[:1].isalpha() else before  # what stands in front matters to a number alone
        read, repeated, before = _word(word, beside) if len(word) <= _KEPT_CHARS else _read_word(word, beside)
        yield read, repeated


def _read_word(word: str, before: str) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Returns what stands between two blanks as tokens, and the word or code that it ends with, "" for none."""
    found, ending = _read(word, before)
    return *_parted(found), ending


_word = lru_cache(maxsize=65_536)(_read_word)


def _parted(tokens: Sequence[tuple[str, bool]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(token for token, read in tokens if read), tuple(token for token, read in tokens if not read)


def _tokens(folded: str) -> list[tuple[str, bool]]:
    """Returns each token, and whether it stands in reading order (else it repeats others as a whole)."""
    return _read(folded)[0]


def _read(folded: str, before: str = "") -> tuple[list[tuple[str, bool]], str]:
    """Returns what :func:`_tokens` does, and the word or code that the text ends with, "" for none.

    ``before`` is the one that stands in front of the text, a blank between them.
    """
    found: list[tuple[str, bool]] = []
    before_end = -1 if before else -2
    for match in _PIECE.finditer(folded):
        piece = match.group()
        if match.lastgroup == "unspaced":
            found += _unspaced(piece)
            if before and before[-1].isdigit() and before_end == match.start():
                found.append((before[-_MAX_TOKEN_CHARS:] + piece[0], False))
            continue
        if match.lastgroup is None or (piece.isascii() and piece.isalpha()):
            found.append((american(piece[:_MAX_TOKEN_CHARS]), True))
            before, before_end = piece, match.end()
            continue
        section = piece.startswith("\u00a7")
        piece = piece.lstrip("\u00a7 ")
        parts = [_plain(part)[:_MAX_TOKEN_CHARS] for part in _PARTS.findall(piece)]
        found += [(part, True) for part in parts]
        code = _code(piece)
        if code not in parts:
            found.append((code, False))
        if section:
            found.append(("\u00a7" + code, False))
        if version := _VERSION.fullmatch(code):
            found.append((version[1], False))
        if code[0].isdigit() and before_end + 1 == match.start() and _names_number(before):
            found.append(((before + code)[:_MAX_TOKEN_CHARS], False))
        before, before_end = code, match.end()
    return found, before if before_end == len(folded) else ""


def _unit(folded: str, end: int) -> str:
    """Returns the character behind an amount as the token of a number has it: 円 of 5万円; "" where there is none."""
    return folded[end : end + 1] if _IS_UNSPACED.match(folded, end) else ""


def _names_number(word: str) -> bool:
    return word.isalpha() and word not in STOP_WORDS


def _unspaced(run: str) -> Iterator[tuple[str, bool]]:
    if len(run) == 1:
        yield run, True
        return
    for at in range(len(run) - 1):
        yield run[at : at + 2], True
    for compound in compounds(run):
        yield compound, False
    for match in _SCRIPT_RUN.finditer(run):
        piece = match.group()
        if len(piece) == 1 and _IS_HAN.match(piece):
            yield piece, False
        elif len(piece) > 2 and _IS_KATAKANA.match(piece):
            yield piece[:_MAX_TOKEN_CHARS], False


def compounds(folded: str) -> list[str]:
    """Returns the compound verbs of a text as their nouns are written short: 繰り越す and 繰り越し as 繰越."""
    return [match[1] + match[2] for match in _COMPOUND.finditer(folded)]


def _plain(word: str) -> str:
    """Returns a word, or several in one, as American spells it, without accents and without a possessive ending; as it
    is where nothing else is left, as of an accent alone and 's.
    """
    bare = word
    if not word.isascii():
        bare = "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
    bare = bare.removesuffix("'s").replace("'", "") or word
    return _WORDS.sub(lambda match: american(match.group()), bare)


def _code(piece: str) -> str:
    """Returns one spelling for a code: "e-4032", "e4032" and "e_4032" alike, "1,234.5" as "1234.5"."""
    return _JOINER.sub("", _THOUSANDS.sub("", _plain(piece)))[:_MAX_TOKEN_CHARS]
