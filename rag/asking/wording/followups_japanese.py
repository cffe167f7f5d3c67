"""A Japanese follow-up question made to stand alone, by rule; see :mod:`rag.asking.wording.followups`.

「大阪では？」 after 「東京のホテル代の上限はいくらですか」 asks for 大阪のホテル代の上限. Japanese leaves out
what is known, so a question without a topic of its own takes the topic of the turn before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from corpus.language import HAN, HIRAGANA, KATAKANA
from rag.words.japanese_places import PLACE_ASKED_FOR

_LEAD = re.compile(
    r"^(?:(?:それでは|それじゃあ?|では|じゃあ?|あと|また|そして|それなら|ちなみに|ところで|なるほど|ありがとう(?:ございます)?"
    r"|わかりました)[、。,\s]*)+"
)
_ASIDE = re.compile(
    r"(?P<what>.{1,30}?)(?P<how>の場合|の(?:とき|時)|だと|なら|では|でも|に?は|も|って|について|に(?:関|かん)して|を|だけ)?(?:は|も|でも)?"
    r"(?:どう(?:です|でした|だった|なります|でしょう)?か?|どうなっていますか|いかがですか|(?:教|おし)えて(?:ください|下さい)?|ですか|でしょうか)?[？?。]*"
)
_THE_SAME = re.compile(
    r"(?P<what>[^、。]{1,30}?)(?P<how>の場合|の(?:とき|時)|だと|なら|では|でも)?と?(?P<as>[はも])?(?:同じ|同様|同額|一緒|違い|変わり|異なり)"
    r"(?:に?なり)?(?:です|でしょう|ます)か?[？?。]*"
)
_ASKED_AGAIN = re.compile(
    r"(?P<what>[^、。]{1,30}?)(?P<how>の場合|の(?:とき|時)|だと|なら|では)は?、?"
    r"(?P<asks>いくら|いつ|誰|何[^、。？?でかにまは]{1,3}|どのくらい|どれくらい|どう)"
    r"(?:に?なり|まで|から)?(?:です|でしょう|ます)?か?[？?。]*"
)
_TOPIC_LIKE = frozenset({None, "は", "には", "も", "って", "について", "に関して", "にかんして", "を"})
_CLAUSE = re.compile(r"[をが]|て[いもはかくみ]|[でれ]ば|たら|ます|ない|[いよ]い$")
_ASKS = re.compile(
    r"何|誰|だれ|どこ|どの|どれ|どんな|どう|どうすれば|いつ|いくら|いくつ|なぜ|なんで|どちら|どなた|か[？?。]*$|ますか|ですか|でしょうか|ください|下さい"
)
_REFERS = re.compile(
    r"(?:それ|これ|あれ)(?=[はがをにもでと、？?])|(?:その|この|あの)(?![他後際時前]|ほか|まま)|そこ|そちら|こちら|彼女?"
)
_IN_THAT_CASE = re.compile(r"(?:その|この|あの)(?:場合|とき|時|際)(?:の|、|は、?|に、?)(?=.)")
_OF_THAT = re.compile(
    r"(?:それ|これ)は、?(?P<asks>(?:いつ|何[日時月年]|いくら)(?:まで|から|以内)?(?:です|でしょう)か?[？?。]*)"
)
_DOES = re.compile(r"(?:ます|ません|えます|れます|できます|いい|よい)(?:です|でしょう)?か[？?。]*$")
"""How a question ends that asks whether something is done; それ is that it is."""
_END = re.compile(r"(?<![？?。])[？?。]*$")
_WHEN = re.compile(
    r"(?:[\d０-９]{4}|(?:令和|平成)[\d０-９元]+)年度?|[昨今来]年度?|去年|前年度?|(?:第[\d０-９一二三四]|前|今|来)四半期"
    r"|以前|前回|従来|当時|改[定訂正]前|(?:旧|前の?)(?:版|規程|規則|規定|ルール|制度)"
)
_BOTH = re.compile(r"両方|双方|全部|全て|すべて|みな|みんな")
_EMPTY = re.compile(
    r"何[日年月時分回人台枚個円度歳つ週]?(?:間|目|以内|くらい|ぐらい)?|か月|ヶ月|誰|場合|必要|可能|期限|申請|金額|理由|方法|期間|以内|以上|上限|承認"
    r"|日|円|時間|まで|から|ください|下さい|教"
)
_CONTENT = re.compile(rf"[{HAN}{KATAKANA}A-Za-z0-9０-９々ー\-－.]+")
_STEM = re.compile(rf"[{HAN}](?=[{HIRAGANA}])(?!(?:[のはがをにでともへや]|から|まで|です|だ|なら|って))")
_TIME = re.compile(rf"[{HAN}].*(?:[期間日時中後前年月末週夜朝]|季節)$")
_NUMBER = re.compile(r"[\d０-９][\d０-９.,]*")


def carried(question: str, before: str) -> str:
    """Returns the question with what it leaves out, from the turn before; as it is where it leaves nothing out."""
    rest = _LEAD.sub("", question) or question
    if (found := _IN_THAT_CASE.match(rest)) and _CONTENT.match(rest, found.end()):
        return _asked_of_it(rest[found.end() :], before)
    if (asks := _OF_THAT.fullmatch(rest)) and _DOES.search(before):
        return f"{_END.sub('', before)}、{asks['asks']}"
    same = _THE_SAME.fullmatch(rest)
    if same and _is_another(same["what"], bool(same["how"]) or same["as"] == "も", before):
        return _in_place(same["what"], same["how"], before)
    again = _ASKED_AGAIN.fullmatch(rest)
    if (
        again
        and again["asks"] in before
        and _CONTENT.search(again["what"])
        and not _CLAUSE.search(again["what"])
    ):
        return _in_place(again["what"], again["how"], before)
    aside = _ASIDE.fullmatch(rest)
    what = aside["what"] if aside else ""
    if aside and _CONTENT.search(what) and not any(one.search(what) for one in (_ASKS, _CLAUSE, _BOTH)):
        return _in_place(what, aside["how"], before)
    topic = topic_of(before)
    own = topic_of(rest)
    named = own != rest.rstrip("？?。 ") and not _CLAUSE.search(own) and _is_bare(rest[len(own) :])
    if named and (alike := _nearest(own, before, _spots(before))):
        # 「役員はいくらですか」 after a question about 一般社員: only who is asked about differs.
        return before[: alike[0]] + own + before[alike[1] :]
    if found := _REFERS.search(rest):
        put = f"{topic}の" if found.group() in ("その", "この", "あの") else topic
        return rest[: found.start()] + put + rest[found.end() :]
    if _is_bare(rest):
        return f"{topic}は、{rest}"
    return question


def _asked_of_it(rest: str, before: str) -> str:
    """Returns what is asked of the case that the turn before was about: 「その場合の宿泊費は？」 behind
    「役員の国内出張の日当はいくらですか」 asks for 役員の国内出張の宿泊費.
    """
    topic, own = topic_of(before), topic_of(rest)
    if _EMPTY.fullmatch(own):
        return f"{topic}の{rest}"
    named = topic
    while _EMPTY.fullmatch(named.rpartition("の")[2]):  # 宿泊費の上限 is asked for as 宿泊費 is
        named = named.rpartition("の")[0]
    case = named.rpartition("の")[0]
    if not case or "の" in own or _CLAUSE.search(own):
        return f"{topic}の場合、{rest}"
    if rest[len(own) :].strip("はも？?。 "):
        return f"{case}の{rest}"
    return f"{case}の{own}{before[before.find(topic) + len(topic) :]}"


def _is_another(what: str, compared: bool, before: str) -> bool:
    """Says whether what is said to be alike (大阪も同じですか) is another thing than the turn before was about; 何が or
    両方 is none, and 日当は変わりますか by itself is a question of its own.
    """
    if not _CONTENT.search(what) or any(one.search(what) for one in (_REFERS, _ASKS, _CLAUSE, _BOTH)):
        return False
    return compared or _nearest(what, before, _spots(before)) is not None


def topic_of(question: str) -> str:
    """Returns what a question is about: what stands before its は, else before its first particle of a case."""
    text = _LEAD.sub("", question).rstrip("？?。 ")
    text = re.split(r"[。！!]", text)[-1] or text
    for pattern in (
        r"(.{2,40}?)(?:に?は|では)(?!いけ|ない|じ)",
        r"(.{2,40}?)(?:が|を|について|の(?:とき|時|場合))",
    ):
        if (found := re.match(pattern, text)) and _CONTENT.search(found.group(1)):
            return found.group(1)
    return text


def _in_place(what: str, how: str | None, before: str) -> str:
    """Returns the turn before with ``what`` in the place of its like, else with it as the topic."""
    counted = re.fullmatch(rf"{_NUMBER.pattern}(?P<of>[^\d０-９]{{1,3}})", what)
    if counted and (same := re.search(_NUMBER.pattern + re.escape(counted["of"]), before)):
        return before[: same.start()] + what + before[same.end() :]
    if _WHEN.fullmatch(what) and not _NUMBER.search(before):
        return f"{what}の{before}"
    places = _spots(before)
    found = _nearest(what, before, places)
    if found is None and how == "では" and not _is_role(what) and not _TIME.search(what):
        # Towns are too many to list: 津では asks for another place, never for 東京 as well.
        known = [span for span in places if _is_place(before[slice(*span)])]
        found = known[0] if len(known) == 1 else None
    if found is None and how == "の場合" and (when := re.search(r"場合|とき|時は|たら|なら", before)):
        found = next((span for span in places if span[1] <= when.start()), None)
    if found is None and how in _TOPIC_LIKE:
        topic = topic_of(before)
        # A topic of several parts: the first of them is what differs; one of a single part is the thing asked for.
        inside = [span for span in places if span[1] <= before.find(topic) + len(topic)]
        alike = topic != "" and len(what) >= len(topic) - 1 and _script(what[-1]) == _script(topic[-1])
        if inside and ("の" in topic or (len(inside) == 1 and alike)):
            found = inside[0]
    if found is None:
        return f"{what}{how if how and how not in _TOPIC_LIKE else 'の場合'}、{before}"
    return before[: found[0]] + what + before[found[1] :]


def _is_bare(text: str) -> bool:
    """Says whether a text names nothing, whatever it asks."""
    return not _EMPTY.sub("", "".join(_CONTENT.findall(text)))


def _spots(text: str) -> list[tuple[int, int]]:
    """Returns [start, end) of the words of content, without what only asks and without the stems of verbs."""
    return [
        match.span()
        for match in _CONTENT.finditer(text)
        if not _EMPTY.fullmatch(match.group()) and not _STEM.match(text, match.end() - 1)
    ]


def _nearest(what: str, before: str, places: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    best, most = None, 0
    for start, end in places:
        other = before[start:end]
        likeness = 2 * len(_pairs(what) & _pairs(other))
        likeness += 2 * (_is_place(what) and _is_place(other))
        likeness += 2 * (_is_role(what) and _is_role(other))
        likeness += len(set(re.findall(f"[{HAN}]", what)) & set(re.findall(f"[{HAN}]", other)))
        likeness += 2 * (_shape(what) == _shape(other) and bool(re.search(r"\d", what)))
        if likeness > most:
            best, most = (start, end), likeness
    return best


def _is_place(text: str) -> bool:
    return PLACE_ASKED_FOR.fullmatch(text) is not None


def _is_role(text: str) -> bool:
    return text.endswith(("員", "長", "職", "者", "パート", "アルバイト", "インターン"))


def _shape(text: str) -> str:
    """Returns a code's or a number's form: letters and figures alike are one of a kind."""
    return re.sub(r"[A-Za-z]+", "A", re.sub(r"[\d０-９]+", "0", text))


def _script(character: str) -> str:
    for name, range_ in (("han", HAN), ("katakana", KATAKANA), ("hiragana", HIRAGANA)):
        if re.match(f"[{range_}]", character):
            return name
    return "other"


def _pairs(text: str) -> set[str]:
    return {text[i : i + 2] for i in range(len(text) - 1)}
