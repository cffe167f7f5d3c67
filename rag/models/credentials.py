"""A model's key, and what of its settings may never be shown."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from corpus.errors import ModelError
from rag.models.cards import ModelSettings
from rag.models.vendors import VENDORS, address_of

_SECRET = re.compile(r"key|token(?!s)|secret|password|credential|auth", re.IGNORECASE)
_MAY_HOLD_SECRETS = re.compile(rf"header|query|cookie|{_SECRET.pattern}", re.IGNORECASE)
_HARMLESS = re.compile(r"accept(-.*)?|content-type|user-agent", re.IGNORECASE)

_SHORTEST_UNNAMED = 8
"""A shorter value of a header or query whose name does not call it secret is a switch or a version; so is a shorter
number under any name (``token_limit``): redacting a 4 or a True would tear messages to pieces."""


def key_of(name: str, settings: ModelSettings) -> str:
    """Returns a model's key, "" where it has none or needs none.

    Raises:
        ModelError: its key file cannot be read.
    """
    if settings.api_key_file:
        try:
            return Path(settings.api_key_file).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ModelError(
                f"The key file of {name} cannot be read: {type(error).__name__}.",
                code="model_no_key",
                hint=f"Look at api_key_file of [models.{name}] in vouch.toml.",
            ) from None
    if settings.api_key_env:
        return os.environ.get(settings.api_key_env, "")
    variables = VENDORS[settings.provider].keys
    return next((key for variable in variables if (key := os.environ.get(variable, ""))), "")


def secrets_of(settings: ModelSettings, key: str) -> list[str]:
    """Returns what may never be shown: the key, what stands before the @ of an address, and of the options the
    headers, the query and whatever a name calls secret.
    """
    return [one for one in (key, *_passwords(address_of(settings)), *_private(settings.options)) if one]


def _private(value: Any, *, may: bool = False, named: bool = False) -> Iterator[str]:
    """Yields the secrets of an option, however deep in it, and of one like ``Bearer …`` the last part, too.

    ``may``: it is one of the headers or the query; ``named``: its own name calls it secret.
    """
    if isinstance(value, Mapping):
        for name, one in value.items():
            if not _HARMLESS.fullmatch(str(name)):
                inside = may or bool(_MAY_HOLD_SECRETS.search(str(name)))
                yield from _private(one, may=inside, named=bool(_SECRET.search(str(name))))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _private(one, may=may, named=named)
    elif may and ((named and isinstance(value, str)) or len(str(value)) >= _SHORTEST_UNNAMED):
        yield str(value)
        if len(last := str(value).rpartition(" ")[2]) >= _SHORTEST_UNNAMED:
            yield last


def _passwords(base_url: str) -> Iterator[str]:
    """Yields what stands before the @ of an address, as written, as meant, and as HTTP's basic authentication
    sends it.
    """
    try:
        userinfo, at, _ = urlsplit(base_url).netloc.rpartition("@")
    except ValueError:
        return
    if at:
        password = userinfo.partition(":")[2]
        basic = base64.b64encode(unquote(userinfo).encode()).decode()
        yield from (userinfo, unquote(userinfo), password, unquote(password), basic)
