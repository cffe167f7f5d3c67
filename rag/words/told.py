"""What people are told of an answer and of a search: each sentence in English and in Japanese.

A sentence comes in the language of the question. Codes of notes, errors and what a program reads stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from string import Formatter

TOLD: Mapping[str, tuple[str, str]] = {
    # in the place of an answer
    "not_found": (
        "The documents do not answer this question.",
        "文書の中に、この質問への答えは見つかりませんでした。",
    ),
    "not_known": ("The model has no answer to this question.", "モデルはこの質問に答えられません。"),
    "not_supported": (
        "The documents do not bear out what the model answered. These are the passages that were found.",
        "モデルの答えは文書で裏付けられませんでした。見つかった文章だけを示します。",
    ),
    "unreachable": ("The model cannot be reached at the moment.", "現在モデルに接続できません。"),
    "and_passages": (" These are the passages that were found.", "見つかった文章だけを示します。"),
    "alone": (
        "I know nothing by myself: I only read documents. Ask with retrieval, or choose another model.",
        "私自身には知識がありません。文書を読むだけです。検索を有効にするか、別のモデルを選んでください。",
    ),
    # of the search
    "no_documents": (
        "There are no documents yet. Ingest some: vouch ingest FOLDER",
        "文書がまだありません。取り込んでください: vouch ingest FOLDER",
    ),
    "nothing_passes": (
        "No document that you may see passes the filter.",
        "閲覧できる文書のうち、絞り込みに合うものはありません。",
    ),
    "nothing_shared": (
        "None of the documents searched shares a word with the question, and its meaning could not be compared with"
        " theirs: ask in their language or with other words.",
        "検索した文書の中に質問と共通する言葉がなく、意味でも比べられませんでした。文書の言語か、別の言葉で質問してください。",
    ),
    "nothing_shared_filter": (
        "None of the documents that pass the filter shares a word with the question, and its meaning could not be"
        " compared with theirs: ask in their language or with other words, or widen the filter.",
        "絞り込みに合う文書の中に質問と共通する言葉がなく、意味でも比べられませんでした。文書の言語か別の言葉で質問するか、絞り込みを広げてください。",
    ),
    "words_alone": (
        "{model} does not know this language; searched by words alone.",
        "{model}はこの言語を扱えないため、言葉の一致だけで検索しました。",
    ),
    "read_in_part": (
        "The question is long: its meaning was taken from its first {words} words alone; its words, from all of it.",
        "質問が長いため、意味は最初の{words}語だけから読み取りました。言葉の一致は全体で調べました。",
    ),
    "read_beginning": (
        "The question is long: its meaning was taken from its beginning alone; its words, from all of it.",
        "質問が長いため、意味は冒頭だけから読み取りました。言葉の一致は全体で調べました。",
    ),
    "not_over": (
        "{moment} is not over yet: what is live now was searched.",
        "{moment}はまだ終わっていないため、現在有効な文書を検索しました。",
    ),
    "as_of": (
        "Searched as of {moment}: versions that were live then.",
        "{moment}の時点で有効だった版を検索しました。",
    ),
    "nothing_as_of": (
        "Searched as of {moment}: nothing that was live then is for you to see and passes the filter.",
        "{moment}の時点で有効だった文書のうち、閲覧でき、絞り込みに合うものはありません。",
    ),
    "without_meaning": ("Searched by words alone: {why}", "言葉の一致だけで検索しました: {why}"),
    "dense_broken": (
        "The dense index cannot be used, so every vector was compared. vouch status says why.",
        "ベクトルの索引が使えないため、すべてのベクトルと比べました。理由はvouch statusで確認できます。",
    ),
    "index_says": ("{said}", "索引に不具合があります: {said}"),
    "rerank_late": (
        "The CrossEncoder took longer than {ms} ms; the hits stand in the order before it.",
        "CrossEncoderが{ms} msで終わらなかったため、並べ替える前の順のままです。",
    ),
    "rerank_failed": (
        "The CrossEncoder failed ({why}); the hits stand in the order before it.",
        "CrossEncoderが使えなかったため（{why}）、並べ替える前の順のままです。",
    ),
    "misspelt": (
        "“{written}” stands in no document: read as “{meant}”.",
        "「{written}」はどの文書にもないため、「{meant}」と読みました。",
    ),
    "part_unanswered": (
        "The documents do not answer this part of the question: {part}",
        "質問のうち、次の部分への答えは文書の中に見つかりませんでした: {part}",
    ),
    "read_as": ("Read as: {question}", "次のように読みました: {question}"),
    # of the rows of a table
    "rows_most": (
        "Of {of} rows in {document}, this has the highest “{column}”: {rows}.",
        "{document}の表の{of}行のうち、「{column}」が最大の行: {rows}",
    ),
    "rows_least": (
        "Of {of} rows in {document}, this has the lowest “{column}”: {rows}.",
        "{document}の表の{of}行のうち、「{column}」が最小の行: {rows}",
    ),
    "rows_latest": (
        "Of {of} rows in {document}, this has the latest “{column}”: {rows}.",
        "{document}の表の{of}行のうち、「{column}」が最も新しい日付の行: {rows}",
    ),
    "rows_earliest": (
        "Of {of} rows in {document}, this has the earliest “{column}”: {rows}.",
        "{document}の表の{of}行のうち、「{column}」が最も古い日付の行: {rows}",
    ),
    "rows_count": (
        "“{chosen}” stands in {amount} of {of} rows in {document}.",
        "{document}の表の{of}行のうち、「{chosen}」は{amount}行です。",
    ),
    "rows_total": (
        "The “{column}” of {of} rows in {document} is {amount} in total.",
        "{document}の表の{of}行の「{column}」は合計{amount}です。",
    ),
    # of the documents
    "conflict": (
        "Documents disagree on “{subject}”: {values}.",
        "文書の内容が食い違っています。「{subject}」: {values}。",
    ),
    "conflict_value": ("{value} ({document}, {date})", "{value}（{document}、{date}）"),
    "no_date": ("no date", "日付なし"),
    "older_edition": (
        "{old} is an older edition: {new} is newer.",
        "{old}は古い版です。{new}のほうが新しい版です。",
    ),
    "unchanged": (
        "What was found of this is the same in {new} and {old}.",
        "見つかった範囲では、{new}と{old}でこの点に違いはありません。",
    ),
    "one_edition": (
        "Only {there} speaks of this: no word of it stands in {other}.",
        "この点は{there}にだけ書かれており、{other}には見当たりません。",
    ),
    "more_changes": (
        "The editions differ in {all} places, of which {shown} are shown: ask about one matter to see more of it.",
        "2つの版の違いは{all}か所あり、そのうち{shown}か所を示しています。知りたい点を挙げて質問してください。",
    ),
    "no_such_document": (
        "No document that you may see is called “{name}”, nor has it a heading for that.",
        "閲覧できる文書のうち、「{name}」という名前や見出しを持つものはありません。",
    ),
    "no_other_edition": (
        "No other edition of {document} was found, so what changed cannot be told from it.",
        "{document}の別の版は見つからなかったため、何が変わったかは確かめられません。",
    ),
    "unnamed": (
        "Nothing that is quoted names {names}, so it may speak of something else.",
        "引用した箇所に「{names}」は出てきません。別のものについての記述かもしれません。",
    ),
    "low_support": (
        "The documents vouch for {good} of the answer's {all} sentences.",
        "回答の{all}文のうち、文書で裏付けられるのは{good}文です。",
    ),
    # of the model
    "model_says": ("{said}", "モデルに接続できなかった理由: {said}"),
    "model_abstained": (
        "The model found no answer in the passages.",
        "モデルは、見つかった文章の中に答えを見つけませんでした。",
    ),
    "no_answer": ("The model gave no answer.", "モデルは答えを返しませんでした。"),
    "withheld": (
        "Support was required, so the model's answer is not shown.",
        "文書による裏付けが求められているため、モデルの答えは示しません。",
    ),
    "prompt_halved": (
        "The provider found the prompt too long; asked again with half of it.",
        "プロンプトが長すぎると返されたため、半分にして聞き直しました。",
    ),
    "cut_below": (
        "The model's server read {read} tokens of a prompt that has at least {least}.",
        "モデルのサーバーは、少なくとも{least}トークンあるプロンプトのうち{read}トークンしか読みませんでした。",
    ),
    "cut_full": (
        "The model's server read {read} tokens, which is what a full window holds.",
        "モデルのサーバーが読んだのは{read}トークンで、ちょうどウィンドウいっぱいの量です。",
    ),
    "cut_advice": (
        " The rest, instructions perhaps, was cut off: give it a larger window, or set context_window to its own.",
        "残りは、指示も含めて切り捨てられたおそれがあります。ウィンドウを広げるか、context_windowを実際の値にしてください。",
    ),
    "truncated": (
        "The answer ends where the model's limit cut it off.",
        "回答はモデルの上限に達したため、途中で切れています。",
    ),
    "altered_quotes": (
        "{n} quotations do not stand in the passages; their quotation marks were dropped.",
        "文章にその言葉のない引用が{n}件あったため、引用符を外しました。",
    ),
    "dropped_markers": (
        "{n} markers of passages that were not given were dropped.",
        "渡していない文章の番号{n}個を取り除きました。",
    ),
    # of the prompt
    "dropped_passages": (
        "{n} lower-ranked passages did not fit into the prompt ({budget} tokens, {counted}): {names}.",
        "順位の低い文章{n}件がプロンプトに入りませんでした（{budget} tokens, {counted}）: {names}。",
    ),
    "dropped_examples": (
        "{n} examples did not fit into the prompt: {names}.",
        "例{n}件がプロンプトに入りませんでした: {names}。",
    ),
    "and_more": ("and {n} more", "ほか{n}件"),
    "page": ("page {page}", "{page}ページ"),
    "dropped_turns": (
        "The {n} oldest turns did not fit into the prompt.",
        "最も古いやり取り{n}件がプロンプトに入りませんでした。",
    ),
    "dropped_wishes": (
        "What the asking program wishes of the answer did not fit into the prompt.",
        "質問したプログラムからの回答への要望が、プロンプトに入りませんでした。",
    ),
    "strategy_ignored": (
        "The built-in model answers the same with every strategy.",
        "内蔵モデルの答えは、どのstrategyでも同じです。",
    ),
    "wishes_ignored": (
        "The built-in model quotes; it reads no system messages.",
        "内蔵モデルは引用するだけで、システムメッセージを読みません。",
    ),
    "template_ignored": ("The built-in model reads no template.", "内蔵モデルはテンプレートを読みません。"),
    "template_without_passages": (
        "The template speaks of passages; without retrieval the general instructions were used.",
        "テンプレートは文章を前提としています。検索をしないため、一般の指示を使いました。",
    ),
    # of the receipt
    "no_receipt": (
        "No receipt was kept of this answer: {why}.",
        "この回答のレシートは残っていません。{why}。",
    ),
    "receipt_busy": ("its file is locked by another program", "ファイルが別のプログラムに使われています"),
    "receipt_damaged": ("its file is damaged", "ファイルが壊れています"),
    "receipt_disk_full": ("the disk is full", "ディスクに空きがありません"),
    "receipt_erased": (
        "a document that it quotes was erased meanwhile",
        "引用している文書がその間に消去されました",
    ),
    "receipt_moved": ("the data folder was moved away", "データフォルダーが移動されています"),
    "receipt_newer_schema": ("its file is of a newer Vouch", "ファイルが新しい版のVouchのものです"),
    "receipt_read_only": ("the data folder cannot be written", "データフォルダーに書き込めません"),
    "receipt_unwritable": ("its file cannot be written", "ファイルに書き込めません"),
    # on the terminal
    "nearest": ("Nearest: {places}", "近い箇所: {places}"),
    "search_shows": ("vouch search shows what stands there.", "vouch searchで本文を見られます。"),
    "with_retrieval": ("with retrieval", "検索あり"),
    "without_retrieval": ("without retrieval", "検索なし"),
    "passage": ("1 passage", "文章1件"),
    "passages": ("{n} passages", "文章{n}件"),
    "about": ("about {n}", "約{n}"),
    "no_price": ("price unknown", "料金不明"),
    "support": ("{share} of its sentences vouched for", "裏付けのある文 {share}"),
    "too_little": ("{support}, too few", "{support}（不足）"),
    "receipt": ("receipt {id}", "レシート {id}"),
    "disagree": ("Documents disagree: ", "文書の内容が食い違っています: "),
}
"""Key → the sentence in English and in Japanese, with the same places for names and figures."""

NOTHING_SHARED = frozenset({"nothing_shared", "nothing_shared_filter"})
"""Keys of what is said of a search that found nothing; wrong once something is found in other words."""


def tell(key: str, japanese: bool, /, **values: object) -> str:
    """Returns a sentence in Japanese or English, its places filled in."""
    return TOLD[key][japanese].format(**values)


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence that was told, and its key: a program reads that instead of the words."""

    key: str
    sentence: str


def say(key: str, japanese: bool, /, **values: object) -> Said:
    """Returns a sentence as :func:`tell` does, with its key."""
    return Said(key, tell(key, japanese, **values))


def in_english(sentence: str) -> str:
    """Returns a sentence that was told in Japanese as it is told in English; any other as it is."""
    return retold(sentence, ((japanese, english) for english, japanese in TOLD.values()))


def retold(sentence: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Returns a sentence that has the shape of the first of a pair in that of the second; any other as it is."""
    best, fewest = sentence, len(sentence) + 1
    for told, other in pairs:
        if (match := _shape(told).fullmatch(sentence)) and (free := sum(map(len, match.groups()))) < fewest:
            best, fewest = other.format(**match.groupdict()), free  # the shape that says most of it itself
    return best


@cache
def _shape(template: str) -> re.Pattern[str]:
    parts = Formatter().parse(template)
    return re.compile(
        "".join(re.escape(text) + (f"(?P<{name}>.*)" if name else "") for text, name, _, _ in parts),
        re.DOTALL,
    )
