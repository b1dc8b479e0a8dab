import html
import json
import unicodedata
import urllib.parse

import pytest

from crossroute import Query
from crossroute.reading.encodings import drop_marks, join_letters, read_escapes, read_leet
from crossroute.reading.normalization import normalize

QUESTION = "Which of the planets has the longest day, and why is it so slow?"
LEET = str.maketrans("aeiost", "431057")


@pytest.mark.parametrize(
    "dressed",
    [
        "".join(f"&#{ord(letter)};" for letter in QUESTION),
        "".join(f"&#x{ord(letter):x};" for letter in QUESTION),
        QUESTION.replace(" ", "&nbsp;"),
        urllib.parse.quote(QUESTION),
        urllib.parse.quote_plus(QUESTION),
        "".join(f"\\u{ord(letter):04x}" for letter in QUESTION),
        "".join(f"\\x{ord(letter):02x}" for letter in QUESTION),
        QUESTION.encode().hex(),
        QUESTION.encode().hex(" "),
        QUESTION.translate(LEET),
        " ".join(QUESTION),
        "-".join(QUESTION),
        QUESTION.replace(" ", "\n"),
        QUESTION.replace(" ", "\n\n"),
        QUESTION.replace(" ", " · "),
        QUESTION.replace(" ", " | "),
        QUESTION.replace(" ", "..."),
        unicodedata.normalize("NFC", "".join(f"{letter}\u0301" for letter in QUESTION)),
        "\n\n".join([QUESTION] * 3),
        f"🚀🔥 {QUESTION} 🙏🙏",
    ],
)
def test_the_way_a_text_is_written_is_not_read(dressed):
    assert Query(dressed).view == Query(QUESTION).view


def test_other_scripts_are_read_in_escapes():
    asked = "法国的首都是哪里?"
    escaped = json.dumps(asked)[1:-1]
    assert read_escapes(escaped) == asked
    assert read_escapes("".join(f"&#{ord(sign)};" for sign in asked)) == asked
    assert read_escapes(html.escape("a < b")) == "a &lt; b"


@pytest.mark.parametrize(
    "text",
    [
        "What does &amp; mean in HTML, and what &nbsp;?",
        "Match [\\u0300-\\u036f] with a regular expression, please.",
        "Is 50% of 80% more than 30%?",
        "https://example.com/a%20b%20c?q=1+2+3",
        "Which commit is deadbeef0123456789abcdef?",
        "Compare B2B and H2O in MP3 and 4K.",
        "x1 + x2 = x3 and y1 - y2 = 7",
        "1 2 3 4 5 6 7 8 9",
        "2 + 3 + 4 + 5",
        "Sort these words:\n- pear\n- an apple\n- a fig",
        "Thủ đô của Việt Nam là gì?",
        "Příliš žluťoučký kůň úpěl ďábelské ódy.",
        "Какой день после понедельника?",
        "一\n二\n三\n四\n五",
    ],
)
def test_what_is_written_so_on_purpose_stays(text):
    assert read_leet(join_letters(drop_marks(read_escapes(text)))) == text
    assert normalize(text).startswith(text[:8])
