"""Writes rag/models/cards.json: facts on well-known models, each with its source and the date of that source.

    python bench/model_facts.py

Prices come from genai-prices, limits and modalities from LangChain's model profiles (data of models.dev)
where it has the model, licences and languages of embedding and reranking models from MTEB's descriptions, those of
open chat models from pages that were read by hand (below). A fact that no source has stays empty, and each names its
source. Needs genai-prices, mteb, langcodes and the LangChain packages of the profiles installed (without what they
depend on), in an environment of their own: not every one goes with what Vouch is locked to.
"""

from __future__ import annotations

import argparse
import ast
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

SEEN = "2026-11-29"
"""When the pages below were read. None was fetched from its own address: what was read is a stored copy."""

CLAUDE_LANGUAGES = "https://platform.claude.com/docs/en/build-with-claude/multilingual-support (a copy of it)"
SPOKEN_BY_CLAUDE = ["en", "es", "pt", "it", "fr", "id", "de", "ar", "zh", "ko", "ja", "hi", "bn", "sw", "yo"]
"""Those for which Anthropic shows a measurement."""

# name: (facts, where they were read). What a page names of languages is given as far as it is a list.
PAGES: dict[str, tuple[dict[str, Any], str]] = {
    "claude-opus-5-5": ({"languages": SPOKEN_BY_CLAUDE}, CLAUDE_LANGUAGES),
    "claude-sonnet-5-5": ({"languages": SPOKEN_BY_CLAUDE}, CLAUDE_LANGUAGES),
    "claude-haiku-4-5": ({"languages": SPOKEN_BY_CLAUDE}, CLAUDE_LANGUAGES),
    "gpt-oss-20b": (
        {"licence": "Apache-2.0"},
        "https://huggingface.co/openai/gpt-oss-20b (a copy of the model card)",
    ),
    "llama3.3": (
        {
            "licence": "Llama 3.3 Community License",
            "languages": ["en", "de", "fr", "it", "pt", "hi", "es", "th"],
        },
        "https://huggingface.co/meta-llama/Llama-3.3-70B-Instruct (a copy of the model card)",
    ),
    "qwen3-32b": (
        {"licence": "Apache-2.0"},
        "https://huggingface.co/Qwen/Qwen3-32B (a copy of the model card)",
    ),
    "bge-reranker-v2-m3": (
        {"licence": "Apache-2.0"},
        "https://www.azion.com/en/documentation/products/ai/edge-ai/models/baai-bge-reranker-v2-m3 "
        "(a third party's word; not checked with the makers)",
    ),
}
SPDX = {"apache-2.0": "Apache-2.0", "mit": "MIT"}
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
    parser.add_argument("--out", type=Path, default=HERE / "rag" / "models" / "cards.json")
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
    if provider == "transformers":
        add_mteb(found, model)
    if name in PAGES:
        facts, source = PAGES[name]
        found |= facts
        found["sources"].append({"facts": sorted(facts), "source": source, "as_of": SEEN})
    own = ["family", "task", "hosting", "data_protection"]
    if found.get("open_weights") is False and "licence" not in found:
        found["licence"] = "proprietary"
        own.append("licence")  # what is meant by it: the weights cannot be had
    source = "this program (bench/model_facts.py)"
    found["sources"].append({"facts": own, "source": source, "as_of": SEEN})
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


def add_mteb(found: dict[str, Any], model: str) -> None:
    """Adds licence, languages, window and openness from MTEB's description of an open model, as far as it says."""
    import langcodes

    said = described(model)
    facts: dict[str, Any] = {"open_weights": said["open_weights"]}
    if said["license"]:
        facts["licence"] = SPDX[said["license"]]
    if said["languages"]:
        spoken = (langcodes.Language.get(tag).language for tag in said["languages"])
        facts["languages"] = list(dict.fromkeys(spoken))
    if said["max_tokens"]:
        facts["context_window"] = int(said["max_tokens"])
    found |= facts
    source = f"mteb {distribution('mteb').version}, model descriptions"
    found["sources"].append({"facts": sorted(facts), "source": source, "as_of": SEEN})


def described(model: str) -> dict[str, Any]:
    """Returns what MTEB says of a model, read from its source: importing it would want every library it knows."""
    folder = Path(str(distribution("mteb").locate_file("mteb/models/model_implementations")))
    for path in sorted(folder.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        if f'name="{model}"' not in text:
            continue
        tree = ast.parse(text)
        for call in ast.walk(tree):
            if isinstance(call, ast.Call):
                given: dict[str | None, ast.expr] = {
                    each.arg: each.value for each in call.keywords if each.arg
                }
                if "name" in given and getattr(given["name"], "value", None) == model:
                    for each in call.keywords:
                        if each.arg is None and isinstance(each.value, ast.Name):
                            given = _dictionary(_constant(path, each.value.id)) | given
                    wanted = ("license", "languages", "max_tokens", "open_weights")
                    return {name: _literal(path, given.get(name)) for name in wanted}
    raise LookupError(model)


def _dictionary(node: ast.expr) -> dict[str | None, ast.expr]:
    if isinstance(node, ast.Dict):
        return {getattr(key, "value", None): value for key, value in zip(node.keys, node.values, strict=True)}
    assert isinstance(node, ast.Call)  # dict(license=…)
    return {each.arg: each.value for each in node.keywords}


def _literal(path: Path, node: ast.expr | None) -> Any:
    if node is None:
        return None
    return ast.literal_eval(_constant(path, node.id) if isinstance(node, ast.Name) else node)


def _constant(path: Path, name: str) -> ast.expr:
    """Returns what a name of a module stands for, there or in the module that it is imported from."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and any(getattr(to, "id", "") == name for to in node.targets):
            return node.value
        if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == name and node.value:
            return node.value
        if (
            isinstance(node, ast.ImportFrom)
            and node.level == 1
            and any(each.name == name for each in node.names)
        ):
            return _constant(path.with_name(f"{node.module}.py"), name)
    raise LookupError(name)


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
