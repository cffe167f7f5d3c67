"""Writes rag/cards.json: facts on well-known models, each with its source and the date of that source.

    python bench/model_facts.py

Prices come from genai-prices, limits and modalities from LangChain's model profiles (data of models.dev)
where it has the model, else from genai-prices. Nothing is filled in by hand but names, families and the few
licences below, so a fact that neither source has stays empty. Needs genai-prices and the LangChain packages
of the profiles installed.
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

# (name here, provider, model id there, family, provider in genai-prices, package of the profile, id in it)
CHOSEN = [
    ("gpt-6-sol", "openai", "gpt-6-sol", "GPT", "openai", "langchain-openai", ""),
    ("gpt-6-luna", "openai", "gpt-6-luna", "GPT", "openai", "langchain-openai", ""),
    ("gpt-5-mini", "openai", "gpt-5-mini", "GPT", "openai", "langchain-openai", ""),
    ("gpt-4.1", "openai", "gpt-4.1", "GPT", "openai", "langchain-openai", ""),
    ("gpt-4o-mini", "openai", "gpt-4o-mini", "GPT", "openai", "langchain-openai", ""),
    ("claude-opus-5-5", "anthropic", "claude-opus-5-5", "Claude", "anthropic", "langchain-anthropic", ""),
    ("claude-sonnet-5-5", "anthropic", "claude-sonnet-5-5", "Claude", "anthropic", "langchain-anthropic", ""),
    ("claude-haiku-4-5", "anthropic", "claude-haiku-4-5", "Claude", "anthropic", "langchain-anthropic", ""),
    ("gemini-2.5-pro", "google", "gemini-2.5-pro", "Gemini", "google", "langchain-google-genai", ""),
    ("gemini-2.5-flash", "google", "gemini-2.5-flash", "Gemini", "google", "langchain-google-genai", ""),
    ("gemini-3.8-flash", "google", "gemini-3.8-flash", "Gemini", "google", "langchain-google-genai", ""),
    ("mistral-large-2512", "mistral", "mistral-large-2512", "Mistral", "mistral", "langchain-mistralai", ""),
    ("mistral-small-2603", "mistral", "mistral-small-2603", "Mistral", "mistral", "langchain-mistralai", ""),
    ("llama3.3", "ollama", "llama3.3", "Llama", "",
     "langchain-huggingface", "meta-llama/Llama-3.3-70B-Instruct"),
    ("llama3.1", "ollama", "llama3.1", "Llama", "",
     "langchain-huggingface", "meta-llama/Llama-3.1-8B-Instruct"),
    ("gpt-oss-20b", "ollama", "gpt-oss:20b", "gpt-oss", "", "langchain-huggingface", "openai/gpt-oss-20b"),
    ("gemma3-12b", "ollama", "gemma3:12b", "Gemma", "", "langchain-huggingface", "google/gemma-3-12b-it"),
    ("text-embedding-3-small", "openai", "text-embedding-3-small", "text-embedding-3",
     "openai", "langchain-openai", ""),
    ("text-embedding-3-large", "openai", "text-embedding-3-large", "text-embedding-3",
     "openai", "langchain-openai", ""),
    ("mistral-embed", "mistral", "mistral-embed", "Mistral", "mistral", "langchain-mistralai", ""),
]  # fmt: skip
LICENCES = {"gpt-oss-20b": ("Apache-2.0", "https://ollama.com/library/gpt-oss", "2025-08-10")}
COMPANIES = {"openai": "OpenAI", "anthropic": "Anthropic", "google": "Google", "mistral": "Mistral AI"}


def main() -> None:
    """Writes the file and says what it holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE / "rag" / "cards.json")
    out = parser.parse_args().out
    cards = [card(*row) for row in CHOSEN]
    out.write_text(json.dumps(cards, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(cards)} cards in {out}\n")


def card(
    name: str, provider: str, model: str, family: str, priced: str, package: str, profile_id: str
) -> dict[str, Any]:
    """Returns one card with what the sources know."""
    local = provider == "ollama"
    found: dict[str, Any] = {
        "name": name,
        "provider": provider,
        "model": model,
        "family": family,
        "task": "embedding" if "embed" in name else "chat",
        "hosting": "local" if local else "service",
        "data_protection": "Runs where Ollama runs: nothing leaves that machine."
        if local
        else f"Question and passages are sent to {COMPANIES[provider]}; its terms apply.",
        "sources": [],
    }
    add_profile(found, package, profile_id or model)
    if priced:
        add_price(found, priced, model)
    if name in LICENCES:
        licence, source, as_of = LICENCES[name]
        found["licence"] = licence
        found["sources"].append({"facts": ["licence"], "source": source, "as_of": as_of})
    elif found.get("open_weights") is False:
        found["licence"] = "proprietary"
    return found


def add_profile(found: dict[str, Any], package: str, profile_id: str) -> None:
    """Adds title, limits, modalities and openness from LangChain's profile of the model."""
    profile = profiles(package)[profile_id]
    embedding = found["task"] == "embedding"
    found["title"] = profile["name"]
    found["open_weights"] = profile["open_weights"]
    found["context_window"] = profile["max_input_tokens"]
    found["max_output_tokens"] = None if embedding else profile["max_output_tokens"]
    kinds = [kind for kind in ("text", "image", "audio", "video", "pdf") if profile.get(f"{kind}_inputs")]
    found["modalities"] = kinds
    facts = ["title", "open_weights", "context_window", "modalities"] + (
        [] if embedding else ["max_output_tokens"]
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
        if found["task"] == "embedding" and field == "price_output_usd":
            continue
        if value is not None and hasattr(value, "base"):
            tiered, value = True, value.base
        if value is not None:
            found[field] = float(value)
    if tiered:
        found["price_note"] = "Longer prompts cost more."
    version = distribution("genai-prices").version
    source = {"facts": ["price_input_usd", "price_output_usd"], "source": f"genai-prices {version}"}
    found["sources"].append({**source, "as_of": today.date().isoformat()})


if __name__ == "__main__":
    main()
