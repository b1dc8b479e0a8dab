"""Find the question in a text: what is asked, apart from what was put beside it.

The rules, in order, over a normalized text:

1. What a harness put in says nothing: reminders, environment details, summaries, lists of tools. Nor do appeals
   at its ends (`appeals`).
2. Of a conversation written out (`conversation`), what the last turn says is the question.
3. What stands in `<question>` or its like is the question; a long block in other tags, or of code, is context.
4. A section under "Question:" or its like is the question, one under "Context:" or its like is context, and so
   is what stands before a question, unless it is short.
5. A long paragraph that asks nothing is context where the rest asks something; where nothing is marked, in a long
   text, a short paragraph (or line, or sentence) at an end that asks is the question, or between two documents.
6. Else all of it is the question.
"""

# ruff: noqa: RUF001 - punctuation of other scripts

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from crossroute.patterns import OTHER_BLANKS, AnyCase, lazy
from crossroute.reading import wordings
from crossroute.reading.appeals import drop_appeals
from crossroute.reading.asides import is_aside
from crossroute.reading.code import take_code
from crossroute.reading.conversation import read_dialogue
from crossroute.reading.ends import (
    ASKING_CHARACTERS,
    LONG,
    PROBLEM,
    QUESTION_MARKS,
    REQUEST,
    Asked,
    asks,
    by_ends,
    has_choices,
)
from crossroute.reading.parts import Part, drop_frames, parts_in
from crossroute.reading.sections import (
    HEAD,
    LEAST_WORDS,
    PARAGRAPH,
    WORD,
    drop_harness,
    heads_in,
    own_words,
    replace_blocks,
    says_something,
)
from crossroute.reading.wrapping import unwrap

LEAD_CHARACTERS = 300
"""What stands before a marked question is read with it while it is no longer than this: an instruction."""

SHORT = 600
"""A shorter text without parts is read with the sentences that present them."""

BLOCK_CHARACTERS = 200
CODE_CHARACTERS = 600
"""A shorter block in tags, or of code, is read with the question."""

NAMED = AnyCase(r" (?:name|type|role|id|label|title|kind)=[\"']?([^\"'<>]+)")
"""What an attribute calls a block in tags."""

LINE = re.compile("\n")
FENCE = lazy(r"```.*?(?:```|\Z)", re.DOTALL)
QUESTION_TAG = AnyCase(wordings.QUESTION_TAGS)
QUOTED = AnyCase(
    rf"\n\s*(?:[-_=]{{2,}} ?{wordings.QUOTES}|(?:on|am|le|el|il|em|в) [^\n]{{6,110}}{wordings.WROTE}[^\n:]{{0,60}}: *\n"
    r"|(?:>[^\n]*(?:\n|\Z)){3,}\s*\Z)"
)
"""How the mail begins that a text answers or passes on."""

INSTRUCTIONS_TAG = AnyCase(r"(?:\b|_)instructions\Z")
"""What they hold is asked only where nothing else is: beside a question, they stand to it as a system prompt."""

CONTEXT_TAG = AnyCase(wordings.CONTEXT)
MENTION = AnyCase(rf"\b(?:{wordings.CONTEXT})\b")
ASKED_WORDS = ("问题", "質問", "질문")
ASKED_IN_LINE = lazy(rf"(?<=[。！？])[ ]*(?:用户的|我的|以下)?({'|'.join(ASKED_WORDS)})(?:是|は)?[:：]")
"""What stands over a question in Chinese and Japanese, at the end of a paragraph of instructions."""
CHOICE = lazy(r"\n(?:\(?[A-Ja-j][).:]|\(?\d\)) .*")
RULE_SIGNS = '-=_*#~+<>`"'
RULES_ABOVE = lazy(rf"\A(?:\s*[{RULE_SIGNS[1:]}-]{{2,}}[ ]*(?:\n|\Z))+")
RULES_BELOW = lazy(rf"(?:(?:\n|\A)[ ]*[{RULE_SIGNS[1:]}-]{{2,}}\s*)+\Z")
"""Lines of mere signs at the ends of a section."""
RULES_END = f"{RULE_SIGNS} \n{OTHER_BLANKS}"
"""What the latter are made of."""


def find_question(text: str) -> Asked:
    r"""Take a normalized text apart.

    >>> find_question("Use the context.\n\nContext: Refunds take 5 days.\n\nQuestion: How long?\nAnswer:")
    Asked(question='How long?', lead='', context='Refunds take 5 days.')
    >>> find_question("<docs>" + "Refunds take 5 days. " * 20 + "</docs>\n\nHow long do refunds take?").question
    'How long do refunds take?'
    """
    rest = drop_harness(text)
    asked = drop_appeals(rest)
    if len(asked) >= LONG and (greeting := _beside_prose(rest, asked)):
        return Asked(greeting, context=asked)
    rest = rest if asked == text else unwrap(asked)
    if (quoted := QUOTED.search(rest)) and _says_what(above := drop_appeals(rest[: quoted.start()])):
        inner = find_question(above)
        return inner._replace(
            context="\n\n".join(filter(None, (inner.context, rest[quoted.start() :].strip())))
        )
    if dialogue := read_dialogue(rest):
        inner = find_question(unwrap(dialogue.question))
        read = "\n\n".join(filter(None, (dialogue.earlier, inner.context)))
        return Asked(inner.question, inner.lead or dialogue.lead, read)
    if any(map(rest.__contains__, ASKED_WORDS)):
        rest = ASKED_IN_LINE.sub(r"\n\1:", rest)
    return _by_blocks(rest)


def _by_blocks(rest: str) -> Asked:
    """Take a text apart by its blocks in tags and of code; what is outside by its heads, or else by its ends."""
    context: list[str] = []
    questions: list[str] = []
    instructions: list[str] = []

    def take(block: re.Match[str]) -> str:
        inner, tag = block["inner"].strip(), block["tag"]
        named = NAMED.search(block["says"] or "")
        tag = named[1] if named else tag
        if not inner:
            return " "
        if INSTRUCTIONS_TAG.search(tag):
            instructions.append(inner)
        elif QUESTION_TAG.search(tag) and says_something(inner):
            questions.append(inner)
        elif len(inner) >= BLOCK_CHARACTERS or CONTEXT_TAG.fullmatch(tag):
            context.append(inner)
        else:
            return block[0]
        return "\n\n"

    outside = replace_blocks(rest, take)
    if not questions and "```" in outside:
        outside = FENCE.sub(lambda code: _take_code(code[0], context), outside)
    outside, code = take_code(outside.strip())
    if code and not any(map(asks, _ends_of(outside))):
        outside = f"{outside}\n\n{code}".strip() if context else rest.strip()
    elif code:
        context.append(code)
    if instructions and not questions and not _says_what(drop_frames(outside)):
        questions, instructions = instructions, []
    outside = "\n\n".join((*instructions, outside)) if questions else outside
    if questions:
        return Asked("\n\n".join(filter(None, questions)) or rest, outside, "\n\n".join(context))
    if not says_something(outside, words=2):
        asking = [block for block in context if any(map(block.__contains__, QUESTION_MARKS))]
        if asking and len(asking) < len(context):  # all is in tags, with names of their own
            return Asked(asking[-1], context="\n\n".join(block for block in context if block != asking[-1]))
        outside, context = rest, []
    return _outside_blocks(outside, context)


def _outside_blocks(outside: str, context: list[str]) -> Asked:
    """Take apart what stands outside of blocks, which join the context before it."""
    marked = len(context)
    outside = _without_prose(outside, context)
    found = _by_heads(outside, marked > 0, len(context) > marked)
    if not found:
        outside = _without_rules(outside) if marked else outside
        if (marked or len(outside) >= SHORT) and not has_choices(outside):
            outside = drop_frames(outside) or outside
        found = by_ends(outside) or Asked(outside)
        found = found._replace(question=drop_appeals(found.question)) if found.context else found
    parts = (*context[:marked], found.context, *context[marked:])
    return found._replace(context="\n\n".join(filter(None, parts)))


def _take_code(code: str, context: list[str]) -> str:
    if len(code) < CODE_CHARACTERS:
        return code
    context.append(code.strip("`"))
    return "\n\n"


def _without_prose(text: str, context: list[str]) -> str:
    """Return a text without long paragraphs that ask nothing, which join the context, where the rest asks something."""
    if len(text) < LONG:
        return text
    prose, others = list[str](), list[str]()
    for start, paragraph in _paragraphs_of(text):
        (prose if _is_prose(paragraph, text, start) else others).append(paragraph)
    if not prose:
        return text
    rest = "\n\n".join(others)
    solves = PROBLEM.search(rest) and not any(head["question"] for head in heads_in(rest))
    if solves or not _is_substantial(CHOICE.sub("\n", f"\n{rest}")):
        return text
    context.extend(prose)
    return rest


def _paragraphs_of(text: str) -> Iterator[tuple[int, str]]:
    """Yield the paragraphs of a text, each with its place."""
    start = 0
    for gap in PARAGRAPH.finditer(text):
        yield start, text[start : gap.start()]
        start = gap.end()
    yield start, text[start:]


def _is_prose(paragraph: str, text: str, start: int) -> bool:
    """Return whether a paragraph of a text is long and asks nothing."""
    if len(paragraph) < LONG or any(map(paragraph.__contains__, QUESTION_MARKS)):
        return False
    if REQUEST.match(paragraph) or HEAD.match(paragraph) or has_choices(paragraph):
        return False
    end = start + len(paragraph)
    return not any(part.kind == "question" and start <= part.start < end for part in parts_in(text))


def _beside_prose(text: str, prose: str) -> str:
    """Return the courtesy at the ends of a text that is otherwise prose, and asks nothing; empty if there is none."""
    before, _, after = text.partition(prose)
    greeting = f"{before} {after}".strip()
    if not is_aside(greeting.lower()):
        return ""
    paragraphs = _paragraphs_of(prose)
    return greeting if all(_is_prose(each, prose, start) for start, each in paragraphs) else ""


def _ends_of(text: str) -> tuple[str, str]:
    """Return the first and the last paragraph of a text, or line if there is but one, without frames."""
    units = (PARAGRAPH if "\n\n" in text else LINE).split(drop_frames(text).strip("/# \n\"'`"))
    return units[0], units[-1]


def _says_what(text: str) -> bool:
    """Return whether a text asks something by itself."""
    return asks(text) or _is_substantial(text)


def _is_substantial(text: str) -> bool:
    content = 0
    for word in own_words(text):
        content += word not in wordings.FILLERS
        if content >= LEAST_WORDS or (len(word) > LEAST_WORDS and not word.isascii()):
            return True
    return False


def _by_heads(text: str, has_context: bool, had_prose: bool) -> Asked | None:
    """Take a text apart by what stands over its sections; None if it has no context or no question of its own."""
    parts = _parts_of(text)
    if not any(part.kind in ("question", "context") for part in parts):
        return None
    if has_choices(text):  # choices belong to the question before them, whatever they are called
        first = next((part.start for part in parts if part.kind == "question"), 0)
        parts = [part for part in parts if part.kind != "context" or part.start <= first]
        if not first:
            return None
    lead = text[: parts[0].start].strip()
    ends = [*(part.start for part in parts[1:]), len(text)]
    sections = [
        (part, _without_rules(text[part.body : end]).strip()) for part, end in zip(parts, ends, strict=True)
    ]
    asked = {part.name: body for part, body in sections if part.kind == "question" and body}
    asked = {name: body for name, body in asked.items() if (name, body) not in _answered(sections)} or asked
    told = {part.name for part in parts if not part.is_label}
    if len(asked) > 1:  # "use this to answer the question" stands over the context
        asked = {
            name: body for name, body in asked.items() if name not in told or len(body) <= ASKING_CHARACTERS
        } or asked
    has_context = has_context or any(part.kind == "context" or MENTION.search(part.name) for part in parts)
    has_context = has_context or (had_prose and MENTION.search(lead) is not None)
    if not has_context and len(text) - sum(map(len, asked.values())) <= LEAD_CHARACTERS:
        return None
    context = [body for part, body in sections if body and part.kind != "rest" and body not in asked.values()]
    after = [body for part, body in sections if body and part.kind == "rest"]
    if not asked and context and after:
        asked = {"": "\n\n".join(after)}
    if not asked and (context or had_prose):  # an instruction before the context, or a question after it
        body, closing = _closing(context[-1]) if context else ("", "")
        context = [*context[:-1], body]
        asked = {"": "\n\n".join(filter(None, [lead, closing]))}
        lead = ""
    question = "\n\n".join(asked.values())
    if not WORD.search(question):
        return None
    if len(lead) > LEAD_CHARACTERS:
        beside = by_ends(lead) or _by_first(lead)
        lead, context = beside.question, [beside.context, *context]
    if inner := by_ends(question):
        question, context = inner.question, [*context, inner.context]
    return Asked(drop_frames(question) or question, drop_frames(lead), "\n\n".join(filter(None, context)))


def _without_rules(body: str) -> str:
    """Return a section without lines of mere signs at its ends."""
    above = RULES_ABOVE.match(body)
    start = above.end() if above else 0
    below = RULES_BELOW.search(body, max(start, len(body.rstrip(RULES_END))))
    return body[start : below.start() if below else None]


def _by_first(lead: str) -> Asked:
    """Return the first paragraph of what stands before a question if it is an instruction; the rest is its context."""
    first, *rest = PARAGRAPH.split(lead, 1)
    is_instruction = len(first) <= LEAD_CHARACTERS and (asks(first) or not drop_frames(first))
    return Asked(first, context="".join(rest)) if is_instruction else Asked("", context=lead)


def _answered(sections: list[tuple[Part, str]]) -> list[tuple[str, str]]:
    """Return the name and the text of sections that ask something, where an answer stands below."""
    below = pairwise(sections)
    return [
        (part.name, body)
        for (part, body), (after, said) in below
        if part.kind == "question" and after.kind == "answer" and said
    ]


def _parts_of(text: str) -> Sequence[Part]:
    """Return the parts of a text; heads that are no labels count only beside what is asked."""
    parts = parts_in(text)
    if any(part.kind in ("question", "rest") for part in parts) or all(part.is_label for part in parts):
        return parts
    last = parts[-1]
    around = (text[: parts[0].start].strip(), PARAGRAPH.split(text[last.body :])[-1])
    return parts if any(map(asks, around)) else [part for part in parts if part.is_label]


def _closing(section: str) -> tuple[str, str]:
    """Split from a section the paragraph at its end that asks; an empty one if there is none."""
    *body, last = PARAGRAPH.split(section)
    return ("\n\n".join(body), last) if body and asks(last) else (section, "")
