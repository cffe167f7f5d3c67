"""Writes rag/cards.json: facts on well-known models, each with its source and the date of that source.

    python bench/model_facts.py

Prices come from genai-prices, limits and modalities from LangChain's model profiles (data of models.dev)
where it has the model, licences and languages of open weights from the models' own cards (below, by hand). A fact
that no source has stays empty. Needs genai-prices and the LangChain packages of the profiles installed, all of
them in an environment of their own: not every one goes with what Vouch is locked to.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.util
import json
import sys
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent

# (name here, provider, model id there, family, task, provider in genai-prices, package of the profile, id in it)
CHOSEN = [
    ("gpt-6-sol", "openai", "gpt-6-sol", "GPT", "chat", "openai", "langchain-openai", ""),
    ("gpt-6-luna", "openai", "gpt-6-luna", "GPT", "chat", "openai", "langchain-openai", ""),
    ("gpt-5-mini", "openai", "gpt-5-mini", "GPT", "chat", "openai", "langchain-openai", ""),
    ("gpt-4.1", "openai", "gpt-4.1", "GPT", "chat", "openai", "langchain-openai", ""),
    ("gpt-4o-mini", "openai", "gpt-4o-mini", "GPT", "chat", "openai", "langchain-openai", ""),
    ("claude-opus-5-5", "anthropic", "claude-opus-5-5", "Claude", "chat", "anthropic", "langchain-anthropic", ""),
    ("claude-sonnet-5-5", "anthropic", "claude-sonnet-5-5", "Claude", "chat",
     "anthropic", "langchain-anthropic", ""),
    ("claude-haiku-4-5", "anthropic", "claude-haiku-4-5", "Claude", "chat",
     "anthropic", "langchain-anthropic", ""),
    ("gemini-2.5-pro", "google", "gemini-2.5-pro", "Gemini", "chat", "google", "langchain-google-genai", ""),
    ("gemini-2.5-flash", "google", "gemini-2.5-flash", "Gemini", "chat", "google", "langchain-google-genai", ""),
    ("gemini-3.8-flash", "google", "gemini-3.8-flash", "Gemini", "chat", "google", "langchain-google-genai", ""),
    ("mistral-large-2512", "mistral", "mistral-large-2512", "Mistral", "chat",
     "mistral", "langchain-mistralai", ""),
    ("mistral-small-2603", "mistral", "mistral-small-2603", "Mistral", "chat",
     "mistral", "langchain-mistralai", ""),
    ("nova-lite", "bedrock", "amazon.nova-lite-v1:0", "Nova", "chat", "aws", "langchain-aws", ""),
    ("nova-pro", "bedrock", "amazon.nova-pro-v1:0", "Nova", "chat", "aws", "langchain-aws", ""),
    ("llama3.3", "ollama", "llama3.3", "Llama", "chat", "",
     "langchain-huggingface", "meta-llama/Llama-3.3-70B-Instruct"),
    ("llama3.1", "ollama", "llama3.1", "Llama", "chat", "",
     "langchain-huggingface", "meta-llama/Llama-3.1-8B-Instruct"),
    ("qwen3-32b", "ollama", "qwen3:32b", "Qwen", "chat", "", "langchain-huggingface", "Qwen/Qwen3-32B"),
    ("gpt-oss-20b", "ollama", "gpt-oss:20b", "gpt-oss", "chat", "", "langchain-huggingface", "openai/gpt-oss-20b"),
    ("gemma3-12b", "ollama", "gemma3:12b", "Gemma", "chat", "",
     "langchain-huggingface", "google/gemma-3-12b-it"),
    ("text-embedding-3-small", "openai", "text-embedding-3-small", "text-embedding-3", "embedding",
     "openai", "langchain-openai", ""),
    ("text-embedding-3-large", "openai", "text-embedding-3-large", "text-embedding-3", "embedding",
     "openai", "langchain-openai", ""),
    ("mistral-embed", "mistral", "mistral-embed", "Mistral", "embedding", "mistral", "langchain-mistralai", ""),
    ("gemini-embedding-001", "google", "gemini-embedding-001", "Gemini", "embedding",
     "google", "langchain-google-genai", ""),
    ("all-minilm-l6-v2", "transformers", "sentence-transformers/all-MiniLM-L6-v2", "MiniLM", "embedding", "", "", ""),
    ("multilingual-e5-small", "transformers", "intfloat/multilingual-e5-small", "E5", "embedding", "", "", ""),
    ("bge-m3", "transformers", "BAAI/bge-m3", "BGE", "embedding", "", "", ""),
    ("bge-reranker-v2-m3", "transformers", "BAAI/bge-reranker-v2-m3", "BGE", "reranking", "", "", ""),
    ("ms-marco-minilm-l6-v2", "transformers", "cross-encoder/ms-marco-MiniLM-L6-v2", "MiniLM", "reranking",
     "", "", ""),
]  # fmt: skip

SEEN = "2026-11-28"
"""When the model cards below were read."""

# name: (facts, address of the model card). What a card names of languages is given as far as it is a list of codes.
CARDS: dict[str, tuple[dict[str, Any], str]] = {
    "gpt-oss-20b": ({"licence": "Apache-2.0"}, "https://ollama.com/library/gpt-oss"),
    "llama3.3": (
        {
            "licence": "Llama 3.3 Community License",
            "languages": ["en", "de", "fr", "it", "pt", "hi", "es", "th"],
        },
        "https://huggingface.co/meta-llama/Llama-3.3-70B-Instruct",
    ),
    "qwen3-32b": ({"licence": "Apache-2.0"}, "https://huggingface.co/Qwen/Qwen3-32B"),
    "all-minilm-l6-v2": (
        {"licence": "Apache-2.0", "languages": ["en"], "context_window": 256, "open_weights": True},
        "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2",
    ),
    "multilingual-e5-small": (
        {"licence": "MIT", "open_weights": True},
        "https://huggingface.co/intfloat/multilingual-e5-small",
    ),
    "bge-m3": (
        {"licence": "MIT", "context_window": 8192, "open_weights": True},
        "https://huggingface.co/BAAI/bge-m3",
    ),
    "bge-reranker-v2-m3": (
        {"licence": "Apache-2.0", "open_weights": True},
        "https://huggingface.co/BAAI/bge-reranker-v2-m3",
    ),
    "ms-marco-minilm-l6-v2": (
        {"licence": "Apache-2.0", "languages": ["en"], "open_weights": True},
        "https://huggingface.co/cross-encoder/ms-marco-MiniLM-L6-v2",
    ),
}
COMPANIES = {
    "openai": "OpenAI",
    "anthropic": "Anthropic",
    "google": "Google",
    "mistral": "Mistral AI",
    "bedrock": "Amazon Web Services, in the region that is set",
}


def main() -> None:
    """Writes the file and says what it holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE / "rag" / "cards.json")
    out = parser.parse_args().out
    cards = [card(*row) for row in CHOSEN]
    out.write_text(json.dumps(cards, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(cards)} cards in {out}\n")


def card(
    name: str, provider: str, model: str, family: str, task: str, priced: str, package: str, profile_id: str
) -> dict[str, Any]:
    """Returns one card with what the sources know."""
    local = provider in ("ollama", "transformers")
    where = "Ollama runs" if provider == "ollama" else "Vouch runs"
    found: dict[str, Any] = {
        "name": name,
        "provider": provider,
        "model": model,
        "family": family,
        "task": task,
        "hosting": "local" if local else "service",
        "data_protection": f"Runs where {where}: nothing leaves that machine."
        if local
        else f"Question and passages are sent to {COMPANIES[provider]}; its terms apply.",
        "sources": [],
    }
    if package:
        add_profile(found, package, profile_id or model)
    if priced:
        add_price(found, priced, model)
    if name in CARDS:
        facts, source = CARDS[name]
        found |= facts
        found["sources"].append({"facts": sorted(facts), "source": source, "as_of": SEEN})
    elif found.get("open_weights") is False:
        found["licence"] = "proprietary"
    return found


def add_profile(found: dict[str, Any], package: str, profile_id: str) -> None:
    """Adds title, limits, modalities and openness from LangChain's profile of the model."""
    profile = profiles(package)[profile_id]
    embedding = found["task"] != "chat"
    found["title"] = profile["name"]
    found["open_weights"] = profile["open_weights"]
    found["context_window"] = profile["max_input_tokens"]
    found["max_output_tokens"] = None if embedding else profile["max_output_tokens"]
    kinds = [kind for kind in ("text", "image", "audio", "video", "pdf") if profile.get(f"{kind}_inputs")]
    found["modalities"] = kinds
    if not embedding:
        found["takes_temperature"] = profile.get("temperature")
    facts = ["title", "open_weights", "context_window", "modalities"] + (
        [] if embedding else ["max_output_tokens", "takes_temperature"]
    )
    source = f"{package} {distribution(package).version}, model profiles (models.dev)"
    found["sources"].append({"facts": facts, "source": source, "as_of": profile["last_updated"]})


def profiles(package: str) -> dict[str, dict[str, Any]]:
    """Returns a package's profiles without importing the package (which would want the provider's SDK)."""
    path = distribution(package).locate_file(f"{package.replace('-', '_')}/data/_profiles.py")
    spec = importlib.util.spec_from_file_location("profiles", str(path))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return dict(module._PROFILES)


def add_price(found: dict[str, Any], provider_id: str, model: str) -> None:
    """Adds the standard price per million tokens that holds today, of the lowest tier."""
    from genai_prices import data

    info = next(m for p in data.providers if p.id == provider_id for m in p.models if m.id == model)
    today = datetime.datetime.now(datetime.UTC)
    price = info.get_prices(today)
    tiered = False
    for field, theirs in (("price_input_usd", "input_mtok"), ("price_output_usd", "output_mtok")):
        value = getattr(price, theirs)
        if found["task"] != "chat" and field == "price_output_usd":
            continue
        if value is not None and hasattr(value, "base"):
            tiered, value = True, value.base
        if value is not None:
            found[field] = float(value)
    if tiered:
        found["price_note"] = "Longer prompts cost more."
    version = distribution("genai-prices").version
    priced = [name for name in ("price_input_usd", "price_output_usd") if name in found]
    source = {"facts": priced, "source": f"genai-prices {version}"}
    found["sources"].append({**source, "as_of": today.date().isoformat()})


if __name__ == "__main__":
    main()
