"""Recognize sentences of a prompt that only introduce its parts: what to answer from, and what comes next.

They contain nothing of the question: "Use the following pieces of context to answer the question", "If you don't know
the answer, say so". Like courtesies (`asides`), they have endless variants of few words. So a sentence introduces
parts if all of its words are in one set, and at least one names a part. If it ends with a colon, it is the heading of a
part.
"""

# ruff: noqa: E501, SIM905 - lists of words

from __future__ import annotations

import re
from typing import Literal

LONGEST = 260
"""Most characters of such a sentence."""

FEW_WORDS, FEWEST = 3, 2
"""Least words of such a sentence, and of a heading."""

BRACKETED = re.compile(r"\([^()\n]*\)")
"""Text in brackets, which is ignored."""

WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")

CONTEXT_NAMES = frozenset(
    (
        "kontext text texte textes texto textos dokument dokumente informationen auszug auszüge contexte documents passages extraits informations contexto"
        " documentos informações información fragmentos documenti testo контекст контекста документы документов текст тексте фрагменты отрывок информации "
        "context contexts information document documents passage passages excerpt excerpts source sources article articles"
        " knowledge results result material materials text texts piece pieces snippet snippets content contents page pages"
        " extract extracts portion part parts file files attachment attachments message history conversation state facts"
        " schema table input section sections background notes data thread memory memories"
    ).split()
)
"""Names of the context."""

QUESTION_NAMES = frozenset(
    "frage fragen anfrage pregunta consulta pergunta domanda вопрос вопросы question questions query queries task request requests ask asks instruction instructions prompt follow-up".split()
)
"""Names of the question."""

ANSWER_NAMES = frozenset(
    "antwort antworte beantworte antworten réponds répondre réponse respuesta responde responder resposta responda rispondi risposta ответ ответь ответить answer answers answered answering response responses reply respond citations".split()
)
"""Names of the answer."""

QUESTION_VERBS = frozenset("tell know".split())
"""Verbs of a heading of the question that has no name."""

CONTEXT_WORDS = frozenset("here attached pasted read".split())
"""Words of a heading of the context that has no name."""

NEXT = frozenset("following below here".split())
"""Words before the name of the part that follows."""

FROM = frozenset("based using according considering".split())
"""First words of a clause that names the context before the question ("Using these results, answer:")."""

SAID, WHOSE = (
    frozenset(["input", "message"]),
    frozenset("user user's current my last new latest up follow-up".split()),
)
"""Names of the question after one of WHOSE ("user message")."""

ORDERS = frozenset(
    "answer respond reply antworte beantworte réponds responde responda rispondi ответь".split()
)
"""Names of the answer that are orders, and so headings of the question, unless one of BEFORE_ANSWER comes before."""

CONDITIONS = frozenset("when if unless".split())
"""First words of a condition."""

BEFORE_ANSWER = frozenset("a an the existing original prior previous refined final helpful new your".split())
"""Words before an answer that is a noun."""

ORDERING = frozenset("give provide ask make find write list return say show".split())
"""Verbs that ask for a question to be written if a question is their object."""

NAMED = CONTEXT_NAMES | QUESTION_NAMES | ANSWER_NAMES
"""Names of parts."""

PRESENTING = NAMED | ORDERING | QUESTION_VERBS | CONTEXT_WORDS | NEXT | FROM | BEFORE_ANSWER | CONDITIONS | frozenset(
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
"""Words of sentences that introduce parts; numbers are allowed too."""

Kind = Literal["question", "context", "answer", "rest"]


def presents_parts(sentence: str) -> bool:
    """Return whether a sentence only says what to answer from, or what to do if the answer is not there.

    Args:
        sentence: In lower case.

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
    return words[0] not in ORDERING or QUESTION_NAMES.isdisjoint(words) or not ANSWER_NAMES.isdisjoint(words)


def kind_below(clause: str) -> Kind | None:
    """Return the kind of the part below a clause that ends with a colon; None if the clause is no heading.

    >>> [kind_below(each) for each in ("The original query is as follows", "Here is the context for the question")]
    ['question', 'context']
    >>> [kind_below(each) for each in ("Using these results, answer", "Now tell me", "Read this", "My dear friends")]
    ['question', 'question', 'context', None]
    """
    if not _may_be_heading(clause.lower()):
        return None
    clause = BRACKETED.sub("", clause)
    if len(clause) > LONGEST or "?" in clause:
        return None
    words = words_of(clause.lower())
    if len(words) < FEWEST or not PRESENTING.issuperset(words):
        return None
    last = words_of(clause.lower().rpartition(",")[2])
    return kind_named(last) or kind_named(words)


def _may_be_heading(clause: str) -> bool:
    """Return whether all words of a clause, up to a bracket, occur in headings; a fast check before `kind_below`."""
    bracket = clause.find("(")  # brackets are ignored
    for found in WORD.finditer(clause):
        if 0 <= bracket <= found.end():
            break
        if found[0] not in PRESENTING and not found[0].isdecimal():
            return False
    return True


def kind_named(words: list[str]) -> Kind | None:
    """Return the kind of part that words name: the part after "following" or the like, or else the last one."""
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
    if not QUESTION_VERBS.isdisjoint(words):
        return "question"
    return None if CONTEXT_WORDS.isdisjoint(words) else "context"


def _kind_at(words: list[str], place: int) -> Kind | None:
    word, before = words[place], words[place - 1] if place else ""
    if word in QUESTION_NAMES or (word in SAID and before in WHOSE):
        return "question"
    if word in CONTEXT_NAMES:
        return "context"
    if word in ANSWER_NAMES:
        return "answer" if before in BEFORE_ANSWER else "question" if word in ORDERS else None
    return None


def words_of(text: str) -> list[str]:
    """Return the words of a text without numbers."""
    return [word for word in WORD.findall(text) if not word.isdecimal()]
