"""Places that Japanese writes without a mark of a name: prefectures, large cities, some countries."""

from __future__ import annotations

import re

_ANYWHERE = (
    "北海道|青森|岩手|宮城|秋田|山形|福島|茨城|栃木|群馬|埼玉|千葉|東京|神奈川|新潟|富山|石川|福井|山梨|長野|岐阜|静岡|愛知|三重|滋賀"
    "|京都|大阪|兵庫|奈良|和歌山|鳥取|島根|岡山|広島|山口|徳島|香川|愛媛|高知|福岡|佐賀|長崎|熊本|宮崎|鹿児島|沖縄|札幌|仙台|横浜"
    "|名古屋|神戸|川崎|中国|韓国|米国|英国"
)
PLACES = f"{_ANYWHERE}|大分"
"""A pattern of those that a text compares."""

PLACE_ASKED_FOR = re.compile(
    rf"(?P<name>{_ANYWHERE}|大分(?=[県市支営のにではもへをと]|$)|都内|盛岡|新横浜|金沢|浜松|堺|高松|松山|北九州|博多|那覇|国内|海外"
    "|日本|台湾|欧州|ロンドン|パリ|ベルリン|ニューヨーク|上海|北京|ソウル|シンガポール|リーズ|ブルノ|ヨーロッパ)"
    "(?:[都道府県市区]|支社|支店|営業所|本社|工場)?"
    "(?!さん|氏|様|君|殿|先生|部長|課長|係長|主任|社長|専務|常務|取締役|語|円|人|酒|料理)"
)
"""Places that people ask about by turns; a place stands in the place of another. 福井さん and 日本語 are none."""
