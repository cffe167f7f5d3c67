"""English words in one spelling, whichever side of the Atlantic they were written on.

British and American English part over a few classes of words (colour, organise, analyse, centre, catalogue, licence,
anaesthetic, traveller) and some single ones (grey, judgement, programme). A question in one spelling has to find what
is written in the other, so both sides are read in the American one. What is spelt alike in both and only ends as a
class does (hour, advise, rogue) stays as it is.
"""

from __future__ import annotations

from functools import lru_cache

from corpus.patterns import pattern

_SINGLE = {
    british: american
    for american, several in {
        "acknowledgment": "acknowledgement", "acknowledgments": "acknowledgements", "aging": "ageing",
        "airplane": "aeroplane", "airplanes": "aeroplanes", "aluminum": "aluminium", "artifact": "artefact",
        "artifacts": "artefacts", "burned": "burnt", "centering": "centring", "centerpiece": "centrepiece",
        "cozy": "cosy", "curb": "kerb", "curbs": "kerbs", "disk": "disc", "disks": "discs", "dreamed": "dreamt",
        "enrollment": "enrolment", "enrollments": "enrolments", "fiberglass": "fibreglass",
        "fulfillment": "fulfilment", "gray": "grey", "inquire": "enquire", "inquired": "enquired",
        "inquiries": "enquiries", "inquiring": "enquiring", "inquiry": "enquiry", "installment": "instalment",
        "installments": "instalments", "jewelry": "jewellery", "judgment": "judgement", "judgments": "judgements",
        "learned": "learnt", "maneuver": "manoeuvre", "maneuvers": "manoeuvres", "mold": "mould", "molds": "moulds",
        "odor": "odour", "odors": "odours", "pajamas": "pyjamas", "plow": "plough", "plows": "ploughs",
        "program": "programme", "programs": "programmes", "skeptic": "sceptic", "skeptical": "sceptical",
        "skillful": "skilful", "skillfully": "skilfully", "spelled": "spelt", "spilled": "spilt",
        "spoiled": "spoilt", "tire": "tyre", "tires": "tyres", "willful": "wilful", "willfully": "wilfully",
        "woolen": "woollen", "yogurt": "yoghurt",
    }.items()
    for british in several.split()
}  # fmt: skip

_OUR = pattern(
    r"(\w{3,})our(|s|ed|ing|ings|er|ers|ful|fully|able|ably|al|ally|ite|ites|hood|hoods|ly|less|y|ies|ist|ists)"
)
"""colour, favourite, behavioural, neighbourhood. Shorter ones are other words: four, hour, tour, pour, flour."""
_ISE = pattern(r"(\w{3,})is(e|es|ed|ing|er|ers|able|ation|ations|ational)")
_ROOT_IN_ISE = pattern(
    r"(?:un|re|over)?(?:adv|advert|appra|bru|chast|chem|circumc|clockw|compr|comprom|conc|cru|dem|desp|dev|disgu"
    r"|enterpr|exc|exerc|expert|franch|improv|inc|lengthw|lia|likew|mala|marqu|mayonna|merchand|otherw|parad|porpo|pra"
    r"|prec|prem|prom|repr|rev|superv|surm|surpr|telev|torto|treat|turquo|val)"
)
"""What stands before -ise where that is no ending: adv(ise), exerc(ise), prom(ise)."""
_YSE = pattern(r"(\w{2,}l)ys(e|es|ed|ing|er|ers)")
_LOGUE = pattern(r"(\w{2,}log)u(?:e(s|d|)|(ing))")
_RE = pattern(
    r"(\w*met|\w*lit|(?:epi)?cent|(?:amphi)?theat|calib|fib|goit|lust|meag|mit|och|sab|scept|somb|spect)re(|s|d)"
)
_ENCE = pattern(r"(lic|off|def|pret)enc(e|es|ed|ing|ee|ees|eless)")
_PRACTISE = pattern(r"practis(e|es|ed|ing|er|ers)")
_ELL = pattern(r"([^\Waeiouy]*[aeiouy]\w*[ae])ll(er|ers|or|ors|ous|ously)")
"""traveller, counsellor, marvellous; not seller. Doubled before -ed and -ing, stemmers take an l away themselves."""
_LIGATURE = pattern(
    r"(?<=\w)ae(?=m)|ae(?=sth)|(?<=p)ae(?=d)|(?<=gyn)ae|(?<=c)ae(?=sar)|(?<=arch)ae|(?<=f)ae(?=c)|oe(?=soph|str)"
    r"|(?<=f)oe(?=t)|(?<=rrh)oe|(?<=hom)oe|(?<=am)oe(?=b)"
)
"""anaesthetic, haemoglobin, leukaemia, paediatric, oestrogen, diarrhoea."""
_SULPH = pattern(r"sulph(?=\w)")


@lru_cache(maxsize=65536)
def american(word: str) -> str:
    """Returns a folded word as it is spelt in American English: "license" for "licence", "organize" for "organise"."""
    if len(word) < 4 or not word.isascii():
        return word
    if word in _SINGLE:
        return _SINGLE[word]
    if "ae" in word or "oe" in word or "sulph" in word:
        word = _SULPH.sub("sulf", _LIGATURE.sub("e", word))
    if found := _PRACTISE.fullmatch(word):
        return f"practic{found[1]}"
    if "is" in word and (found := _ISE.fullmatch(word)):
        return word if _ROOT_IN_ISE.fullmatch(found[1]) else f"{found[1]}iz{found[2]}"
    if "our" in word and (found := _OUR.fullmatch(word)):
        return f"{found[1]}or{found[2]}"
    if "re" in word and (found := _RE.fullmatch(word)):
        return f"{found[1]}er{found[2] if found[2] != 'd' else 'ed'}"
    if "enc" in word and (found := _ENCE.fullmatch(word)):
        return f"{found[1]}ens{found[2]}"
    if "lys" in word and (found := _YSE.fullmatch(word)):
        return f"{found[1]}yz{found[2]}"
    if "logu" in word and (found := _LOGUE.fullmatch(word)):
        return found[1] + {"d": "ed"}.get(found[2] or "", found[2] or found[3] or "")
    if "ll" in word and (found := _ELL.fullmatch(word)):
        return f"{found[1]}l{found[2]}"
    return word
