"""Makes tiny models with random weights, for tests that need no download: embedding models for
sentence-transformers, a CrossEncoder, and a chat model that talks nonsense.

Run it to keep one: ``python tests/make_tiny_model.py FOLDER [--multilingual | --chat | --cross-encoder]``.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path
from typing import Any

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
LATIN = "etaoinsrhldcumfpgwybvkxjqz"
KANA = "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわをん"
KATAKANA = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン"


def english_vocabulary() -> list[str]:
    """Returns word pieces that can spell every Latin word and number: letters, pairs, punctuation."""
    pairs = ["".join(pair) for pair in itertools.product(LATIN, LATIN)]
    whole = [*LATIN, *"0123456789", *pairs]
    return [*whole, *(f"##{piece}" for piece in whole), *"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"]


def japanese_vocabulary() -> list[str]:
    """Returns kana, pairs of kana and every kanji of JIS level 1 (rows 16-47 of the standard)."""
    kanji = [
        bytes((row + 0xA0, cell + 0xA0)).decode("euc_jp", errors="ignore")
        for row in range(16, 48)
        for cell in range(1, 95)
    ]
    pairs = ["".join(pair) for kana in (KANA, KATAKANA) for pair in itertools.product(kana, kana)]
    return [*KANA, *KATAKANA, *pairs, *(character for character in kanji if character), *"ー、。「」・"]


def make_tiny_model(
    folder: Path, *, multilingual: bool = False, dimension: int = 32, max_tokens: int = 64, seed: int = 0
) -> Path:
    """Writes a model of one layer and returns its folder; the same arguments give the same weights.

    The English one reads Latin script by word pieces, as MiniLM does. The multilingual one is a
    unigram tokenizer that reads Japanese too, pieces not bound to spaces.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from transformers import BertConfig, BertModel

    tokenizer, size = _multilingual_tokenizer() if multilingual else _english_tokenizer()
    _between_marks(tokenizer)
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=size,
        hidden_size=dimension,
        num_hidden_layers=1,
        num_attention_heads=4,
        intermediate_size=2 * dimension,
        max_position_embeddings=max_tokens,
    )
    parts = folder.parent / f"{folder.name}.parts"
    BertModel(config).eval().save_pretrained(parts)
    _save_tokenizer(tokenizer, max_tokens, parts)
    transformer = Transformer(str(parts), max_seq_length=max_tokens)
    pooling = Pooling(transformer.get_embedding_dimension(), "mean")
    SentenceTransformer(modules=[transformer, pooling, Normalize()], device="cpu").save(
        str(folder), create_model_card=False
    )
    for path in sorted(parts.iterdir()):
        path.unlink()
    parts.rmdir()
    return folder


def make_tiny_cross_encoder(folder: Path, *, numbers: int = 1, max_tokens: int = 64, seed: int = 0) -> Path:
    """Writes a CrossEncoder of one layer that reads English and Japanese; ``numbers`` for each pair."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    tokenizer, size = _multilingual_tokenizer()
    _between_marks(tokenizer)
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=size,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=max_tokens,
        num_labels=numbers,
    )
    BertForSequenceClassification(config).eval().save_pretrained(folder)
    _save_tokenizer(tokenizer, max_tokens, folder)
    return folder


CHAT_TEMPLATE = (
    "{% for message in messages %}{{ message.role }}: {{ message.content }} {% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)


def make_tiny_chat_model(folder: Path, *, window: int = 4096, seed: int = 0) -> Path:
    """Writes a chat model of one layer and returns its folder; the same arguments give the same weights.

    It reads English and Japanese and answers with words and characters of both, until it is stopped.
    """
    import torch
    from tokenizers import decoders
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer, size = _multilingual_tokenizer()
    tokenizer.decoder = decoders.Metaspace()
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=size,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=4,
        max_position_embeddings=window,
        bos_token_id=2,
        eos_token_id=3,
        pad_token_id=0,
    )
    LlamaForCausalLM(config).eval().save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        bos_token="[CLS]",
        eos_token="[SEP]",
        model_max_length=window,
        chat_template=CHAT_TEMPLATE,
    ).save_pretrained(folder)
    return folder


def _english_tokenizer() -> tuple[Any, int]:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    vocabulary = {piece: number for number, piece in enumerate((*SPECIAL, *english_vocabulary()))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer, len(vocabulary)


def _save_tokenizer(tokenizer: Any, max_tokens: int, folder: Path) -> None:
    from transformers import PreTrainedTokenizerFast

    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=max_tokens,
    ).save_pretrained(folder)


def _between_marks(tokenizer: Any) -> None:
    from tokenizers import processors

    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )


def _multilingual_tokenizer() -> tuple[Any, int]:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    pieces = [piece for piece in english_vocabulary() if not piece.startswith("##")]
    scored = [(piece, 0.0) for piece in SPECIAL]
    scored += [("▁", -3.0)]
    scored += [(piece, -8.0 if len(piece) > 1 else -6.0) for piece in (*pieces, *japanese_vocabulary())]
    tokenizer = Tokenizer(models.Unigram(scored, unk_id=1))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    return tokenizer, len(scored)


def main() -> None:
    """Makes one model from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--multilingual", action="store_true", help="an embedding model that reads Japanese too"
    )
    kind.add_argument("--chat", action="store_true", help="a chat model")
    kind.add_argument("--cross-encoder", action="store_true", help="a reranker")
    options = parser.parse_args()
    if options.cross_encoder:
        print(make_tiny_cross_encoder(options.folder))
    elif options.chat:
        print(make_tiny_chat_model(options.folder))
    else:
        print(make_tiny_model(options.folder, multilingual=options.multilingual))


if __name__ == "__main__":
    main()
