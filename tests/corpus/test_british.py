"""British and American spellings are one; what only ends like them stays as it is."""

from __future__ import annotations

import pytest

from corpus.language.british import american

PAIRS = (
    "colour color, favourites favorites, behavioural behavioral, neighbourhood neighborhood, odour odor,"
    " organise organize, organisations organizations, customised customized, analyse analyze, paralysed paralyzed,"
    " centre center, centred centered, kilometres kilometers, litre liter, theatre theater, fibre fiber,"
    " catalogue catalog, catalogued cataloged, dialogues dialogs, licence license, licences licenses,"
    " defence defense, practise practice, practising practicing, programme program, programmes programs, grey gray,"
    " judgement judgment, traveller traveler, counsellor counselor, marvellous marvelous, anaesthetic anesthetic,"
    " haemoglobin hemoglobin, leukaemia leukemia, paediatric pediatric, orthopaedic orthopedic, oestrogen estrogen,"
    " diarrhoea diarrhea, enrolment enrollment, ageing aging, learnt learned, enquiries inquiries"
)


@pytest.mark.parametrize("pair", PAIRS.split(", "))
def test_a_british_spelling_is_read_as_the_american_one_which_stays(pair: str) -> None:
    british, written = pair.split()
    assert american(british) == written
    assert american(written) == written


PLAIN = (
    "four hour tour flour your course source advise advised supervisor exercise promise premises precise enterprise"
    " otherwise disease basis analysis rise wise raise size prize acre genre were more fire rogue vogue seller teller"
    " called controlled sentence science essence does shoes poem israel michael phoenix aerobic e-4032 日本 café"
)


@pytest.mark.parametrize("word", PLAIN.split())
def test_what_only_ends_like_one_stays(word: str) -> None:
    assert american(word) == word
