"""Measures an ingest from files to found passages, beside a plain LangChain pipeline of the same packages.

    python -m bench.ingest path/to/folder              Vouch, the plain pipeline, and the embedder by itself
    python -m bench.ingest path/to/folder --unchanged  and the same folder again: nothing to do, one file changed
    python -m bench.ingest --files 10000               that, over so many small files made for it
    python -m bench.ingest --memory 500,2000,8000      the largest resident sizes for so many small files

Each run is a process of its own with a data folder of its own. The model is exported before the clock starts (its
seconds are printed). The plain pipeline does what PyPDFLoader or a text loader, RecursiveCharacterTextSplitter
(1000 characters, 200 shared), HuggingFaceEmbeddings and langchain-chroma do, on PDF, Markdown and text files.

Source characters are those of the files that were read, counted alike for everybody: of Markdown and text all that the
file holds, of a PDF its text layer. What a pipeline makes of them (Vouch stores Markdown without its marks) is no
measure of how much it read.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

ENDINGS = frozenset({".md", ".pdf", ".txt"})
MODEL = "sentence-transformers/all-MiniLM-L6-v2"


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.ingest", description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", help="a folder with PDF, Markdown or text files")
    parser.add_argument("--unchanged", action="store_true", help="ingest it again, and with one file changed")
    parser.add_argument("--files", type=int, help="make so many small files and measure ingests without work")
    parser.add_argument("--memory", help="numbers of small files, by comma: measure memory alone, for each")
    parser.add_argument("--without-peer", action="store_true", help="leave the plain pipeline out")
    parser.add_argument("--run", choices=sorted(_RUNS), help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.run:
        print(json.dumps(_RUNS[options.run](options.folder, options.work)))
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        if options.files:
            print(again(_small_files(work / "files", options.files), work))
            return 0
        if options.memory:
            print(memory(work, [int(one) for one in options.memory.split(",")]))
            return 0
        if options.folder is None or not options.folder.is_dir():
            parser.error("name a folder")
        files = _copied(options.folder, work / "files")
        print(side_by_side(files, work, peer=not options.without_peer))
        if options.unchanged:
            print(again(files, work))
    return 0


def side_by_side(files: Path, work: Path, *, peer: bool) -> str:
    """Runs the pipelines one after the other and returns the table, rates as ratios to the plain one."""
    shown = ["vouch", "embedder", *(["plain"] if peer else [])]
    found = {name: _in_a_process(name, files, work / name) for name in shown}
    lines = [
        f"Export of the model, once: {found['vouch']['export_s']:.0f} s",
        "",
        "| | seconds | source characters/s | pages/s | chunks | chunks/s | peak MB | disk bytes a chunk |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, one in found.items():
        took = one["seconds"]
        lines.append(
            f"| {name} | {took:.1f} | {one.get('chars', 0) / took:,.0f} | {one.get('pages', 0) / took:.1f} "
            f"| {one['chunks']:.0f} | {one['chunks'] / took:.1f} | {one['peak_mb']:.0f} "
            f"| {one.get('disk', 0) / max(one['chunks'], 1):,.0f} |"
        )
    share = found["embedder"]["seconds"] / found["vouch"]["seconds"]
    lines += ["", f"Vouch reaches {share:.0%} of the rate of its embedder alone on the same chunks."]
    if peer:
        ours, theirs = found["vouch"], found["plain"]
        times = ours["chars"] / ours["seconds"] / (theirs["chars"] / theirs["seconds"])
        lines.append(f"Source characters per second: {times:.1f} x the plain pipeline.")
    return "\n".join(lines)


def memory(work: Path, sizes: Sequence[int]) -> str:
    """Ingests folders of small files, each into a corpus of its own, and returns what memory each took at most."""
    lines = ["| files | chunks | seconds | owner MB | its children MB |", "|---|---|---|---|---|"]
    for size in sizes:
        files = _small_files(work / f"files-{size}", size)
        one = _in_a_process("vouch", files, work / f"data-{size}")
        lines.append(
            f"| {size:,} | {one['chunks']:,.0f} | {one['seconds']:.0f} | {one['owner_mb']:.0f} "
            f"| {one['children_mb']:.0f} |"
        )
    return "\n".join(lines)


def again(files: Path, work: Path) -> str:
    """Ingests the folder, then unchanged, then with one file changed, each by a command of its own."""
    data = work / "vouch"
    first = _timed_ingest(files, data)
    unchanged = _timed_ingest(files, data)
    texts = sorted(path for path in files.rglob("*") if path.suffix in {".md", ".txt"})
    one = texts[0] if texts else files / "canteen.md"  # a folder of PDF files alone gets one more
    before = one.read_text("utf-8") if texts else ""
    one.write_text(before + "\n\nThe canteen opens at half past eleven.\n", encoding="utf-8")
    changed = _timed_ingest(files, data)
    count = sum(1 for path in files.rglob("*") if path.is_file())
    return (
        f"{count} files: first {first:.1f} s, unchanged {unchanged:.2f} s, one file changed {changed:.2f} s"
    )


# ---- the runs, each in a process of its own ------------------------------------------------------


def _vouch(files: Path, work: Path) -> dict[str, float]:
    from corpus.embedding import SentenceTransformerEmbedder
    from corpus.settings import load_settings
    from rag.bootstrap import open_service

    with open_service(load_settings({"data_dir": work}), purpose="bench") as service:
        began = time.perf_counter()
        assert isinstance(service.embedder, SentenceTransformerEmbedder)
        service.embedder.prepare()
        export = time.perf_counter() - began
        began = time.perf_counter()
        with peak_memory() as peak:
            report = service.ingest([files])
        took = time.perf_counter() - began
        state = service.corpus.state()
        return {
            "seconds": took,
            "export_s": export,
            "chars": sum(_source_chars(files / file.path) for file in report.files if file.state != "failed"),
            "pages": sum(file.pages for file in report.files),
            "chunks": state.chunks,
            "peak_mb": (peak["owner"] + peak["children"]) >> 20,
            "owner_mb": peak["owner"] >> 20,
            "children_mb": peak["children"] >> 20,
            "disk": state.disk_bytes - _bytes(work / "models"),
        }


def _embedder(files: Path, work: Path) -> dict[str, float]:
    """The embedder by itself over the chunks that the run before committed, equal texts once as there."""
    from corpus.catalog import CatalogFeed
    from corpus.embedding import open_embedder
    from corpus.settings import load_settings
    from corpus.store import Corpus

    data = work.parent / "vouch"
    settings = load_settings({"data_dir": data})
    embedder = open_embedder(settings, side_by_side=True)
    corpus = Corpus.open(settings, embedder.space, also=embedder.other_spaces)
    embedder.settle(corpus.space)
    with CatalogFeed(corpus.catalog).snapshot() as snapshot:
        texts = [f"{row.context}\n\n{row.text}" if row.context else row.text for row in snapshot.text_rows()]
    corpus.close()
    texts = list(dict.fromkeys(text for text in texts if embedder.covers(text)))
    embedder.embed_passages(texts[:8])
    began = time.perf_counter()
    with peak_memory() as peak:
        embedder.embed_passages(texts)
    return {
        "seconds": time.perf_counter() - began,
        "chunks": len(texts),
        "peak_mb": (peak["owner"] + peak["children"]) >> 20,
    }


def _plain(files: Path, work: Path) -> dict[str, float]:
    import chromadb
    from langchain_text_splitters import RecursiveCharacterTextSplitter
    from pypdf import PdfReader
    from sentence_transformers import SentenceTransformer

    from corpus.embedding.model import find_model

    model = SentenceTransformer(str(find_model(MODEL).path), device="cpu")
    store = chromadb.PersistentClient(str(work)).get_or_create_collection("plain")
    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
    read: list[Path] = []
    pages = chunks = 0
    began = time.perf_counter()
    with peak_memory() as peak:
        for path in sorted(files.rglob("*")):
            if path.suffix.lower() not in ENDINGS:
                continue
            if path.suffix.lower() == ".pdf":
                try:
                    texts = [page.extract_text() for page in PdfReader(path).pages]
                except Exception as error:  # as the loader does: the file is lost
                    print(f"{path.name}: {error}", file=sys.stderr)
                    continue
                pages += len(texts)
            else:
                texts = [path.read_text("utf-8", errors="replace")]
                pages += 1
            read.append(path)
            pieces = [piece for text in texts for piece in splitter.split_text(text)]
            if pieces:
                rows = model.encode(pieces, batch_size=32, show_progress_bar=False)
                names = [f"{path}#{number}" for number in range(len(pieces))]
                for at in range(0, len(pieces), 5000):
                    part = slice(at, at + 5000)
                    store.add(ids=names[part], embeddings=rows[part], documents=pieces[part])
                chunks += len(pieces)
    took = time.perf_counter() - began
    return {
        "seconds": took,
        "chars": sum(map(_source_chars, read)),
        "pages": pages,
        "chunks": chunks,
        "peak_mb": (peak["owner"] + peak["children"]) >> 20,
        "disk": _bytes(work),
    }


def _source_chars(path: Path) -> int:
    """Returns how many characters a file holds, whoever reads it: of a PDF those of its text layer."""
    if path.suffix.lower() != ".pdf":
        return len(path.read_text("utf-8", errors="replace"))
    import pypdfium2

    with pypdfium2.PdfDocument(path) as document:
        return sum(page.get_textpage().count_chars() for page in document)


_RUNS = {"vouch": _vouch, "embedder": _embedder, "plain": _plain}


def _in_a_process(name: str, files: Path, work: Path) -> dict[str, float]:
    work.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "bench.ingest", str(files), "--run", name, "--work", str(work)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=_as_installed())
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _timed_ingest(files: Path, data: Path) -> float:
    command = [sys.executable, "-m", "rag.cli", "--data-dir", str(data), "ingest", str(files)]
    began = time.perf_counter()
    subprocess.run(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, env=_as_installed()
    )
    return time.perf_counter() - began


def _as_installed() -> dict[str, str]:
    """The environment without what forbids to keep bytecode: every process would compile a thousand modules."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _copied(folder: Path, target: Path) -> Path:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix.lower() in ENDINGS:
            place = target / path.relative_to(folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
    return target


def _small_files(folder: Path, number: int) -> Path:
    folder.mkdir(parents=True)
    for at in range(number):
        place = folder / f"{at // 100:03d}"
        place.mkdir(exist_ok=True)
        text = f"# Note {at}\n\nRoom {at} is cleaned on day {at % 28 + 1} of the month.\n"
        (place / f"note-{at}.md").write_text(text, encoding="utf-8")
    return folder


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@contextmanager
def peak_memory() -> Iterator[dict[str, int]]:
    """Gives the largest resident sizes, in bytes, of this process and of its children together,
    looked at every 0.2 s.
    """
    peak = {"owner": 0, "children": 0}
    done = threading.Event()
    own = psutil.Process()

    def look() -> None:
        while not done.wait(0.2):
            peak["owner"] = max(peak["owner"], own.memory_info().rss)
            children = 0
            for child in own.children(recursive=True):
                try:
                    children += child.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            peak["children"] = max(peak["children"], children)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()


if __name__ == "__main__":
    sys.exit(main())
