"""Tell the words of a prompt that only present its parts: what to answer from, and what comes next.

They say nothing of what is asked: "Use the following pieces of context to answer the question", "If you don't know
the answer, say so". As courtesy, they are put in endless ways from few words (`asides`): a sentence presents parts if
all of its words are of these, and one at least names a part. Where such a sentence ends with a colon, it stands over
a part as a head does.
"""

# ruff: noqa: E501, SIM905 - lists of words

from __future__ import annotations

import re
from typing import Literal

LONGEST = 260
"""Characters of such a sentence at most."""

FEW_WORDS, FEWEST = 3, 2
"""Words at least of a sentence that presents parts, and of a head."""

BESIDE = re.compile(r"\([^()\n]*\)")
WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")

MATERIAL = frozenset(
    (
        "kontext text texte textes texto textos dokument dokumente informationen auszug auszüge contexte documents passages extraits informations contexto"
        " documentos informações información fragmentos documenti testo контекст контекста документы документов текст тексте фрагменты отрывок информации "
        "context contexts information document documents passage passages excerpt excerpts source sources article articles"
        " knowledge results result material materials text texts piece pieces snippet snippets content contents page pages"
        " extract extracts portion part parts file files attachment attachments message history conversation state facts"
        " schema table input section sections background notes data thread memory memories"
    ).split()
)
"""Names of what an answer is to be found in."""

ASKING = frozenset(
    "frage fragen anfrage pregunta consulta pergunta domanda вопрос вопросы question questions query queries task request requests ask asks instruction instructions prompt follow-up".split()
)
"""Names of what is asked."""

ANSWERING = frozenset(
    "antwort antworte beantworte antworten réponds répondre réponse respuesta responde responder resposta responda rispondi risposta ответ ответь ответить answer answers answered answering response responses reply respond citations".split()
)
"""Names of what is to be written."""

TELLING = frozenset("tell know".split())
"""Verbs of a head without a name that stand over what is asked."""

SHOWING = frozenset("here attached pasted read".split())
"""Words of a head that stand over what is to be read."""

NEXT = frozenset("following below here".split())
FROM = frozenset("based using according considering".split())
"""Words with which a clause begins that names the material before what is asked."""

SAID, WHOSE = (
    frozenset(["input", "message"]),
    frozenset("user user's current my last new latest up follow-up".split()),
)
"""What is asked, if these words tell whose it is, or which."""

ORDERS = frozenset(
    "answer respond reply antworte beantworte réponds responde responda rispondi ответь".split()
)
"""Words for an answer that are orders else."""

CONDITIONS = frozenset("when if unless".split())
BEFORE_ANSWER = frozenset("a an the existing original prior previous refined final helpful new your".split())
"""Words before an answer that is a noun."""

ORDERING = frozenset("give provide ask make find write list return say show".split())
"""Verbs that with a question as their object tell to write one."""

NAMED = MATERIAL | ASKING | ANSWERING

PRESENTING = NAMED | ORDERING | TELLING | SHOWING | NEXT | FROM | BEFORE_ANSWER | CONDITIONS | frozenset(
    (
        "a an the it its this that these those which what who and or but nor not no n't of in on at to for by as is are be was were been do does"
        " don don't doesn't didn't isn't aren't can can't cannot could couldn't will would should must may might if then than so when where whether"
        " i you we me my your our us they their user user's users human's human client's customer customer's assistant someone"
        " use used only just solely any anything all some more most much better best good new now first second last next again"
        " also too nothing mind keep bear regard like wish with from per above provided provide given giving give retrieved relevant related original existing prior previous earlier current"
        " supplied enough available long short final refined helpful possible additional further several multiple different"
        " refine improve needed necessary opportunity return say saying state clearly admit simply please always never also instead"
        " try trying make up find sure unsure unable hmm i'm i'd you're it's that's aren't think carefully careful directly"
        " reference references referencing refer cite citing quote avoid statement statements like anything along lines beginning"
        " end start same language own question-answering answer-finding base truthfully truth honest honestly correct correctly"
        " contain contains contained include includes present presented mentioned found useful there about inside within outside"
        " follow follows exactly verbatim word words exact let let's begin such them other others one two three four five six"
        " search searched was it on my going day look looked copy some wrote written said show shown asked set list numbered order"
        " nutze nur die den der das folgenden folgende anhand um zu wenn du nicht weißt sage dass es am ende"
        " utilise uniquement le la les éléments de suivants pour à fin si tu ne sais pas dis que ci-dessous partir du"
        " usa solo el los siguientes para al final si no sabes di que basándote en use apenas o os seguintes com base no se não sabe diga"
        " используй только следующие чтобы на в конце если ты не знаешь скажи что опираясь"
        " answering need want help asked sent have got see found and/or via up-to-date expert systems trusted pay attention important note remember reminder ready subsequent"
        " review repeat rewrite doubt mention mentioning obtained according clarification learned xml json tags tag output outputs"
        " corresponding field fields starting ending marker completed consult using shows multiple-choice own"
        " clear unclear detail details detailed concise brief accurate factual faithful fully complete"
    ).split()
)  # fmt: skip
"""All words of such a sentence; numbers may stand beside."""

Kind = Literal["question", "context", "answer", "rest"]


def presents_parts(sentence: str) -> bool:
    """Return whether a sentence only says what to answer from, or what to do where the answer is not there.

    Args:
        sentence: In small letters.

    >>> [presents_parts(each) for each in ("use only the context below to answer.", "i will give you a document.")]
    [True, True]
    >>> [presents_parts(each) for each in ("summarize the text.", "what is the answer?", "give three questions on it.")]
    [False, False, False]
    """
    if len(sentence) > LONGEST or any(map(sentence.strip().__contains__, "?:\n")):
        return False
    words = words_of(sentence)
    if len(words) < FEW_WORDS or not PRESENTING.issuperset(words):
        return False
    if NAMED.isdisjoint(words) and words[0] not in CONDITIONS:
        return False
    return words[0] not in ORDERING or ASKING.isdisjoint(words) or not ANSWERING.isdisjoint(words)


def kind_below(clause: str) -> Kind | None:
    """Return what stands below a clause with a colon at its end; None where it is no head.

    >>> [kind_below(each) for each in ("The original query is as follows", "Here is the context for the question")]
    ['question', 'context']
    >>> [kind_below(each) for each in ("Using these results, answer", "Now tell me", "Read this", "My dear friends")]
    ['question', 'question', 'context', None]
    """
    if not _may_be_head(clause.lower()):
        return None
    clause = BESIDE.sub("", clause)
    if len(clause) > LONGEST or "?" in clause:
        return None
    words = words_of(clause.lower())
    if len(words) < FEWEST or not PRESENTING.issuperset(words):
        return None
    last = words_of(clause.lower().rpartition(",")[2])
    return kind_named(last) or kind_named(words)


def _may_be_head(clause: str) -> bool:
    """Return whether all words of a clause may be of a head; it stops at the first one that is not."""
    bracket = clause.find("(")  # what stands in brackets is not read
    for found in WORD.finditer(clause):
        if 0 <= bracket <= found.end():
            break
        if found[0] not in PRESENTING and not found[0].isdecimal():
            return False
    return True


def kind_named(words: list[str]) -> Kind | None:
    """Return the kind of the last part that words name, or of the one that "following" or the like is put before."""
    if not words or words[0] in CONDITIONS:
        return None
    if words[0] in FROM and NEXT.isdisjoint(words):
        return "question"
    named = [(place, kind) for place in range(len(words)) if (kind := _kind_at(words, place))]
    after = next((place for place, word in enumerate(words) if word in NEXT), -1)
    if after >= 0 and (kind := next((kind for place, kind in named if place > after), None)):
        return kind
    if named:
        return named[-1][1]
    if not TELLING.isdisjoint(words):
        return "question"
    return None if SHOWING.isdisjoint(words) else "context"


def _kind_at(words: list[str], place: int) -> Kind | None:
    word, before = words[place], words[place - 1] if place else ""
    if word in ASKING or (word in SAID and before in WHOSE):
        return "question"
    if word in MATERIAL:
        return "context"
    if word in ANSWERING:
        return "answer" if before in BEFORE_ANSWER else "question" if word in ORDERS else None
    return None


def words_of(text: str) -> list[str]:
    """Return the words of a text, numbers aside."""
    return [word for word in WORD.findall(text) if not word.isdecimal()]
