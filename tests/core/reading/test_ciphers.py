import base64
import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossroute import Query
from crossroute.query import count_plain_tokens
from crossroute.reading.ciphers import MORSE, TURNED, read_cipher

QUESTION = "Which gas makes up most of the air that we breathe?"
TURN = {new: old for old, new in TURNED.items()}
LETTERS = {letter: signs for signs, letter in MORSE.items()}
WAYS = {
    "binary": lambda text: " ".join(f"{byte:08b}" for byte in text.encode()),
    "octal": lambda text: " ".join(f"{byte:o}" for byte in text.encode()),
    "decimal": lambda text: ", ".join(map(str, text.encode())),
    "hexadecimal": lambda text: " ".join(f"0x{byte:02x}" for byte in text.encode()),
    "octal escapes": lambda text: "".join(f"\\{byte:03o}" for byte in text.encode()),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "backwards": lambda text: text[::-1],
    "words backwards": lambda text: " ".join(word[::-1] for word in text.split()),
    "upside down": lambda text: text.translate(TURN),
    "upside down and backwards": lambda text: text.translate(TURN)[::-1],
    **{f"with {sign}": lambda text, sign=sign: text.replace(" ", sign) for sign in "_.+/|-,~"},
    "tags": lambda text: " ".join(f"#{word}" for word in text.split()),
    "mentions": lambda text: " ".join(f"@{word}" for word in text.split()),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_text_in_code_is_read_as_what_it_says(way):
    assert Query(WAYS[way](QUESTION)).view == Query(QUESTION).view


def test_morse_and_humps_are_read_but_for_their_signs():
    spoken = " / ".join(" ".join(map(LETTERS.get, word)) for word in QUESTION[:-1].lower().split())
    assert read_cipher(spoken) == QUESTION[:-1]
    assert read_cipher("WhichGasMakesUpMostOfTheAir?") == "Which Gas Makes Up Most Of The Air?"


@pytest.mark.parametrize(
    "text",
    [
        "3 14 15 92 65 35 89 79 32 38 46 26",
        "/usr/local/lib/python3.11/site-packages",
        "snake_case_identifier",
        "Qual è la capitale del Cile?",
        "Wie heißt dieser Fluss?",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        "def f(x): return x ** 2",
        "-- -- --",
        "#1 #2 #3",
        "Łódź, Kraków, Gdańsk",
    ],
)
def test_what_is_in_no_code_stays(text):
    assert read_cipher(text) == text


@given(st.text(alphabet="abehnortyz .,-_#0123", max_size=40))
def test_no_text_in_code_is_taken_for_plain(text):
    if read_cipher(text) != text:
        assert not count_plain_tokens(text)
