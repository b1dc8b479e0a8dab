"""Find the question in a text: what is asked, apart from what was put beside it.

The rules, in order, over a normalized text:

1. What a harness put in says nothing: reminders, environment details, summaries, lists of tools.
2. What stands in `<question>` or its like is the question; a long block in other tags, or of code, is context.
3. A section under "Question:" or its like is the question, one under "Context:" or its like is context, and so
   is what stands before a question, unless it is short.
4. Where nothing is marked, in a long text, a short paragraph (or line, or sentence) at an end that asks is the
   question.
5. Else all of it is the question: also a prompt of several shots that are not marked so.
"""

# ruff: noqa: RUF001 - punctuation of other scripts

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from crossroute.reading import wordings

LEAD_CHARACTERS = 300
"""What stands before a marked question is read with it while it is no longer than this: an instruction."""

ASKING_CHARACTERS = 400
"""A paragraph that asks is at most this long."""

LEAST_WORDS = 3
BLOCK_CHARACTERS = 200
MOST_TAGS = 400
INSERTED_CHARACTERS = 10_000
CODE_CHARACTERS = 600
"""A shorter block in tags, or of code, is read with the question."""

LONG = 1_200
"""Characters beside a paragraph that asks that are context without being marked so."""

FOLLOW_UP_CHARACTERS = 120
UNSPACED_CHARACTERS = 4
"""A text that is neither English nor longer than this says little of its own, such as "go on" in Chinese."""

BLOCK = re.compile(r"<(?P<tag>[A-Za-z][\w.-]*)(?: [^<>]*)?>(?P<inner>.*?)</(?P=tag)>", re.DOTALL)
FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
QUESTION_TAG = re.compile(wordings.QUESTION_TAGS, re.IGNORECASE)
HARNESS_TAG = re.compile(wordings.HARNESS_TAGS, re.IGNORECASE)
CONTEXT_TAG = re.compile(wordings.CONTEXT, re.IGNORECASE)
HARNESS = re.compile(rf"[ #*\[(]*(?:{wordings.HARNESS})\b", re.IGNORECASE)
SUMMARY = re.compile(rf"[ #*\[(]*(?:{wordings.SUMMARY})\b", re.IGNORECASE)
HEAD = re.compile(
    rf"(?m)^[ >#*\d.]*(?:(?:{wordings.QUALIFIER}) ){{0,2}}"
    rf"(?:(?P<question>{wordings.QUESTION})|(?P<context>{wordings.CONTEXT})|(?P<answer>{wordings.ANSWER}))"
    r"(?: \d+| information| below| is below)*[*]*(?: ?[:：][*]*|(?<=below)\.)",
    re.IGNORECASE,
)
REQUEST = re.compile(rf"[¿¡\s*#>\-\d.)]*(?:{wordings.REQUEST})(?:\b|(?<=[^\x00-\u02ff]))", re.IGNORECASE)
PROBLEM = re.compile(rf"\b(?:{wordings.PROBLEM})\b", re.IGNORECASE)
CHOICES = re.compile(r"(?m)^(?:\(?[A-Ja-j][).:]|\(?\d\)) .*\n+(?:\(?[B-Jb-j][).:]|\(?\d\)) ")
EMPTY_CHOICES = re.compile(
    rf"(?:\n+\(?(?:[A-Ja-j]|\d)[).:] *(?:{wordings.EMPTY_CHOICES})[.!]?(?=\n|$))+$", re.IGNORECASE
)
UNITS = (re.compile(r"\n\n+"), re.compile(r"\n"), re.compile(r"(?<=[.!?。！？؟])\s*(?=\S)"))
LIST_LINE = re.compile(r"[-*•\d#]|[A-Z]{4,}|[\w.-]+ ?[:(]")
CLAUSE = re.compile(r"[,.!?;:\n，。！？；]+")
WORD = re.compile(r"\w+(?:['’-]\w+)*")
ROUTING = re.compile(
    r"(?:(?<=[.!?] )|(?<=\n)|^|(?<=\s)(?=(?-i:[A-Z])))(?:please |you must |always |only |make sure to )*"
    r"(?:use|choose|pick|select|route|send|forward|escalate|answer|call|give)\b[^.!?\n]{0,80}"
    r"\b(?:strongest|best|smartest|largest|biggest|most \w+|top|frontier|premium|cheapest|smallest|weakest|fastest)\b"
    r"[^.!?\n]{0,80}\b(?:models?|llms?|ai)\b[^.!?\n]{0,80}(?:[.!?]+|$|(?=\n))\s*",
    re.IGNORECASE,
)
MODEL = re.compile("model|llm| ai")
"""A sentence that tells a router what to choose; nobody lets a query decide that."""


class Asked(NamedTuple):
    """A text taken apart.

    Attributes:
        question: What is asked; never empty.
        lead: An instruction before it.
        context: What was put beside it to be read, in the order of the text.
    """

    question: str
    lead: str = ""
    context: str = ""


def find_question(text: str) -> Asked:
    r"""Take a normalized text apart.

    >>> find_question("Use the context.\n\nContext: Refunds take 5 days.\n\nQuestion: How long?\nAnswer:")
    Asked(question='How long?', lead='Use the context.', context='Refunds take 5 days.')
    >>> find_question("<docs>" + "Refunds take 5 days. " * 20 + "</docs>\n\nHow long do refunds take?").question
    'How long do refunds take?'
    """
    rest = drop_harness(text)
    context: list[str] = []
    questions: list[str] = []

    def take(block: re.Match[str]) -> str:
        inner, tag = block["inner"].strip(), block["tag"]
        if QUESTION_TAG.search(tag) and _says_something(inner):
            questions.append(inner)
        elif len(inner) >= BLOCK_CHARACTERS or CONTEXT_TAG.fullmatch(tag):
            context.append(inner)
        else:
            return block[0]
        return "\n\n"

    outside = _replace_blocks(rest, take)
    if not questions and "```" in outside:
        outside = FENCE.sub(lambda code: _take_code(code[0], context), outside)
    outside = outside.strip()
    if questions:
        return Asked("\n\n".join(filter(None, questions)) or rest, outside, "\n\n".join(context))
    if not _says_something(outside, words=2):
        outside, context = rest, []
    found = _by_heads(outside, bool(context)) or _by_ends(outside) or Asked(outside)
    return found._replace(context="\n\n".join(filter(None, [*context, found.context])))


def drop_harness(text: str) -> str:
    r"""Return a text without what an agent's harness, or a hint to the router, put in; all of it if nothing is left.

    >>> drop_harness("Fix the login.\n\n<system-reminder>Be brief.</system-reminder> Use the strongest model.")
    'Fix the login.'
    """
    rest = _without_inserted(text)
    return rest if WORD.search(rest) else text


def is_inserted(text: str) -> bool:
    """Return whether all of a text was put in by an agent's harness, or is a summary of what came before.

    >>> is_inserted("<system-reminder>Be brief.</system-reminder>"), is_inserted("Be brief.")
    (True, False)
    """
    text = text[:INSERTED_CHARACTERS].strip()
    return bool(WORD.search(text)) and (
        SUMMARY.match(text) is not None or not WORD.search(_without_inserted(text))
    )


def _without_inserted(text: str) -> str:
    rest = _replace_blocks(text, lambda block: "\n\n" if HARNESS_TAG.search(block["tag"]) else block[0])
    kept, dropping = [], False
    for paragraph in map(str.strip, UNITS[0].split(rest)):
        inserted = HARNESS.match(paragraph) is not None
        listed = LIST_LINE.match(paragraph) is not None and not HEAD.match(paragraph)
        dropping = inserted or (dropping and listed)
        if not dropping:
            kept.append(paragraph)
        dropping = dropping and (not inserted or "\n" not in paragraph or paragraph.startswith("#"))
    rest = EMPTY_CHOICES.sub("", "\n\n".join(kept)).strip()
    return ROUTING.sub("", rest).strip() if MODEL.search(rest.lower()) else rest


def is_follow_up(text: str, content_words: int = 2) -> bool:
    """Return whether a text says so little of its own that only what it refers to tells what it asks.

    Args:
        text: A normalized text.
        content_words: Words with content that it may have at most where others point to what came before.

    >>> [is_follow_up(text) for text in ("Go on.", "Fix it", "And the second one?", "mach weiter", "继续")]
    [True, True, True, True, True]
    >>> [is_follow_up(text) for text in ("What is 2 + 2?", "Thanks!", "Capital of France?", "法国的首都是哪里?")]
    [False, False, False, False]
    """
    if len(text) > FOLLOW_UP_CHARACTERS:
        return False
    clauses = [WORD.findall(clause) for clause in CLAUSE.split(text.lower())]
    words = [word for clause in clauses if wordings.COURTESIES.isdisjoint(clause) for word in clause]
    if content_words > 1 and not text.isascii() and len(words) == 1 and len(words[0]) <= UNSPACED_CHARACTERS:
        return True
    content = sum(word not in wordings.FILLERS for word in words)
    points = not wordings.POINTING.isdisjoint(words)
    return bool(words) and (content == 0 or (points and content <= min(content_words, len(words) // 3)))


def _replace_blocks(text: str, replace: Callable[[re.Match[str]], str]) -> str:
    """Return a text with its blocks in tags replaced; a text of too many tags, such as a page, as it is."""
    return BLOCK.sub(replace, text) if 0 < text.count("<") <= MOST_TAGS else text


def _take_code(code: str, context: list[str]) -> str:
    if len(code) < CODE_CHARACTERS:
        return code
    context.append(code.strip("`"))
    return "\n\n"


def _by_heads(text: str, has_context: bool) -> Asked | None:
    """Take a text apart by what stands over its sections; None if it has no context or no question of its own."""
    heads = list(HEAD.finditer(text))
    if not any(head["question"] or head["context"] for head in heads):
        return None
    if CHOICES.search(text):  # choices belong to the question before them, whatever they are called
        first = next((head.start() for head in heads if head["question"]), 0)
        heads = [head for head in heads if not head["context"] or head.start() <= first]
        if not first:
            return None
    lead = text[: heads[0].start()].strip()
    ends = [*(head.start() for head in heads[1:]), len(text)]
    sections = [(head, text[head.end() : end].strip()) for head, end in zip(heads, ends, strict=True)]
    asked = {head["question"].lower(): body for head, body in sections if head["question"] and body}
    has_context = has_context or any(head["context"] for head in heads)
    if not has_context and len(text) - sum(map(len, asked.values())) <= LEAD_CHARACTERS:
        return None
    context = [body for head, body in sections if not head["question"] and body]
    if not asked and context:  # an instruction before the context, or a question after it
        body, closing = _closing(context[-1])
        context[-1] = body
        asked = {"": "\n\n".join(filter(None, [lead, closing]))}
        lead = ""
    question = "\n\n".join(asked.values())
    if not WORD.search(question):
        return None
    if len(lead) > LEAD_CHARACTERS and (inner := _by_ends(lead)):
        lead, context = inner.question, [inner.context, *context]
    inner = _by_ends(question)
    if inner:
        question, context = inner.question, [*context, inner.context]
    return Asked(question, lead, "\n\n".join(filter(None, context)))


def _closing(section: str) -> tuple[str, str]:
    """Split from a section the paragraph at its end that asks; an empty one if there is none."""
    *body, last = UNITS[0].split(section)
    return ("\n\n".join(body), last) if body and _asks(last) else (section, "")


def _by_ends(text: str) -> Asked | None:
    """Take a long text apart by the short paragraphs, lines or sentences at its ends that ask, if only these do."""
    if len(text) < LONG or CHOICES.search(text):
        return None
    for units in UNITS:
        first, *middle = units.split(text)
        last = middle.pop() if middle else ""
        asking = [unit for unit in (first, last) if _asks(unit)]
        question = "\n\n".join(asking)
        rest = "\n\n".join(unit for unit in (first, *middle, last) if unit not in asking)
        if asking and len(rest) >= LONG and not _is_problem(question, rest):
            return Asked(question, context=rest)
    return None


def _asks(unit: str) -> bool:
    unit = unit.rstrip()
    return (
        len(unit) <= ASKING_CHARACTERS
        and _says_something(unit)
        and bool(unit.endswith(("?", "？", "؟")) or REQUEST.match(unit))
    )


def _says_something(text: str, words: int = LEAST_WORDS) -> bool:
    """Return whether a text has a few words, or as many letters in scripts that write none apart."""
    found = WORD.findall(text)
    return len(found) >= words or any(len(word) > words and not word.isascii() for word in found)


def _is_problem(question: str, rest: str) -> bool:
    """Return whether the rest is what the question wants solved, such as an issue or a list of instructions."""
    lines = rest.split("\n")
    return PROBLEM.search(question) is not None or 10 * sum(map(_asks, lines)) > len(lines)
