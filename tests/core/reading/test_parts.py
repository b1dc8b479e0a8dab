import pytest

from crossroute.reading.parts import drop_frames, list_parts
from crossroute.reading.sections import find_heads


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
    assert [part.kind for part in list_parts(f"It rains.\n{line}\nIt snows.")] == [kind]


@pytest.mark.parametrize(
    "line", ["It is a question of taste.", "Context matters!", "Paris: a city", "text", "---", ""]
)
def test_a_line_of_prose_begins_none(line):
    assert not list_parts(f"It rains.\n{line}\nIt snows.")


def test_all_heads_are_parts():
    text = "Context:\nA lease.\n\n### Question\nWho pays?\nAnswer:"
    assert [part.start for part in list_parts(text)] == [head.start() for head in find_heads(text)]


def test_frames_are_dropped_at_the_ends_only():
    text = "Use the text to answer. Who pays? Use the text to answer. And when? Say so if the answer isn't there."
    assert drop_frames(text) == "Who pays? Use the text to answer. And when?"
    assert not drop_frames("Use the text to answer.")
