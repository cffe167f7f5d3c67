"""A real server that needs access keys."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from corpus.keyring import Keyring
from corpus.settings import Settings
from tests.rag.company import running


@dataclass(frozen=True)
class Locked:
    """A server that needs keys: mia is in hr and may change documents, tom is in no group and only reads."""

    url: str
    app: Any
    keys: Keyring
    mia: str
    tom: str

    def client(self, secret: str = "", **more: Any) -> httpx.Client:
        headers = {"authorization": f"Bearer {secret}"} if secret else {}
        return httpx.Client(base_url=self.url, timeout=60, headers=headers, **more)


@contextmanager
def locked_service(filled: Path, home: Path, *, closed: bool = False) -> Iterator[Locked]:
    data = shutil.copytree(filled, home / "data")
    served = running(Settings(data_dir=data))
    served.app.state.house.closed = closed
    with served as url:
        keys = served.app.state.house.service.corpus.keys
        made = (
            [("", "")] * 2
            if closed
            else [
                keys.add("mia", ["hr"], writes=True),
                keys.add("tom", [], writes=False),
            ]
        )
        yield Locked(url, served.app, keys, made[0][1], made[1][1])
