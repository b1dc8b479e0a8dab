import pytest

from crossroute.reading.parts import drop_frames, parts_in
from crossroute.reading.sections import heads_in


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Question: Who?", "question"),
        ("[QUERY]", "question"),
        ("[[ ## passages ## ]]", "context"),
        ("===== Documents =====", "context"),
        ("=== END OF DOCUMENT ===", "rest"),
        ("[/CONTEXT]", "rest"),
        ("Some sources are given below. The first is old.", "context"),
        ("I will give you a text. Here is the text: It rains.", "context"),
    ],
)
def test_a_line_begins_a_part(line, kind):
    assert [part.kind for part in parts_in(f"It rains.\n{line}\nIt snows.")] == [kind]


@pytest.mark.parametrize(
    "line", ["It is a question of taste.", "Context matters!", "Paris: a city", "text", "---", ""]
)
def test_a_line_of_prose_begins_none(line):
    assert not parts_in(f"It rains.\n{line}\nIt snows.")


def test_all_heads_are_parts():
    text = "Context:\nA lease.\n\n### Question\nWho pays?\nAnswer:"
    assert [part.start for part in parts_in(text)] == [head.start() for head in heads_in(text)]


def test_frames_are_dropped_at_the_ends_only():
    text = "Use the text to answer. Who pays? Use the text to answer. And when? Say so if the answer isn't there."
    assert drop_frames(text) == "Who pays? Use the text to answer. And when?"
    assert not drop_frames("Use the text to answer.")
