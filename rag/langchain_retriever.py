"""The corpus as a LangChain retriever: in this process, or over HTTP from another.

retriever = VouchRetriever.over(service)                     an open service
retriever = VouchRetriever.at("http://127.0.0.1:8000")       a server
chain = {"context": retriever, "question": RunnablePassthrough()} | prompt | model
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

from corpus.errors import UnavailableError, UsageError, VouchError
from corpus.types import OWNER, Caller
from rag.as_json import to_json
from rag.asking.answers import DEFAULT_K

if TYPE_CHECKING:
    from rag.service import Service

TIMEOUT_S = 60.0


class VouchRetriever(BaseRetriever):
    """Finds passages as ``vouch search`` does; make one with :meth:`over` or :meth:`at`.

    A document's ``page_content`` is a passage, word for word: all of it, as a chain's model is given it, or, with
    ``whole`` false, what of it speaks of the query; ``id`` is its chunk's. ``metadata`` holds all else that a hit has:
    ``source``, ``title``, ``page`` (from 1), ``document_id``, ``version``, and ``start`` and ``end``, the code points
    at which the text stands in that version.
    """

    find: Callable[[str], Sequence[Mapping[str, Any]]]

    @classmethod
    def over(
        cls,
        service: Service,
        *,
        k: int = DEFAULT_K,
        collection: str | None = None,
        filter: Mapping[str, Any] | None = None,
        caller: Caller = OWNER,
        whole: bool = True,
    ) -> VouchRetriever:
        """Returns a retriever over an open service, for one caller.

        ``filter`` is as in a request: ``{"languages": ["ja"]}``; see :func:`rag.retrieval.filters.read_filter`.

        Raises:
            VouchError: the filter cannot be read, or there is no such collection.
        """
        from rag.retrieval.limits import read_limits

        limits = read_limits(service.corpus, filter or {}, collection, caller)

        def find(query: str) -> list[Mapping[str, Any]]:
            return [to_json(hit) for hit in service.search(query, k, limits, caller, whole=whole).hits]

        return cls(find=find)

    @classmethod
    def at(
        cls,
        url: str,
        *,
        k: int = DEFAULT_K,
        collection: str | None = None,
        filter: Mapping[str, Any] | None = None,
        timeout_s: float = TIMEOUT_S,
        whole: bool = True,
        key: str = "",
    ) -> VouchRetriever:
        """Returns a retriever that asks the server at ``url`` (``POST /api/search``), with an access ``key`` where it
        needs one.

        Raises:
            UsageError: the address is none of HTTP.
        """
        if not url.startswith(("http://", "https://")):
            raise UsageError(
                f"{url!r} is no address of a server.", code="bad_address", hint="Like http://127.0.0.1:8000."
            )
        asked = {"k": k, "collection": collection, "filter": filter, "whole": whole}

        def find(query: str) -> Sequence[Mapping[str, Any]]:
            body = json.dumps({"query": query, **asked}).encode()
            headers = {"content-type": "application/json"} | (
                {"authorization": f"Bearer {key}"} if key else {}
            )
            request = Request(f"{url.rstrip('/')}/api/search", body, headers)
            try:
                with urlopen(request, timeout=timeout_s) as reply:
                    hits: Sequence[Mapping[str, Any]] = json.load(reply)["hits"]
            except HTTPError as error:
                raise _told(error) from None
            except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:
                raise UnavailableError(
                    f"No Vouch answers at {url}: {type(error).__name__}.",
                    code="no_server",
                    hint="Start it with `vouch serve`, or mend the address.",
                ) from None
            return hits

        return cls(find=find)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        return [_document(hit) for hit in self.find(query)]


def _document(hit: Mapping[str, Any]) -> Document:
    beside = {name: value for name, value in hit.items() if name not in ("text", "chunk_id")}
    return Document(page_content=hit["text"], metadata=beside, id=hit["chunk_id"])


def _told(error: HTTPError) -> VouchError:
    """Returns the server's error as it was told."""
    try:
        said = json.load(error)["error"]
        return VouchError(said["message"], code=said["code"], hint=said["hint"])
    except (ValueError, KeyError, TypeError):
        return UnavailableError(
            f"The server answered with status {error.code}.", code="no_server", hint="Is it a Vouch?"
        )
