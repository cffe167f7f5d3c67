"""Everyday words and the documents' words for one thing: a table, and whether a text has a word of it."""

from __future__ import annotations

import re
from functools import lru_cache

from corpus.language import fold

_TABLE = """
有休 有給 年休 有給休暇 年次有給休暇
残業代 残業手当 時間外手当 ~割増賃金 ~時間外労働の割増
残業 時間外労働 時間外勤務 超過勤務
休日出勤 休日労働 休日勤務
深夜労働 深夜業 深夜勤務
深夜残業
ホテル代 宿代 宿泊代 宿泊費 宿泊料
出張費 旅費 出張旅費
電車代 鉄道賃 ~運賃 ~交通費
飛行機代 航空運賃 航空賃 航空券
ガソリン代 燃料費 燃料代
マイカー 自家用車 私有車 私用車
定期代 通勤費 通勤交通費 通勤手当
日当 出張手当
ボーナス 賞与
給料日 給与支給日 賃金支払日 ~賃金の支払日 ~給与の支給日
給料 給与 賃金
昇給 賃上げ ~給与改定
退職金 退職一時金 退職手当
クビになる 首になる ~解雇される ~解雇
辞める 退職する ~退職
辞めたい 退職したい ~退職
辞めた 退職した ~退職
産休 産前産後休業 産前産後休暇 産前産後の休業
育休 育児休業 育児休暇
介護休暇
介護休業
結婚休暇 ~特別休暇 ~慶弔休暇 ~結婚
結婚したとき 結婚したら ~本人の結婚のとき ~結婚のとき
忌引休暇 忌引き 忌引 ~慶弔休暇 ~特別休暇 ~死亡
が亡くなった場合の休暇 が亡くなったときの休暇 が亡くなった時の休暇 が死亡した場合の休暇 ~(の)忌引休暇
が亡くなったら何日休めますか が亡くなったら何日休める が亡くなったとき何日休めますか ~(の)忌引休暇(は何日ですか)
亡くなったら 死んだら ~忌引(で) ~死亡(したら)
亡くなった 死んだ 他界した ~死亡(した) ~逝去(した) ~忌引(の)
死亡した ~逝去(した) ~忌引(の)
葬儀 葬式 お葬式 通夜 告別式 ~忌引 ~弔事
父 父親 お父さん ~父母 ~実父母 ~親
母 母親 お母さん ~父母 ~実父母 ~親
両親 ~父母 ~実父母
妻 奥さん 家内 ~配偶者
夫 旦那 ご主人 ~配偶者
兄 お兄さん ~兄弟姉妹 ~兄弟
弟 ~兄弟姉妹 ~兄弟
姉 お姉さん ~兄弟姉妹 ~姉妹
妹 ~兄弟姉妹 ~姉妹
兄弟 姉妹 ~兄弟姉妹
祖父 おじいさん ~祖父母
祖母 おばあさん ~祖父母
義父 義理の父 ~義父母 ~配偶者の父母
義母 義理の母 ~義父母 ~配偶者の父母
息子 ~子女 ~子供
娘 ~子女 ~子供
子供 子ども こども お子さん
出産 お産 ~分娩
病欠 病気休暇 病気欠勤 ~私傷病
休み ~休暇 ~休日
休めますか ~休暇がありますか ~休暇
休める ~休暇(の)
夏休み 夏季休暇 夏期休暇
年末年始の休み 年末年始休暇 年末年始
テレワーク リモートワーク 在宅ワーク 在宅勤務
時短勤務 短時間勤務
昼休み 休憩時間 ~休憩
始業時刻 始業時間 出社時間 出勤時間 ~始業
終業時刻 終業時間 退社時間 退勤時間 ~終業
仕事は何時に始まりますか 会社は何時に始まりますか 勤務は何時に始まりますか 仕事は何時からですか ~始業(は何時ですか)
仕事は何時に終わりますか 会社は何時に終わりますか 勤務は何時に終わりますか 仕事は何時までですか ~終業(は何時ですか)
定時株主総会
定時総会
定時 ~終業
就業時間 勤務時間 労働時間 所定労働時間
半休 半日休暇 半日有休 ~半日
看護休暇 子の看護休暇 子の看護等休暇
代休
振替休日
遅刻 ~遅参
副業 兼業 ダブルワーク
転勤 転任 ~配置転換 ~異動
引っ越し 引越し 転居
お祝い金 祝い金 祝金 ~慶弔見舞金 ~慶弔金
香典 ~弔慰金 ~慶弔見舞金
健診 健康診断
ストレス検査 ストレスチェック
見習い期間 試用期間
入社日 採用日 採用の日
上司 上長 所属長
社長 代表取締役 ~代表者
社員 従業員 職員
社員数 従業員数 人員数
パート アルバイト パートタイマー ~短時間労働者
パワハラ パワーハラスメント ~ハラスメント
セクハラ セクシュアルハラスメント ~ハラスメント
パソコン PC コンピュータ コンピューター ~端末
携帯 スマホ スマートフォン 携帯電話
携帯型
電話番号 電話 ~内線 ~窓口
メアド メールアドレス ~電子メール
パスワード パスフレーズ
ウイルス マルウェア
フリーWi-Fi 公衆Wi-Fi 公衆無線LAN
なくした 無くした 失くした 紛失した
盗まれた ~盗難にあった ~盗難
ハンコ 印鑑 ~押印
レシート 領収証 領収書
立て替え 立替 立替払い 立替金
締め切り 締切 締切日 期限 ~期日 ~以内
提出期限 提出期日 提出締切 ~以内(に提出)
支払期限 支払期日 支払日 ~以内(に支払)
納期 納入期限 納品期限 ~納品日
経費精算 旅費精算 出張精算 交通費精算 立替精算 ~精算
精算期限 ~以内(に精算)
間違って送った 間違って送信した 間違えて送った 誤って送った 誤って送信した ~誤送信(した)
情報漏えい 情報漏洩 情報流出 ~漏えい
二段階認証 2段階認証 多要素認証 二要素認証 MFA
ヨーロッパ 欧州 ~欧米
アメリカ 米国 ~北米 ~欧米
イギリス 英国 ~欧州 ~欧米
中国 ~アジア
韓国 ~アジア
東南アジア ~アジア
決算日 決算期 ~事業年度 ~会計年度
事業年度 会計年度
売上 売上高 売り上げ ~収益
売上原価
売上総利益
売上債権
値段 価格 料金 ~単価
送料 配送料 運送料
修理代 修理費 修理料金
食事代 食費 昼食代 ~食事
接待費 交際費 ~接待
住宅手当 家賃補助 家賃手当
家族手当 扶養手当
駐車料金 駐車場代 ~駐車場
退職届 退職願 辞表
昇進 昇格
人事評価 人事考課 査定
喫煙 タバコ たばこ 煙草
服装 ドレスコード ~身だしなみ
台風 ~自然災害 ~天災
重さ 重量 質量
重い ~重量 ~質量
大きさ サイズ 寸法
騒音 運転音
掃除 清掃 お手入れ
創業 設立 創立
契約期間 ~有効期間
秘密保持 機密保持 守秘義務
見積もり 見積り 見積 見積書
点検代 点検料
キャンセル 取消し 取り消し ~解約
払い戻し 払戻し 返金
壊れた 故障した
壊れる 故障する
保証の対象外 保証対象外 保証できない 保証しない
バッテリー 電池
防水 防滴 ~保護等級
使い方 操作方法 取扱方法 使用方法
お問い合わせ先 問い合わせ先 連絡先 ~窓口
苦情 クレーム
下請け 外注先 ~委託先 ~協力会社
仕入れ先 仕入先 購入先 調達先

vacation | annual leave | paid time off | PTO | ~holiday
sick leave | sickness absence | sick days
sick pay |
maternity leave | ~parental leave | ~family leave
paternity leave | ~parental leave | ~family leave
bereavement leave | compassionate leave | funeral leave
time off | ~leave
salary | wages | remuneration | ~pay | ~compensation
payday | pay day | pay date
pay raise | pay rise | salary increase | pay increase
a raise | ~pay rise | ~salary increase | ~pay increase
bonus | ~incentive | ~variable pay
overtime | extra hours | additional hours
fired | dismissed | ~terminated | ~dismissal
quit | resign
notice period | period of notice | ~notice
probation | probationary period | ~trial period
boss | line manager | supervisor | ~manager
CEO | chief executive officer | chief executive
CFO | chief financial officer | finance director
CTO | chief technology officer
COO | chief operating officer
CIO | chief information officer
chair | chairman | chairwoman | chairperson
HR | human resources | people team
help desk | service desk | IT support
staff | employees | workforce | personnel
remote work | working from home | home working | telework
work from home | work remotely | telework
laptop | computer | ~device
cell phone | mobile phone | smartphone | ~phone
password | passphrase | ~credentials
virus | malware
stolen | ~lost
complaint | ~grievance
bullying | harassment | intimidation
gym | fitness | ~health club
dress code | ~clothing | ~attire
health insurance | medical insurance | health plan | medical plan
doctor | physician | GP
medicine | medication | ~drugs
co-pay | copay | copayment
hotel | accommodation | lodging
flight | air travel | airfare | air fare
train | ~rail
cab | taxi
meals | food | subsistence | ~per diem
own car | private car | ~mileage
reimbursed | refunded | paid back | repaid
expense report | expense claim
receipt | proof of purchase
deadline | due date | time limit
in advance | beforehand | ahead of time | ~prior notice | ~before
headcount | number of employees | ~employed
working week | work week | ~weekly hours | ~hours per week | ~hours a week
day off | days off | ~leave
NDA | non-disclosure agreement | confidentiality agreement
MFA | two-factor authentication | multi-factor authentication
password length | ~passwords
cheque | ~check
revenue | sales | net sales | ~turnover
cost of sales |
cost of revenue |
net profit | net income | ~net earnings
operating profit | operating income | ~operating result
invoice | ~bill
customer | ~client
supplier | vendor
contract | agreement
price | cost | fee | ~charge
shipping | delivery | postage | freight
send back | ~return
broken | faulty | defective
~fix | repair
warranty | guarantee
UK | United Kingdom | ~Great Britain
USA | United States
EU | European Union
absent | excused | ~apologies
waterproof | water resistant | ~IP67 | ~IP65 | ~IP68
size | dimensions
goal | objective | target
training | ~course
lawyer | attorney | counsel
car park | parking
lunch break | meal break | ~break
opening hours | business hours | office hours
pension | retirement plan | 401k | superannuation
severance | redundancy pay | termination pay
owns | ~(is the )owner( of)
"""
"""Words for one thing, a line each, those of English parted by bars. A ~ is before a word that has other meanings: it
is put in place of the others, and they are not put in its; what it has in brackets is put with it, and no passage
needs to have that. One alone on its line stays as it is, with the words in it:
what is nearly the same by law or in a balance sheet is not the same.
"""


@lru_cache(maxsize=1)
def entries() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Returns every word of the table, folded, with the others of its line, the longest words first."""
    found: dict[str, list[str]] = {}
    for line in filter(None, _TABLE.splitlines()):
        group = [word.strip() for word in (line.split("|") if "|" in line else line.split())]
        group = [word for word in group if word]
        for word in (one for one in group if not one.startswith("~")):
            others = [one.removeprefix("~") for one in group if one != word]
            found[word] = list(dict.fromkeys([*found.get(word, ()), *others]))
    return tuple((fold(word), tuple(found[word])) for word in sorted(found, key=lambda one: (-len(one), one)))


_KATAKANA, _KANJI = "[ァ-ヶー]", "[\u3400-\u9fff々]"


@lru_cache(maxsize=1024)
def stands(word: str, *, by_itself: bool = False) -> re.Pattern[str]:
    """Finds a word, folded, in a folded text: of English as a whole one, its plural too; of Japanese not amid a longer
    run of katakana (パート in デパート).

    ``by_itself``: nor where what stands beside it makes it another (会社員 is no 社員, 中国語 no 中国, 24 hr no human
    resources).
    """
    if word.isascii():
        figure = r"(?<!\d )" if by_itself and len(word) < 3 else ""
        return re.compile(rf"(?<![a-z0-9]){figure}{re.escape(word)}(?:s|es)?(?![a-z0-9])")
    before = f"(?<!{_KATAKANA})" if re.match(_KATAKANA, word) else ""
    if by_itself and re.match(_KANJI, word):
        before = f"(?:(?<!{_KANJI})|(?<=[年度期月日]))"
    after = f"(?!{_KATAKANA})" if re.match(_KATAKANA, word[-1]) else ""
    if by_itself and re.search(f"{_KANJI}\\Z", word):
        after = "(?![人制製語])"
    if re.fullmatch(_KANJI, word):  # 兄 is not in 兄弟姉妹
        before, after = f"(?<!{_KANJI})", f"(?!{_KANJI})"
    return re.compile(before + re.escape(word) + after)


def is_said(entry: str, folded: str) -> bool:
    """Says whether a folded text has a word of the table: by itself, or in a longer run of kanji that is one of its
    words (有給休暇 in 年次有給休暇); 計画年休 is none, and says nothing of 年休.
    """
    if not re.fullmatch(f"{_KANJI}{{2,}}", entry):
        return stands(entry).search(folded) is not None
    runs = re.finditer(f"{_KANJI}*{re.escape(entry)}{_KANJI}*", folded)
    return any(run.group() in _all_words() for run in runs)


@lru_cache(maxsize=1)
def _all_words() -> frozenset[str]:
    return frozenset(fold(word) for entry, others in entries() for word in (entry, *others))
