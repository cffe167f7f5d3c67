"""What the service says of its own state, of jobs and of files, in Japanese: for a page that speaks it.

Whoever raises an error says it in English, as logs and programs read it; where it goes to a reader, it may be told
otherwise. A sentence that does not stand here stays as it is, and its code says what it is about.
"""

from __future__ import annotations

from collections.abc import Mapping

from rag.words.told import retold

IN_JAPANESE: Mapping[str, str] = {
    # of the service
    "The service is starting.": "サービスを起動しています。",
    "The service is stopping.": "サービスを終了しています。",
    "Try again in a moment.": "しばらくしてからもう一度お試しください。",
    "The job goes on after a restart.": "再起動すると、続きから処理します。",
    "The service failed on this request.": "この要求の処理中にサービスで問題が起きました。",
    "The log says why; other requests go on.": "原因はログに記録されています。ほかの要求には影響ありません。",
    "{n} questions are being answered already.": "すでに{n}件の質問に回答しています。",
    "Ask again in a few seconds.": "数秒後にもう一度お試しください。",
    # of access keys
    "This service answers who has an access key, and the request came with none.": (
        "このサービスの利用にはアクセスキーが必要ですが、要求に付いていません。"
    ),
    "Send it as Authorization: Bearer KEY. The owner of the service makes one: vouch keys add NAME": (
        "Authorization: Bearer KEY として送ってください。キーはサービスの管理者が発行します: vouch keys add NAME"
    ),
    "There is no such access key.": "このアクセスキーはありません。",
    "Look for a slip. Ask the owner of the service for another: vouch keys add NAME": (
        "入力を確かめてください。新しいキーはサービスの管理者が発行します: vouch keys add NAME"
    ),
    "Ask the owner of the service for another: vouch keys add NAME": (
        "新しいキーはサービスの管理者が発行します: vouch keys add NAME"
    ),
    "The access key {id} of {user} has expired.": "{user}のアクセスキー{id}は期限が切れました。",
    "The access key {id} of {user} was revoked.": "{user}のアクセスキー{id}は無効になりました。",
    "The access key {id} of {user} asks and reads; it changes no documents.": (
        "{user}のアクセスキー{id}でできるのは質問と閲覧だけで、文書は変更できません。"
    ),
    "The owner of the service can allow it: vouch keys change {id} --write": (
        "サービスの管理者が許可できます: vouch keys change {id} --write"
    ),
    # of the data folder
    "The data folder could not be written when it was opened; searching goes on.": (
        "データフォルダーを開いたとき、書き込めませんでした。検索はできます。"
    ),
    "The data folder cannot be written now ({why}). Searching goes on; free some space, or make it writable: nothing"
    " need be started anew.": (
        "現在データフォルダーに書き込めません（{why}）。検索はできます。空きを作るか、書き込めるようにしてください。再起動は不要です。"
    ),
    "The data folder is not where it was opened: it was moved, replaced or unmounted. Searching goes on for now;"
    " nothing is changed in it, nor in what has its place.": (
        "データフォルダーが開いたときの場所にありません。移動、置き換え、またはマウント解除されています。"
        "当面検索はできますが、元のフォルダーにも今その場所にあるものにも書き込みません。"
    ),
    "The catalog is an earlier Vouch's, and its disk is read-only or has no room to bring it up to date, which takes"
    " twice the catalog's size for a while. A copy of it is read; searching goes on.": (
        "カタログが以前の版のVouchのものですが、ディスクが読み取り専用か、更新するための空き（一時的にカタログの2倍）がありません。"
        "写しを読んでいるため、検索はできます。"
    ),
    "Documents were erased, but not everything of them has left the data folder yet. It goes when the folder is opened"
    " next, or with the next erasure.": (
        "文書を消去しましたが、データフォルダーにまだ一部が残っています。次にフォルダーを開くとき、または次の消去のときになくなります。"
    ),
    # of the indexes
    "There is no dense index yet over {rows} vectors. {rest}": (
        "{rows}件のベクトルの索引がまだありません。できるまではすべてのベクトルを比べて検索します。"
    ),
    "{what} It is being built again; until then the old one answers.": (
        "言葉の索引を作り直しています。それまでは古い索引で検索します。（{what}）"
    ),
    "{what} It is being built again; until then words and codes are not searched.": (
        "言葉の索引を作り直しています。それまでは言葉や符号では検索できません。（{what}）"
    ),
    "Passages that are not found by their words, because analysing them failed (passage_set_aside): {n}. First: passage"
    " {first}. They are found by meaning, all others as ever; vouch rebuild, or a newer version of Vouch, tries them"
    " again.": (
        "解析できなかったため、言葉では見つからない文章が{n}件あります（passage_set_aside）。最初のもの: {first}。"
        "意味では見つかり、ほかの文章には影響ありません。vouch rebuildか新しい版のVouchで、もう一度解析します。"
    ),
    # of uploads and jobs
    "There is no job {job}.": "ジョブ{job}はありません。",
    "{n} jobs are waiting already.": "すでに{n}件のジョブが待っています。",
    "Try later.": "あとでもう一度お試しください。",
    "The uploaded file {name} is empty.": "送られたファイル{name}は空です。",
    "Upload its content.": "中身のあるファイルを送ってください。",
    "The uploaded file {name} has {size} MB; the limit is {most} MB.": (
        "送られたファイル{name}は{size} MBで、上限の{most} MBを超えています。"
    ),
    "Split it, or raise VOUCH_MAX_FILE_MB.": "分割するか、VOUCH_MAX_FILE_MBを大きくしてください。",
    "Two uploaded files have the same name.": "同じ名前のファイルが2つ送られました。",
    "Rename one of them.": "どちらかの名前を変えてください。",
    "Its uploaded bytes are no longer there; upload it again.": (
        "送られた内容が残っていません。もう一度送ってください。"
    ),
    "The upload cannot be kept: {why}.": "送られたファイルを保存できません: {why}。",
    "What was committed stays; the same command goes on from here.": (
        "取り込み済みの分は残ります。もう一度実行すると続きから処理します。"
    ),
    "{path} cannot be stored under this name.": "{path}は、この名前では保存できません。",
    "Give it another name.": "別の名前を付けてください。",
    # of a file
    "{name} is empty.": "{name}は空です。",
    "Nothing was read; fill or remove the file.": "何も読み取りませんでした。中身を入れるか、削除してください。",
    "{name} holds no text.": "{name}には文字がありません。",
    "Check that it is the right file.": "正しいファイルか確かめてください。",
    "{name} has {size} MB; the limit is {most} MB.": "{name}は{size} MBで、上限の{most} MBを超えています。",
    "Split it, or raise max_file_mb.": "分割するか、max_file_mbを大きくしてください。",
    "{name} is encrypted and needs a password.": "{name}は暗号化されており、パスワードが必要です。",
    "Save a copy without the password and add that.": "パスワードのない写しを保存して、それを追加してください。",
    "{name} is damaged: {how}": "{name}は壊れています: {how}",
    "Get a whole copy of the file.": "壊れていないファイルを入手してください。",
    "Reading {name} took longer than {seconds} s and was stopped.": (
        "{name}は、{seconds}秒たっても読み終わらなかったため中止しました。"
    ),
    "Split it, or raise parse_timeout_s.": "分割するか、parse_timeout_sを大きくしてください。",
    "The parser of {name} {how}.": "{name}を読み取る処理が途中で終了しました（{how}）。",
    "The file is damaged or hostile, or needs more than parse_memory_mb; save it anew.": (
        "ファイルが壊れているか、悪意のあるものか、parse_memory_mbを超えるメモリが必要です。保存し直してください。"
    ),
}
"""The sentence in English, with places for names and figures → in Japanese, with those places that are told."""


def in_japanese(sentence: str) -> str:
    """Returns a sentence of the service as it is told in Japanese; one that does not stand here as it is."""
    return retold(sentence, IN_JAPANESE.items())
