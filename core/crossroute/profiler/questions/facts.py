"""Facts of long standing, from those that everyone knows to those that few do."""

from __future__ import annotations

from collections.abc import Iterator

from crossroute.profiler.questions.checkers import number, phrase
from crossroute.profiler.questions.graded_query import GradedQuery

_FACTS: tuple[tuple[int, str, tuple[str, ...] | float], ...] = (
    (1, "What is the capital of France?", ("Paris",)),
    (1, "Which planet is closest to the Sun?", ("Mercury",)),
    (1, "Who wrote 'Romeo and Juliet'?", ("Shakespeare",)),
    (1, "What is the chemical formula of water?", ("H2O", "H₂O")),
    (1, "Which is the largest ocean on Earth?", ("Pacific",)),
    (2, "What is the chemical symbol of tungsten?", ("W",)),
    (2, "In which year did the Second World War end?", 1945.0),
    (2, "Who painted 'The Starry Night'?", ("van Gogh",)),
    (2, "What is the capital of Australia?", ("Canberra",)),
    (2, "Which organ of the body makes insulin?", ("pancreas",)),
    (3, "What is the capital of Burkina Faso?", ("Ouagadougou",)),
    (3, "Who discovered the element radium together with her husband Pierre?", ("Curie",)),
    (3, "What is the atomic number of tin?", 50.0),
    (3, "Which river flows through Budapest?", ("Danube", "Duna")),
    (3, "Who composed the opera 'The Magic Flute'?", ("Mozart",)),
    (4, "In which year was the Peace of Westphalia signed?", 1648.0),
    (4, "Who proved the incompleteness theorems of formal arithmetic in 1931?", ("Gödel", "Goedel")),
    (4, "What is the largest moon of Neptune?", ("Triton",)),
    (4, "Which enzyme unwinds the DNA double helix during replication?", ("helicase", "helicases")),
    (4, "Who wrote the novel 'The Master and Margarita'?", ("Bulgakov",)),
    (5, "What is the capital of the Canadian territory of Nunavut?", ("Iqaluit",)),
    (5, "Which mathematician introduced the concept of an ideal in ring theory, in 1871?", ("Dedekind",)),
    (5, "In which year did the Battle of Manzikert take place?", 1071.0),
    (5, "Which mineral, a sulphide, is the chief ore of mercury?", ("cinnabar",)),
)
"""Level, question, and what is accepted."""


def facts() -> Iterator[GradedQuery]:
    """Yield the questions."""
    for level, question, accepted in _FACTS:
        text = f"{question} Give the answer only."
        if isinstance(accepted, float):
            yield GradedQuery("facts", level, text, accepted, number, f"{accepted:g}")
        else:
            yield GradedQuery("facts", level, text, accepted, phrase, accepted[0])
