"""Words that say little or nothing about what a text is about."""

from __future__ import annotations

STOP = frozenset(
    {
        "a", "about", "above", "after", "again", "all", "also", "am", "an", "and", "any", "are", "aren't", "as",
        "at", "be", "because", "been", "before", "being", "below", "between", "both", "but", "by", "can",
        "can't", "cannot", "could", "couldn't", "describe", "did", "didn't", "do", "does", "doesn't", "doing",
        "don't", "down", "during", "each", "explain", "few", "find", "for", "from", "further", "get", "gets",
        "give", "given", "got", "had", "hadn't", "has", "hasn't", "have", "haven't", "having", "he", "her",
        "here", "hers", "him", "his", "how", "however", "i", "i'm", "if", "in", "into", "is", "isn't", "it",
        "it's", "its", "itself", "just", "kind", "know", "let", "like", "list", "made", "make", "makes", "many",
        "may", "me", "mean", "means", "might", "more", "most", "much", "must", "my", "myself", "no", "nor",
        "not", "now", "of", "off", "often", "on", "once", "one", "only", "or", "other", "our", "ours", "out",
        "over", "own", "please", "provide", "same", "say", "says", "she", "should", "show", "so", "some",
        "such", "tell", "than", "that", "the", "their", "theirs", "them", "then", "there", "these", "they",
        "thing", "things", "this", "those", "through", "to", "too", "under", "until", "up", "upon", "us", "use",
        "used", "uses", "using", "very", "was", "wasn't", "we", "were", "weren't", "what", "what's", "when",
        "where", "whether", "which", "while", "who", "who's", "whom", "whose", "why", "will", "with", "within",
        "without", "won't", "would", "you", "your", "yours", "yourself",
    }
)  # fmt: skip
"""English words that say nothing about what a question is about."""

STOP_JAPANESE = (
    "何", "誰", "教え", "下さ", "場合", "方法", "どこ",
    "現在", "いつ", "いくら", "つい", "どの", "なぜ", "ます", "です",
)  # fmt: skip
"""How Japanese words begin that say nothing about it."""

STOP_KANJI = frozenset(
    "何誰教下方場者事物為前後中上内外間等他次各同又及若但約年月日時円回件人名使行来言見出入持受得要分合当有無可以"
)
"""Kanji that say nothing of what a question is about where one stands alone with its ending."""

LIGHT = frozenset(
    {
        "became", "become", "becomes", "called", "came", "come", "comes", "coming", "current", "currently",
        "found", "getting", "go", "goes", "going", "gone", "gotten", "happen", "happened", "happens", "keep",
        "keeps", "kept", "knew", "known", "knows", "look", "looking", "looks", "meant", "put", "puts", "said",
        "see", "seen", "shows", "start", "started", "take", "taken", "takes", "tells", "told", "took", "tried",
        "try", "want", "wants", "went",
    }
)  # fmt: skip
"""Words that say little by themselves: rare in some documents, so that their rarity would make much of them."""
