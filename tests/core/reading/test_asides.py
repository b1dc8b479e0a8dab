# ruff: noqa: RUF001 - punctuation of other scripts
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossroute import Query
from crossroute.query import count_plain_tokens
from crossroute.reading.appeals import drop_appeals
from crossroute.reading.asides import ASIDE_WORDS, is_aside, is_aside_clause, may_be_aside, may_hold_aside

QUESTION = "Which gas makes up most of the air?"
POLITE = [
    "Good morning! I hope this finds you well. I have been wondering about something for a while and would be very "
    "grateful for your help. {} Thank you so much in advance, and have a wonderful day!",
    "Hi, I hope you're doing well, {}",
    "Hey there, sorry to bother you. {} Any help is appreciated!",
    "Sorry for the silly question, but I can't figure this out. {} Thanks a million!",
    "Hello dear assistant, you did such a great job yesterday. {} Looking forward to your reply.",
    "I would really appreciate it if you could help me with this one. {}",
    "{} I'd be so thankful. Take care and have a nice weekend!",
    "I've been stuck on this all day and it's driving me crazy. {}",
    "My apologies if this is a basic question. {} Kind regards, Tom",
    "hiya! hope all is good with you :) {} ty!!",
    "Thank you for your patience with me. {}",
    "{} No rush, whenever you have a moment.",
    "{} I'm in a hurry so please be fast.",
    "Pretty please with sugar on top. {}",
    "ok so here goes. {} thoughts?",
    "ffs just do it this time and dont screw up again: {}",
    "How are you today? {} Much obliged.",
    "Dear friend, I trust this message finds you in good health. {} With heartfelt thanks and all good wishes.",
    "Good evening, I am so sorry to disturb you this late. {} I will be forever grateful.",
    "Not sure if you can help, but I'm a bit lost. {}",
    "Could I ask you a small favour? {} It would be wonderful.",
    "I'm new here, so please be patient with me. {}",
    "Guten Morgen! Ich hoffe, es geht Ihnen gut. {} Vielen lieben Dank und einen schönen Tag noch!",
    "Bonjour, j'espère que vous allez bien. {} Merci infiniment et bonne journée !",
    "¡Buenas tardes! Espero que estés bien. {} ¡Mil gracias y que tengas un buen día!",
    "Buongiorno, spero che tutto vada bene. {} Grazie infinite e buona giornata!",
    "Добрый день! Надеюсь, у вас всё хорошо. {} Заранее большое спасибо и хорошего дня!",
    "早上好！{} 非常感谢，祝您有美好的一天！",
    "おはようございます。お元気ですか。{} ご協力に感謝します。良い一日を！",
    "안녕하세요! 잘 지내시죠? {} 미리 감사드리고 좋은 하루 되세요!",
]
ASKED = [
    "I'm overloaded at work. Should I ask my boss for more time?",
    "I want to learn Rust. Is it hard?",
    "Write a thank-you note. It should thank her for her help, and end with kind regards.",
    "What does 'sorry to bother you' mean?",
    "Translate into Dutch: thank you very much",
    "We have best, worst and average cases. Which is hoped for?",
    "My code is stuck in a loop. Help me fix it.",
    "Which is right?\n\nA) Wrong, not right\nB) Best friend\nC) Thank you",
    "Put in order:\n1. hola\n2. gracias",
    "Complete the list: hope, trust, love",
]


@pytest.mark.parametrize("frame", POLITE)
def test_courtesy_around_a_question_is_not_read(frame):
    assert Query(frame.format(QUESTION)).view == Query(QUESTION).view


@pytest.mark.parametrize("text", ASKED)
def test_what_is_asked_in_words_of_courtesy_is_read(text):
    assert drop_appeals(text) == text


def test_mere_courtesy_is_read_as_it_stands():
    text = "Hello! Thank you so much, have a wonderful day!"
    assert Query(text).view.instance == text


@given(st.lists(st.sampled_from(["hi", "thanks", "the", "please", "cat", "is", "so", ",", "?", "and", "1"])))
def test_no_clause_of_courtesy_is_overlooked_in_a_line(words):
    line = " ".join(words)
    before = [line[:at] for at, sign in enumerate(line) if sign == ","]
    after = [line[at + 1 :] for at, sign in enumerate(line) if sign == ","]
    if any(map(is_aside_clause, (*before, *after))):
        assert may_hold_aside(line)


@given(st.lists(st.sampled_from(sorted(ASIDE_WORDS)), min_size=1, max_size=12))
def test_a_line_with_courtesy_at_an_end_is_not_taken_for_plain(words):
    clause = " ".join(words)
    for text in (f"{clause}, which gas is it?", f"which gas is it, {clause}"):
        if drop_appeals(text) != text:
            assert count_plain_tokens(text) == 0


def test_an_aside_is_short():
    assert is_aside("thanks " * 20)
    assert not is_aside("thanks " * 40)


@given(
    st.lists(st.sampled_from([*sorted(ASIDE_WORDS)[:400], "pump", "7", "?", ":", "Hi"]), max_size=8).map(
        " ".join
    )
)
def test_all_words_of_an_aside_clause_may_stand_in_one(clause):
    assert may_be_aside(clause) or not is_aside_clause(clause.lower())
