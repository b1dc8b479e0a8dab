"""Find the question in a text, and separate it from its context.

The rules, in order, over a normalized text:

1. Text that an agent's harness inserted is dropped: reminders, environment details, summaries, lists of tools. So are
   appeals at its ends (`appeals`).
2. In a conversation that is written out (`conversation`), the last turn is the question.
3. The content of `<question>` or a similar tag is the question; a long block in other tags, or of code, is context
   (`blocks`).
4. A section under "Question:" or a similar heading is the question, one under "Context:" is context, and so is the
   text before a question, unless it is short.
5. A long paragraph without a question is context if the rest has one. In a long text without headings, a short
   paragraph, line or sentence at an end that is a question is the question; so is one between two documents.
6. Otherwise all of it is the question.
"""

# ruff: noqa: RUF001 - punctuation of other scripts

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from crossroute.patterns import OTHER_BLANKS, AnyCase, lazy
from crossroute.reading import wordings
from crossroute.reading.appeals import GIVEN, drop_appeals
from crossroute.reading.asides import is_aside
from crossroute.reading.blocks import take_blocks, take_code
from crossroute.reading.conversation import read_dialogue
from crossroute.reading.ends import (
    ASKING_CHARACTERS,
    LONG,
    PROBLEM,
    QUESTION_MARKS,
    REQUEST,
    Asked,
    asks,
    has_choices,
    split_ends,
)
from crossroute.reading.parts import Part, drop_frames, list_parts
from crossroute.reading.sections import (
    HEAD,
    LEAST_WORDS,
    PARAGRAPH,
    WORD,
    drop_harness,
    find_heads,
    list_own_words,
    says_something,
)
from crossroute.reading.wrapping import unwrap

LEAD_CHARACTERS = 300
"""Most characters before a marked question that are read as instructions."""

SHORT = 600
"""In a shorter text without parts, sentences that introduce parts are kept; so are parts that it asks about."""

LINE = re.compile("\n")
QUOTED = AnyCase(
    rf"\n\s*(?:[-_=]{{2,}} ?{wordings.QUOTES}|(?:on|am|le|el|il|em|в) [^\n]{{6,110}}{wordings.WROTE}[^\n:]{{0,60}}: *\n"
    r"|(?:>[^\n]*(?:\n|\Z)){3,}\s*\Z)"
)
"""Beginning of a mail that a text answers or forwards."""

MENTION = AnyCase(rf"\b(?:{wordings.CONTEXT})\b")
ASKED_WORDS = ("问题", "質問", "질문")
"""Headings of a question in Chinese, Japanese and Korean."""

ASKED_IN_LINE = lazy(rf"(?<=[。！？])[ ]*(?:用户的|我的|以下)?({'|'.join(ASKED_WORDS)})(?:是|は)?[:：]")
"""Such a heading after a sentence on the same line."""

CHOICE = lazy(r"\n(?:\(?[A-Ja-j][).:]|\(?\d\)) .*")
"""A choice of a multiple-choice question."""

RULE_SIGNS = '-=_*#~+<>`"'
RULES_ABOVE = lazy(rf"\A(?:\s*[{RULE_SIGNS[1:]}-]{{2,}}[ ]*(?:\n|\Z))+")
"""Lines of signs at the beginning of a section."""

RULES_BELOW = lazy(rf"(?:(?:\n|\A)[ ]*[{RULE_SIGNS[1:]}-]{{2,}}\s*)+\Z")
"""Lines of signs at its end."""

RULES_END = f"{RULE_SIGNS} \n{OTHER_BLANKS}"
"""Characters of these lines."""


def find_question(text: str) -> Asked:
    r"""Split a normalized text into question, lead and context.

    >>> find_question("Use the context.\n\nContext: Refunds take 5 days.\n\nQuestion: How long?\nAnswer:")
    Asked(question='How long?', lead='', context='Refunds take 5 days.')
    >>> find_question("<docs>" + "Refunds take 5 days. " * 20 + "</docs>\n\nHow long do refunds take?").question
    'How long do refunds take?'
    """
    rest = drop_harness(text)
    asked = drop_appeals(rest)
    if len(asked) >= LONG and (greeting := _find_greeting(rest, asked)):
        return Asked(greeting, context=asked)
    rest = rest if asked == text else unwrap(asked)
    if (quoted := QUOTED.search(rest)) and _asks_something(above := drop_appeals(rest[: quoted.start()])):
        inner = find_question(above)
        return inner._replace(
            context="\n\n".join(filter(None, (inner.context, rest[quoted.start() :].strip())))
        )
    if dialogue := read_dialogue(rest):
        inner = find_question(unwrap(dialogue.question))
        context = "\n\n".join(filter(None, (dialogue.earlier, inner.context)))
        return Asked(inner.question, inner.lead or dialogue.lead, context)
    if any(map(rest.__contains__, ASKED_WORDS)):
        rest = ASKED_IN_LINE.sub(r"\n\1:", rest)
    return _split_blocks(rest)


def _split_blocks(rest: str) -> Asked:
    """Split a text by its blocks in tags and of code, and the rest by its headings or its ends."""
    outside, questions, instructions, context = take_blocks(rest)
    outside, code = take_code(outside.strip())
    if code and not any(map(asks, _split_first_and_last(outside))):
        outside = f"{outside}\n\n{code}".strip() if context else rest.strip()
    elif code:
        context.append(code)
    if instructions and not questions and not _asks_something(drop_frames(outside)):
        questions, instructions = instructions, []
    outside = "\n\n".join((*instructions, outside)) if questions else outside
    if questions:
        return Asked("\n\n".join(filter(None, questions)) or rest, outside, "\n\n".join(context))
    if not says_something(outside, words=2):
        asking = [block for block in context if any(map(block.__contains__, QUESTION_MARKS))]
        if asking and len(asking) < len(context):  # all text is in tags of other names
            return Asked(asking[-1], context="\n\n".join(block for block in context if block != asking[-1]))
        outside, context = rest, []
    return _split_outside(outside, context)


def _split_outside(outside: str, context: list[str]) -> Asked:
    """Split the text outside of blocks; its context is added to theirs."""
    marked = len(context)
    outside = _take_prose(outside, context)
    found = _split_sections(outside, marked > 0, len(context) > marked)
    if not found:
        outside = _drop_rules(outside) if marked else outside
        if (marked or len(outside) >= SHORT) and not has_choices(outside):
            outside = drop_frames(outside) or outside
        found = split_ends(outside) or Asked(outside)
        found = found._replace(question=drop_appeals(found.question)) if found.context else found
    parts = (*context[:marked], found.context, *context[marked:])
    return found._replace(context="\n\n".join(filter(None, parts)))


def _take_prose(text: str, context: list[str]) -> str:
    """Move long paragraphs without a question to the context, if the rest has one, and return the rest."""
    if len(text) < LONG:
        return text
    prose, others = list[str](), list[str]()
    for start, paragraph in _split_paragraphs(text):
        (prose if _is_prose(paragraph, text, start) else others).append(paragraph)
    if not prose:
        return text
    rest = "\n\n".join(others)
    solves = PROBLEM.search(rest) and not any(head["question"] for head in find_heads(rest))
    if solves or not _is_substantial(CHOICE.sub("\n", f"\n{rest}")):
        return text
    context.extend(prose)
    return rest


def _split_paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """Yield the paragraphs of a text, each with its start."""
    start = 0
    for gap in PARAGRAPH.finditer(text):
        yield start, text[start : gap.start()]
        start = gap.end()
    yield start, text[start:]


def _is_prose(paragraph: str, text: str, start: int) -> bool:
    """Return whether a paragraph of a text is long and has no question."""
    if len(paragraph) < LONG or any(map(paragraph.__contains__, QUESTION_MARKS)):
        return False
    if REQUEST.match(paragraph) or HEAD.match(paragraph) or has_choices(paragraph):
        return False
    end = start + len(paragraph)
    return not any(part.kind == "question" and start <= part.start < end for part in list_parts(text))


def _find_greeting(text: str, prose: str) -> str:
    """Return the courtesies at the ends of a text that is otherwise prose without a question; empty without any."""
    before, _, after = text.partition(prose)
    greeting = f"{before} {after}".strip()
    if not is_aside(greeting.lower()):
        return ""
    paragraphs = _split_paragraphs(prose)
    return greeting if all(_is_prose(each, prose, start) for start, each in paragraphs) else ""


def _split_first_and_last(text: str) -> tuple[str, str]:
    """Return the first and last paragraph of a text, or line of a single paragraph, without introducing sentences."""
    units = (PARAGRAPH if "\n\n" in text else LINE).split(drop_frames(text).strip("/# \n\"'`"))
    return units[0], units[-1]


def _asks_something(text: str) -> bool:
    """Return whether a text is a question, or has some words with content."""
    return asks(text) or _is_substantial(text)


def _is_substantial(text: str) -> bool:
    """Return whether a text has a few words with content, or one long word in a script without spaces."""
    content = 0
    for word in list_own_words(text):
        content += word not in wordings.FILLERS
        if content >= LEAST_WORDS or (len(word) > LEAST_WORDS and not word.isascii()):
            return True
    return False


def _split_sections(text: str, has_context: bool, had_prose: bool) -> Asked | None:
    """Split a text by its headings; None if it has no context, or no question."""
    parts = _find_parts(text)
    if not any(part.kind in ("question", "context") for part in parts):
        return None
    if has_choices(text):  # choices belong to the question before them, whatever their headings
        first = next((part.start for part in parts if part.kind == "question"), 0)
        parts = [part for part in parts if part.kind != "context" or part.start <= first]
        if not first:
            return None
    lead = text[: parts[0].start].strip()
    asks_about = GIVEN.match(text) or (lead and lead[-1] in QUESTION_MARKS)
    if asks_about and len(text) < SHORT and any(part.kind == "question" for part in parts):
        return None  # the parts are what it asks about
    ends = [*(part.start for part in parts[1:]), len(text)]
    sections = [
        (part, _drop_rules(text[part.body : end]).strip()) for part, end in zip(parts, ends, strict=True)
    ]
    asked = {part.name: body for part, body in sections if part.kind == "question" and body}
    asked = {
        name: body for name, body in asked.items() if (name, body) not in _find_answered(sections)
    } or asked
    in_prose = {part.name for part in parts if not part.is_label}
    if len(asked) > 1:  # "use this to answer the question:" may be the heading of the context
        asked = {
            name: body
            for name, body in asked.items()
            if name not in in_prose or len(body) <= ASKING_CHARACTERS
        } or asked
    has_context = has_context or any(part.kind == "context" or MENTION.search(part.name) for part in parts)
    has_context = has_context or (had_prose and MENTION.search(lead) is not None)
    if not has_context and len(text) - sum(map(len, asked.values())) <= LEAD_CHARACTERS:
        return None
    context = [body for part, body in sections if body and part.kind != "rest" and body not in asked.values()]
    after = [body for part, body in sections if body and part.kind == "rest"]
    if not asked and context and after:
        asked = {"": "\n\n".join(after)}
    if not asked and (context or had_prose):  # instructions before the context, or a question after it
        body, closing = _split_closing(context[-1]) if context else ("", "")
        context = [*context[:-1], body]
        asked = {"": "\n\n".join(filter(None, [lead, closing]))}
        lead = ""
    question = "\n\n".join(asked.values())
    if not WORD.search(question):
        return None
    if len(lead) > LEAD_CHARACTERS:
        split = split_ends(lead) or _split_lead(lead)
        lead, context = split.question, [split.context, *context]
    if inner := split_ends(question):
        question, context = inner.question, [*context, inner.context]
    return Asked(drop_frames(question) or question, drop_frames(lead), "\n\n".join(filter(None, context)))


def _drop_rules(body: str) -> str:
    """Drop lines of signs at the ends of a section."""
    above = RULES_ABOVE.match(body)
    start = above.end() if above else 0
    below = RULES_BELOW.search(body, max(start, len(body.rstrip(RULES_END))))
    return body[start : below.start() if below else None]


def _split_lead(lead: str) -> Asked:
    """Return the first paragraph of the text before a question if it is an instruction; the rest is context."""
    first, *rest = PARAGRAPH.split(lead, 1)
    is_instruction = len(first) <= LEAD_CHARACTERS and (asks(first) or not drop_frames(first))
    return Asked(first, context="".join(rest)) if is_instruction else Asked("", context=lead)


def _find_answered(sections: list[tuple[Part, str]]) -> list[tuple[str, str]]:
    """Return the name and text of each question that has an answer below it."""
    pairs = pairwise(sections)
    return [
        (part.name, body)
        for (part, body), (after, answer) in pairs
        if part.kind == "question" and after.kind == "answer" and answer
    ]


def _find_parts(text: str) -> Sequence[Part]:
    """Return the parts of a text. Headings that are sentences count only if the text has a question."""
    parts = list_parts(text)
    if any(part.kind in ("question", "rest") for part in parts) or all(part.is_label for part in parts):
        return parts
    last = parts[-1]
    around = (text[: parts[0].start].strip(), PARAGRAPH.split(text[last.body :])[-1])
    return parts if any(map(asks, around)) else [part for part in parts if part.is_label]


def _split_closing(section: str) -> tuple[str, str]:
    """Split off the last paragraph of a section if it is a question; else that part is empty."""
    *body, last = PARAGRAPH.split(section)
    return ("\n\n".join(body), last) if body and asks(last) else (section, "")
