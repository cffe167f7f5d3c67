"""What holds in every test: nothing beyond this machine is reached, no setting leaks in."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from tests.disks import read_only_folder, small_disk
from tests.once import Once, Seed

if TYPE_CHECKING:
    from corpus.embedding import SentenceTransformerEmbedder

__all__ = ["read_only_folder", "small_disk"]

# Before anything imports a library that reads these once.
os.environ.update(
    {
        "ANONYMIZED_TELEMETRY": "False",
        "HF_HUB_OFFLINE": "1",
        "LANGSMITH_TRACING": "false",
        "TOKENIZERS_PARALLELISM": "false",
        "TRANSFORMERS_OFFLINE": "1",
    }
)
# Without bytecode every command and child that a test starts compiles its imports anew: 3 of its 5 seconds.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# A developer's own settings are not the tests' business.
for _name in [name for name in os.environ if name.startswith("VOUCH_") and name != "VOUCH_DATA_FOR_BENCH"]:
    del os.environ[_name]

# No property is timed: another process may have the machine. Fixtures of one test are shared by its examples.
settings.register_profile(
    "untimed",
    settings(),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("untimed")

_real_connect = socket.socket.connect
_real_connect_ex = socket.socket.connect_ex


class NetworkRefusedError(RuntimeError):
    """A test tried to reach beyond this machine."""


def _refuse_far(where: socket.socket, address: Any) -> None:
    if where.family not in (socket.AF_INET, socket.AF_INET6):
        return
    host = str(address[0])
    try:
        near = ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        near = host == "localhost"
    if not near:
        raise NetworkRefusedError(f"a test connects to {host}:{address[1]}; tests stay on this machine")


@pytest.fixture(autouse=True, scope="session")
def _stay_on_this_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Refuses every connection that is not to this machine itself, and gives a home without a corpus.

    Temporary files go where pytest keeps its own, also those of children: what a test that fails leaves behind, as a
    crash report, goes with them, and no test meets what other programs have in the machine's folder.
    """

    def connect(self: socket.socket, address: Any) -> None:
        _refuse_far(self, address)
        _real_connect(self, address)

    def connect_ex(self: socket.socket, address: Any) -> int:
        _refuse_far(self, address)
        return _real_connect_ex(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        patch.setattr(socket.socket, "connect_ex", connect_ex)
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data-home")))
        temporary = str(tmp_path_factory.mktemp("temporary"))
        patch.setenv("TMPDIR", temporary)
        patch.setattr(tempfile, "tempdir", temporary)
        yield


# ---- several processes share a run ------------------------------------------------------------------

_PROCESS_GIB = 3
"""A process of tests takes 1.2 GiB with the models it holds, and its children as much again."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Returns how many processes ``-n auto`` means: one for each processor that there is memory for.

    More than eight gain little: then the longest tests decide. 0, where it would be one: pytest's own runs the tests.
    """
    import psutil

    from corpus.processors import processors

    processes = min(processors(), psutil.virtual_memory().total // (_PROCESS_GIB << 30), 8)
    return processes if processes > 1 else 0


# ---- made once for all tests ------------------------------------------------------------------------


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Makes a folder once per run: ``once(name, make)``. Copy what it holds before you change it."""
    own = tmp_path_factory.getbasetemp()
    return Once((own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "once")


@pytest.fixture(scope="session")
def with_minilm(once: Once) -> Seed:
    """Puts the installed model's export into data folders: an ingest there need not make it, which takes fifteen
    seconds, in int8 twenty-five.
    """
    from corpus.embedding import open_embedder
    from corpus.embedding.exported import export_folder
    from corpus.embedding.runtime import has_bfloat16
    from corpus.settings import Settings

    def opened(data_dir: Path, precision: str) -> SentenceTransformerEmbedder:
        return open_embedder(Settings(data_dir=data_dir).model_copy(update={"embed_precision": precision}))

    def put(data_dir: Path, precision: str = "auto") -> None:
        space = opened(data_dir, precision).space
        # Where the processor has no bfloat16, it is computed from the graph in float32.
        made_in = "float32" if space.precision == "bfloat16" and not has_bfloat16() else space.precision

        def export(made: Path) -> None:
            embedder = opened(made, made_in)
            embedder.prepare()
            assert embedder.problem == ""

        made = once(f"minilm-{made_in}", export)
        shutil.copytree(
            export_folder(made, replace(space, precision=made_in)), export_folder(data_dir, space)
        )

    return put


@pytest.fixture(scope="session")
def tiny(once: Once) -> Path:
    """A model of one layer with random weights that reads English. Copy it before you change it."""
    from tests.make_tiny_model import make_tiny_model

    return once("tiny", lambda home: make_tiny_model(home / "tiny")) / "tiny"


@pytest.fixture(scope="session")
def multilingual(once: Once) -> Path:
    """A model like ``tiny`` that reads Japanese, too."""
    from tests.make_tiny_model import make_tiny_model

    made = once("multilingual", lambda home: make_tiny_model(home / "multilingual", multilingual=True))
    return made / "multilingual"


@pytest.fixture(scope="session")
def data_with_export(tiny: Path, once: Once) -> Path:
    """A data folder with nothing but the tiny model's export in float32. Copy it before you change it."""
    from corpus.embedding import open_embedder
    from corpus.settings import Settings

    def export(data: Path) -> None:
        embedder = open_embedder(
            Settings(data_dir=data, embedder=str(tiny), embed_threads=1, embed_precision="float32")
        )
        embedder.prepare()
        assert embedder.problem == ""

    return once("data", export)
