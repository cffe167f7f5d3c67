"""The one place that wires real parts: Settings → Service."""

from __future__ import annotations

from corpus.allocating import keep_little
from corpus.blas import multiply_alone
from corpus.embedding import open_embedder
from corpus.embedding.embedder import SENTENCES_TOGETHER
from corpus.scratch import settle_scratch
from corpus.settings import Settings
from corpus.store import Corpus
from ingest.sandbox.pool import ParserPool
from rag.service import Service


def open_service(
    settings: Settings,
    *,
    purpose: str = "vouch",
    one_shot: bool = False,
    lazily: bool = False,
    parsers: ParserPool | None = None,
) -> Service:
    """Opens the data folder as its owner, with the embedder and the indexes the settings name.

    For ``one_shot`` and ``lazily`` see :meth:`corpus.store.Corpus.open`; ``parsers`` are children that the first
    ingest is to use, which closes them.

    Raises:
        VouchError: the folder is owned, damaged or of another embedding space, or the model is missing.
    """
    multiply_alone()
    keep_little()
    settle_scratch(settings.data_dir)
    embedder = open_embedder(
        settings, side_by_side=not lazily, briefly=lazily, batch_tokens=SENTENCES_TOGETHER
    )
    corpus = Corpus.open(
        settings,
        embedder.space,
        also=embedder.other_spaces,
        purpose=purpose,
        one_shot=one_shot,
        lazily=lazily,
    )
    embedder.settle(corpus.space)
    return Service(settings, corpus, embedder, parsers)
