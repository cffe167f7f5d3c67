"""A passage as tantivy keeps it: its tokens, or, where it cannot be analysed, the one that sets it aside."""

from __future__ import annotations

import bisect
import logging
from collections.abc import Sequence

from tantivy import Document, Schema, SchemaBuilder

from corpus.lexical import aside
from corpus.lexical.analysis import GAP, passage_tokens
from corpus.lexical.stemming import Stemmer
from corpus.lexical.weighing import pack
from corpus.projection import TextRow
from corpus.types import show_chunk_id

log = logging.getLogger(__name__)


def schema() -> Schema:
    """Returns the fields of a passage."""
    builder = SchemaBuilder()
    builder.add_unsigned_field("chunk", indexed=True, fast=True)
    builder.add_unsigned_field("version", indexed=True, fast=True)
    builder.add_unsigned_field("length", fast=True)
    builder.add_text_field("text", tokenizer_name="vouch", index_option="position")
    builder.add_bytes_field("tokens", stored=True)
    return builder.build()


def document_of(row: TextRow, stemmer: Stemmer) -> Document:
    """Returns what is written of a passage.

    One that cannot be analysed is set aside: it must not keep the others from being found.
    """
    try:
        return _document(row, indexed_tokens(stemmer, row.context, row.text))
    except BaseException as error:
        if not aside.is_of_the_passage(error):
            raise
        log.debug("Passage %s cannot be analysed.", show_chunk_id(row.chunk_id), exc_info=True)
        return _document(row, [aside.token()])


def _document(row: TextRow, tokens: Sequence[str]) -> Document:
    document = Document()
    document.add_unsigned("chunk", row.chunk_id)
    document.add_unsigned("version", row.version_id)
    document.add_unsigned("length", len(tokens))
    document.add_text("text", " ".join(tokens))
    document.add_bytes("tokens", pack(tokens))
    return document


def _storable_lengths() -> list[int]:
    # tantivy keeps a passage's length in one byte, as Lucene's SmallFloat does: exact below 40, then eight
    # steps to every doubling, rounded down.
    lengths = list(range(24))
    for code in range(232):
        bits, shift = code & 7, (code >> 3) - 1
        lengths.append(24 + (bits if shift < 0 else (bits | 8) << shift))
    return lengths


_LENGTHS = _storable_lengths()


def indexed_tokens(stemmer: Stemmer, context: str, text: str) -> list[str]:
    """Returns a passage's stemmed tokens, filled up to a length that is stored exactly.

    A merge that drops deleted passages adds up the *stored* lengths of the others. As none is rounded, the
    mean length, and with it every score, is the same as in an index built afresh.
    """
    tokens = stemmer.stems(passage_tokens(context, text))
    length = _LENGTHS[bisect.bisect_left(_LENGTHS, len(tokens))]
    tokens.extend([GAP] * (length - len(tokens)))
    return tokens
