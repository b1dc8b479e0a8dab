"""Short texts to be put into one of a few classes, from the plain to those that say one thing and mean another."""

from __future__ import annotations

from collections.abc import Iterator

from crossroute.profiler.questions.checkers import label
from crossroute.profiler.questions.graded_query import GradedQuery

_SENTIMENT = ("What is the sentiment of this review", ("positive", "negative", "mixed"))
_TOPIC = ("What is this headline about", ("sports", "business", "science", "politics"))
_INTENT = ("What does this customer want", ("refund", "cancellation", "delivery", "password"))
_ENTAILMENT = ("Does the second statement follow from the first", ("yes", "no", "unknown"))
_TONE = ("Is this remark meant literally or ironically", ("literal", "ironic"))

_TEXTS: tuple[tuple[int, tuple[str, tuple[str, ...]], str, str], ...] = (
    (1, _SENTIMENT, "Wonderful little kettle. It boils fast and I love the colour.", "positive"),
    (1, _SENTIMENT, "Broke after two days and nobody answers my letters. Awful.", "negative"),
    (1, _TOPIC, "Striker scores twice as home side wins the cup final", "sports"),
    (1, _TOPIC, "Astronomers find a planet with water vapour in its atmosphere", "science"),
    (1, _INTENT, "I want my money back for the broken lamp you sent me.", "refund"),
    (2, _SENTIMENT, "The camera is superb, but the battery is dead by lunchtime.", "mixed"),
    (2, _SENTIMENT, "I expected rubbish at this price. I was wrong, happily.", "positive"),
    (2, _TOPIC, "Club's shares fall a tenth after it sells its best striker", "business"),
    (2, _TOPIC, "Senators split over funding of the new telescope", "politics"),
    (2, _INTENT, "The tracking page has said 'on its way' since last Monday.", "delivery"),
    (
        3,
        _SENTIMENT,
        "Hardly the disaster that the other reviewers describe; I would not part with mine.",
        "positive",
    ),
    (
        3,
        _INTENT,
        "Please make sure that nothing is taken from my card next month; I no longer use it.",
        "cancellation",
    ),
    (
        3,
        _INTENT,
        "It keeps telling me that the letters and digits I type are not the right ones.",
        "password",
    ),
    (3, _ENTAILMENT, "First: All of the red boxes are empty. Second: No red box holds a key.", "yes"),
    (3, _TONE, "Oh great, another meeting at six on a Friday evening. Just what I needed.", "ironic"),
    (
        4,
        _ENTAILMENT,
        "First: Some of the doctors are runners. Second: Some of the doctors are not runners.",
        "unknown",
    ),
    (
        4,
        _ENTAILMENT,
        "First: Only members may enter, and Kim entered lawfully. Second: Kim is a member.",
        "yes",
    ),
    (4, _ENTAILMENT, "First: If it rains, the match is off. The match is off. Second: It rained.", "unknown"),
    (4, _ENTAILMENT, "First: Few, if any, of the guests stayed. Second: Most of the guests stayed.", "no"),
    (4, _TONE, "He practised for a year and then played it without one mistake. Not bad.", "literal"),
)
"""Level, question and classes, text, and its class."""


def classification() -> Iterator[GradedQuery]:
    """Yield the texts, each with its classes."""
    for level, (question, classes), text, right in _TEXTS:
        listed = ", ".join(classes)
        asked = f"{question}? Answer with one word out of: {listed}.\n\n{text}"
        yield GradedQuery("classification", level, asked, (right, classes), label, right.capitalize())
