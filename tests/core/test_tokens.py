"""Estimates against real vocabularies, which LlamaIndex brings along."""

from __future__ import annotations

import json
import os
import unicodedata
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossroute import Query, Router
from crossroute.patterns import OTHER_BLANKS
from crossroute.tokens import LONGEST, PIECE, count_pieces, estimate_tokens, vocabulary_of

# ruff: noqa: E501, RUF001
TEXTS = {
    "Kyrgyz": "Саламатсызбы! Мага Бишкекте арзан мейманкана табууга жардам бериңизчи. Эки күнгө барабыз, балдар менен, ошондуктан тынч жер керек.",
    "Mongolian": "Хүн бүр төрж мэндлэхэд эрх чөлөөтэй, адилхан нэр төртэй, ижил эрхтэй байдаг. Оюун ухаан, нандин чанар заяасан хүн гэгч өөр хоорондоо ахан дүүгийн үзэл санаагаар харьцах учиртай.",
    "Tatar": "Барлык кешеләр дә азат һәм үз абруйлары һәм хокуклары ягыннан тиң булып туалар. Аларга акыл һәм вөҗдан бирелгән һәм бер-берсенә карата туганнарча мөнәсәбәттә булырга тиешләр.",
    "Ossetian": "Адӕймӕгтӕ се 'ппӕт дӕр райгуырынц сӕрибарӕй ӕмӕ ӕмхуызонӕй сӕ барты. Уыдон ӕххӕст сты зонд ӕмӕ цӕсгомӕй, ӕмӕ кӕрӕдзийӕн хъуамӕ уой ӕфсымӕрты хуызӕн.",
    "Chuvash": "Ҫынсем пурте тан праваллӑ та ирӗклӗ ҫуралаҫҫӗ. Вӗсене ӑспа тӗшмӗртӳ кӳнӗ, вӗсен пӗр-пӗринпе тӑванла пурӑнмалла.",
    "Komi": "Йӧз вермасны шуны, мый олӧмыс бур, а ми ог на тӧдӧй, мый водзын. Став йӧзыс чужӧны вӧльнӧйӧн да ӧткодь тшӧтшкӧс правоа.",
    "Uyghur": "ياخشىمۇسىز، ماڭا ئۈرۈمچىدىكى ئەڭ ياخشى ئاشخانىلارنى تونۇشتۇرۇپ بەرسىڭىز. بىز تۆت ئادەم، كەچلىك تاماق يېمەكچى.",
    "Sorani": "تکایە یارمەتیم بدە نامەیەک بنووسم بۆ بەڕێوەبەرەکەم، سبەینێ ناتوانم بێم بۆ کار چونکە نەخۆشم. چۆن بە ڕێزەوە بیڵێم؟",
    "Pashto": "د بشر ټول افراد آزاد نړۍ ته راځي او د حيثيت او حقوقو له پلوه سره برابر دي. ټول د عقل او وجدان خاوندان دي او يو له بل سره د ورورۍ په روحيې سره بايد چلند کړي.",
    "Odia": "ସବୁ ମନୁଷ୍ୟ ଜନ୍ମକାଳରୁ ସ୍ୱାଧୀନ ଏବଂ ମର୍ଯ୍ୟାଦା ଓ ଅଧିକାରରେ ସମାନ. ସେମାନଙ୍କଠାରେ ବୁଦ୍ଧି ଓ ବିବେକ ନିହିତ ଅଛି ଏବଂ ସେମାନଙ୍କୁ ପରସ୍ପର ପ୍ରତି ଭ୍ରାତୃତ୍ୱ ମନୋଭାବରେ ବ୍ୟବହାର କରିବା ଉଚିତ୍.",
    "Arabic with vowels": "بِسْمِ اللَّهِ الرَّحْمَٰنِ الرَّحِيمِ الْحَمْدُ لِلَّهِ رَبِّ الْعَالَمِينَ الرَّحْمَٰنِ الرَّحِيمِ مَالِكِ يَوْمِ الدِّينِ",
    "Katakana at half width": "ｺﾝﾆﾁﾊ､ｷｮｳﾊｲｲﾃﾝｷﾃﾞｽﾈ｡",
    "English": "Please help me write an email telling the customer that their order will ship next Wednesday because "
    "the supplier is late, and apologise for the inconvenience. Keep it polite but not too formal.",
    "Chinese": "请帮我写一封邮件，告诉客户由于供应商延迟交货，他们的订单要到下周三才能发出，并为给他们带来的不便表示歉意。语气要礼貌，但不要太正式。"
    "我昨天去医院看了医生，他说我的血压有点高，建议我少吃盐，多运动，每天早上测一次血压并记录下来。",
    "traditional Chinese": "請幫我寫一封電子郵件，告訴客戶因為供應商延遲交貨，他們的訂單要到下週三才能寄出，並為造成的不便致歉。"
    "立法院今日三讀通過修正案，未來企業違反勞動檢查規定者，最高可處新臺幣一百萬元罰鍰。",
    "Japanese": "京都は日本の古い都で、千年以上にわたって政治と文化の中心でした。今でも多くの寺や神社が残っており、春には桜、"
    "秋には紅葉を見るために世界中から観光客が訪れます。ただし、混雑を避けたい場合は早朝に出かけるのがおすすめです。",
    "Korean": "서울은 대한민국의 수도이며 인구가 약 천만 명에 이르는 큰 도시입니다. 오래된 궁궐과 현대적인 건물이 함께 어우러져 있고, "
    "지하철이 편리해서 여행하기 좋습니다. 봄과 가을에는 날씨가 좋아 많은 관광객이 찾아옵니다.",
    "Hindi": "मुझे कल रात से बुखार और सिर में दर्द है। क्या मुझे डॉक्टर के पास जाना चाहिए या घर पर आराम करना काफी होगा? "
    "राम के पास बारह सेब थे। उसने एक तिहाई अपनी बहन को दिए और बचे हुए सेबों में से आधे अपने दोस्त को दे दिए।",
    "Arabic": "التعلم الآلي هو فرع من فروع الذكاء الاصطناعي يسمح للحاسوب بأن يتعلم من البيانات دون أن تكتب له القواعد واحدة "
    "واحدة. أشعر بصداع شديد منذ مساء أمس ولدي حرارة خفيفة. هل يجب أن أذهب إلى الطبيب أم يكفي أن أرتاح في المنزل؟",
    "formal Arabic": "يهدف هذا التقرير إلى دراسة أثر التغيرات المناخية في الإنتاج الزراعي في دول المنطقة خلال العقدين الماضيين، "
    "ويقترح جملة من الإجراءات التي ينبغي للحكومات اتخاذها من أجل ضمان الأمن الغذائي لمواطنيها.",
    "spoken Korean": "야 너 어제 왜 전화 안 받았어? 나 한참 기다렸잖아. 오늘 저녁에 시간 되면 같이 밥이나 먹자. 요즘 너무 바빠서 얼굴 볼 시간도 없네. "
    "아 그리고 지난번에 빌려준 책 다 읽었으면 좀 가져다줘.",
    "Russian": "Подскажите, пожалуйста, как правильно оформить возврат товара, если чек уже потерян, а покупка была оплачена "
    "картой? Продавец говорит, что без чека ничего сделать нельзя, но мне кажется, что это не так.",
    "Ukrainian": "Напишіть, будь ласка, короткий лист клієнтові про те, що його замовлення затримується через погодні умови. "
    "Запропонуйте знижку на наступну покупку та вибачтеся за незручності.",
    "Bulgarian": "Моля, напишете кратко писмо до клиента, че поръчката му ще закъснее заради лошото време. Предложете "
    "отстъпка за следващата покупка и се извинете за неудобството.",
    "Cantonese": "你琴日去咗邊度呀？我打咗好多次電話畀你都冇人聽。今晚得唔得閒一齊食飯？我哋可以去上次嗰間茶餐廳，嗰度啲奶茶好好飲。",
    "German": "Bitte schreiben Sie eine kurze Nachricht an den Kunden, dass sich die Lieferung wegen des Wetters um einige "
    "Tage verspätet, und bieten Sie ihm einen Rabatt für die nächste Bestellung an.",
    "Dutch": "Schrijf een kort bericht aan de klant dat de levering door het slechte weer enkele dagen later komt, en bied "
    "hem korting aan op zijn volgende bestelling.",
    "Indonesian": "Tolong tuliskan pesan singkat kepada pelanggan bahwa pengiriman akan terlambat beberapa hari karena cuaca "
    "buruk, dan tawarkan potongan harga untuk pesanan berikutnya.",
    "Italian": "Scrivi un breve messaggio al cliente per dirgli che la consegna arriverà con qualche giorno di ritardo a causa "
    "del maltempo, e offrigli uno sconto sul prossimo ordine.",
    "French": "Écrivez un court message au client pour lui dire que la livraison aura quelques jours de retard à cause du "
    "mauvais temps, et proposez-lui une remise sur sa prochaine commande.",
    "Basque": "Gizon-emakume guztiak aske jaiotzen dira, duintasun eta eskubide berberak dituztela; eta ezaguera "
    "eta kontzientzia dutenez gero, elkarren artean senide legez jokatu beharra dute.",
    "Welsh": "Genir pawb yn rhydd ac yn gydradd â'i gilydd mewn urddas a hawliau. Fe'u cynysgaeddir â rheswm a "
    "chydwybod, a dylai pawb ymddwyn y naill at y llall mewn ysbryd cymodlon.",
    "Uzbek": "Barcha odamlar erkin, qadr-qimmat va huquqlarda teng bo‘lib tug‘iladilar. Ular aql va vijdon "
    "sohibidirlar va bir-birlari ila birodarlarcha muomala qilishlari zarur.",
    "Lithuanian": "Visi žmonės gimsta laisvi ir lygūs savo orumu ir teisėmis. Jiems suteiktas protas ir sąžinė ir jie "
    "turi elgtis vienas kito atžvilgiu kaip broliai.",
    "Latvian": "Visi cilvēki piedzimst brīvi un vienlīdzīgi savā pašcieņā un tiesībās. Viņi ir apveltīti ar saprātu "
    "un sirdsapziņu, un viņiem jāizturas citam pret citu brālības garā.",
    "Maltese": "Il-bnedmin kollha jitwieldu ħielsa u ugwali fid-dinjità u d-drittijiet. Huma mogħnija bir-raġuni u "
    "bil-kuxjenza u għandhom iġibu ruħhom ma' xulxin bi spirtu ta' aħwa.",
    "Icelandic": "Hver maður er borinn frjáls og jafn öðrum að virðingu og réttindum. Menn eru gæddir vitsmunum og "
    "samvisku, og ber þeim að breyta bróðurlega hverjum við annan.",
    "Hausa": "Su dai 'yan-adam, ana haifuwarsu ne duka 'yantattu, kuma kowannensu na da mutunci da hakkoki daidai "
    "da na kowa. Suna da hankali da tunani, saboda haka duk abin da za su aikata wa juna, ya kamata su yi"
    " shi a cikin 'yan-uwanci.",
    "Tagalog": "Ang lahat ng tao'y isinilang na malaya at pantay-pantay sa karangalan at mga karapatan. Sila'y "
    "pinagkalooban ng katwiran at budhi at dapat magpalagayan ang isa't isa sa diwa ng pagkakapatiran.",
    "Irish": "Saolaítear na daoine uile saor agus comhionann ina ndínit agus ina gcearta. Tá bauidh an réasúin "
    "agus an choinsiasa acu agus dlíd iad féin d'iompar de mheon bráithreachais i leith a chéile.",
    "Malagasy": "Teraka afaka sy mitovy zo sy fahamendrehana avokoa ny olombelona rehetra. Samy manan-tsaina sy "
    "fieritreretana ka tokony hifampitondra am-pirahalahiana.",
    "Azerbaijani": "Bütün insanlar ləyaqət və hüquqlarına görə azad və bərabər doğulurlar. Onların şüurları və "
    "vicdanları var və bir-birlərinə münasibətdə qardaşlıq ruhunda davranmalıdırlar.",
    "Turkish": "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. Akıl ve vicdana sahiptirler ve "
    "birbirlerine karşı kardeşlik zihniyeti ile hareket etmelidirler.",
    "Romanian": "Toate ființele umane se nasc libere și egale în demnitate și în drepturi. Ele sunt înzestrate cu "
    "rațiune și conștiință și trebuie să se comporte unele față de altele în spiritul fraternității.",
    "Slovenian": "Vsi ljudje se rodijo svobodni in imajo enako dostojanstvo in enake pravice. Obdarjeni so z razumom "
    "in vestjo in bi morali ravnati drug z drugim kakor bratje.",
    "Catalan": "Tots els éssers humans neixen lliures i iguals en dignitat i en drets. Són dotats de raó i de "
    "consciència, i han de comportar-se fraternalment els uns amb els altres.",
    "Vietnamese": "Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền lợi. Mọi con người đều "
    "được tạo hóa ban cho lý trí và lương tâm và cần phải đối xử với nhau trong tình anh em.",
    "names": "Barack Obama met Narendra Modi and Volodymyr Zelenskyy in Thiruvananthapuram before flying to Reykjavik and Ouagadougou.",
    "medicine": "Patients with idiopathic thrombocytopenic purpura refractory to corticosteroids underwent laparoscopic splenectomy; postoperative thromboembolism was rare.",
    "Python": Path(json.__file__).read_text("utf-8"),
    "Rust": "impl<V: Clone> Cache<V> {\n    pub fn get(&self, key: &str) -> Option<V> {\n"
    "        self.entries.lock().unwrap().get(key).cloned()\n    }\n}\n",
    "JSON": json.dumps(
        [{"id": 4711 + i, "email": f"user{i}@example.com", "active": True, "score": 81.25} for i in range(9)]
    ),
    "indented JSON": json.dumps({"name": "crossroute", "tags": ["new", "vip"], "zip": "04109"}, indent=2),
}


@pytest.fixture(scope="module")
def encodings():
    tiktoken = pytest.importorskip("tiktoken", reason="needs tiktoken")
    llama_index = find_spec("llama_index.core")
    if llama_index is None or llama_index.origin is None:
        pytest.skip("needs the vocabularies that come with llama-index-core")
    with pytest.MonkeyPatch.context() as patch:
        folder = Path(llama_index.origin).parent / "_static" / "tiktoken_cache"
        patch.setitem(os.environ, "TIKTOKEN_CACHE_DIR", str(folder))
        yield {name: tiktoken.get_encoding(f"{name}_base") for name in ("o200k", "cl100k")}


@pytest.mark.parametrize("vocabulary", ["o200k", "cl100k"])
@pytest.mark.parametrize("kind", TEXTS)
def test_estimates_are_within_15_percent_of_the_tokenizers(kind, vocabulary, encodings):
    counted = len(encodings[vocabulary].encode(TEXTS[kind]))
    assert estimate_tokens(TEXTS[kind], vocabulary) == pytest.approx(counted, rel=0.15)


@pytest.mark.parametrize(
    "text", ["é" * 3, "Nous avons déjà visité la forêt près de Besançon, où les élèves étaient."]
)
def test_marks_apart_from_their_letters_are_counted(text, encodings):
    apart = unicodedata.normalize("NFD", text)
    for vocabulary, encoding in encodings.items():
        assert estimate_tokens(apart, vocabulary) == pytest.approx(
            len(encoding.encode(apart)), rel=0.2, abs=2
        )


def test_digits_are_counted_by_three_however_many_there_are(encodings):
    assert estimate_tokens("7" + "0123456789" * 20) == len(encodings["o200k"].encode("7" + "0123456789" * 20))


def test_of_a_long_text_of_many_kinds_slices_are_counted_as_the_whole():
    kinds = [TEXTS[kind] for kind in ("English", "JSON", "Python", "German")]
    text = " ".join(each[part : part + 3000] for part in range(0, 30_000, 3000) for each in kinds)
    parts = [text[start : start + LONGEST] for start in range(0, len(text), LONGEST)]
    assert estimate_tokens(text) == pytest.approx(sum(map(estimate_tokens, parts)), rel=0.1)


def test_of_a_long_text_slices_are_counted(encodings):
    text = (TEXTS["Python"] + TEXTS["Chinese"] + TEXTS["English"]) * 40
    assert len(text) > 30 * LONGEST
    assert estimate_tokens(text) == pytest.approx(len(encodings["o200k"].encode(text)), rel=0.15)


@pytest.mark.parametrize(
    "text", ["A" * 4_000, "deadbeef" * 120, "ACGT" * 250, "-" * 400, "😀" * 500, "\n" * 1_000]
)
def test_what_is_no_prose_has_no_more_tokens_than_bytes(text):
    assert 1 <= estimate_tokens(text) <= len(text.encode())


def test_no_text_has_a_token_all_the_same():
    assert [estimate_tokens(text) for text in ("", " ", "a")] == [1, 1, 1]


def test_older_models_count_more_tokens_of_other_scripts():
    assert Query("What is the capital of France?").older_tokens == 7
    query = Query(TEXTS["Hindi"])
    assert query.whole_tokens == estimate_tokens(query.text)
    assert query.older_tokens == estimate_tokens(query.text, "cl100k") > 3 * query.whole_tokens
    # by the tokenizers
    assert Query(TEXTS["Hindi"], input_tokens=1_000).older_tokens == pytest.approx(1_000 * 199 / 65, rel=0.1)


@pytest.mark.parametrize(
    ("name", "vocabulary"),
    [
        *(
            (name, "cl100k")
            for name in ("gpt-4", "azure:gpt-35-turbo", "openai/gpt-3.5-turbo", "gpt-4-turbo")
        ),
        *(
            (name, "o200k")
            for name in ("gpt-4o-mini", "gpt-4.1", "gpt-4.5-preview", "gpt-5", "claude-opus-4-5")
        ),
    ],
)
def test_names_tell_the_vocabulary(name, vocabulary):
    assert vocabulary_of(name) == vocabulary


def test_a_window_is_compared_with_the_input_as_each_candidate_counts_it():
    router = Router.from_pretrained("universal").subset(["gpt-4-0613", "gpt-4o-mini"])
    chinese = TEXTS["Chinese"] * 65  # 5,600 tokens of the newer vocabulary, 8,300 of the older
    excluded = {a.candidate: a.excluded for a in router.route(chinese).alternatives}
    assert excluded["gpt-4o-mini"] is None
    assert "context window of 8,192 tokens, the call has about 8,3" in excluded["gpt-4-0613"]
    costs = router.predict([chinese]).cost[0]
    assert costs[0] > 8_300 * router.pool["gpt-4-0613"].price.input / 1e6


PARTS = st.sampled_from([*" \n\t\r.a1\xe9\u4e00", *OTHER_BLANKS, "  ", "\n\n", "----", "word", "x" * 70])


@given(st.lists(PARTS).map("".join) | st.text())
def test_pieces_counted_word_by_word_are_those_of_the_whole_text(text):
    assert count_pieces(text) == len(PIECE.findall(text))


@pytest.mark.parametrize("kind", ["Basque", "Slovenian", "Tagalog", "English", "medicine", "German"])
def test_a_query_counts_what_is_estimated_whatever_is_read_as_it_stands(kind):
    assert Query(TEXTS[kind]).whole_tokens == estimate_tokens(TEXTS[kind])
