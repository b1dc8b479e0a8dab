"""Questions in other languages, whose answers are a number, a word or a class."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from crossroute.profiler.questions.checkers import number, phrase
from crossroute.profiler.questions.graded_query import GradedQuery

_STORIES: tuple[tuple[int, str], ...] = (
    (
        1,
        "Marie a {a} pommes. Elle en achète {b} de plus. Combien de pommes a-t-elle ? Donne seulement le nombre.",
    ),
    (1, "Ana tiene {a} libros y compra {b} más. ¿Cuántos libros tiene ahora? Responde solo con el número."),
    (1, "Paul hat {a} Äpfel und kauft {b} dazu. Wie viele Äpfel hat er jetzt? Antworte nur mit der Zahl."),
    (2, "Giulia ha {a} matite e ne compra altre {b}. Quante matite ha adesso? Rispondi solo con il numero."),
    (2, "O João tem {a} moedas e recebe mais {b}. Quantas moedas tem agora? Responde só com o número."),
    (2, "У Ивана было {a} яблок, и он купил ещё {b}. Сколько яблок у него теперь? Ответь только числом."),
    (3, "小明有{a}个苹果,又买了{b}个。他现在有多少个苹果?只回答数字。"),
    (
        3,
        "太郎はりんごを{a}個持っていて、さらに{b}個買いました。今いくつ持っていますか。数字だけで答えてください。",
    ),
    (3, "Ayşe'nin {a} elması var ve {b} elma daha alıyor. Şimdi kaç elması var? Yalnızca sayıyla cevap ver."),
    (4, "राम के पास {a} सेब हैं और वह {b} सेब और खरीदता है। अब उसके पास कितने सेब हैं? केवल संख्या लिखो।"),
    (4, "لدى أحمد {a} تفاحة واشترى {b} تفاحة أخرى. كم تفاحة لديه الآن؟ أجب بالرقم فقط."),
    (4, "Juma ana maembe {a} na ananunua mengine {b}. Sasa ana maembe mangapi? Jibu kwa namba tu."),
)
"""Level, and a story in which someone has a of something and gets b more."""

_WORDS: tuple[tuple[int, str, tuple[str, ...]], ...] = (
    (1, "Translate the French word 'chien' into English. Give one word.", ("dog", "hound")),
    (1, "Translate the Spanish word 'agua' into English. Give one word.", ("water",)),
    (2, "Translate the English word 'Thursday' into German. Give one word.", ("Donnerstag",)),
    (2, "Translate the Italian word 'farfalla' into English. Give one word.", ("butterfly",)),
    (3, "Translate the Polish word 'chmura' into English. Give one word.", ("cloud",)),
    (3, "Translate the English word 'tomorrow' into Dutch. Give one word.", ("morgen",)),
    (4, "Translate the Finnish word 'avain' into English. Give one word.", ("key",)),
    (4, "Translate the Hungarian word 'könyv' into English. Give one word.", ("book",)),
)
"""Level, what is to be translated, and the translations that are accepted."""


def languages() -> Iterator[GradedQuery]:
    """Yield the stories, each with two numbers, and the words."""
    random = Random("languages")
    for level, story in _STORIES:
        a, b = random.randrange(13, 50), random.randrange(12, 40)
        text = story.format(a=a, b=b)
        yield GradedQuery("languages", level, text, float(a + b), number, str(a + b))
    for level, text, accepted in _WORDS:
        yield GradedQuery("languages", level, text, accepted, phrase, accepted[0])
