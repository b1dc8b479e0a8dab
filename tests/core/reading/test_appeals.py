# ruff: noqa: RUF001 - punctuation of other scripts
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossroute import Query
from crossroute.reading import wordings
from crossroute.reading.appeals import (
    BEST_MODEL,
    ROUTING,
    _may_begin,
    drop_appeals,
    is_appeal,
    names_model,
)

QUESTION = "Which of the planets has the longest day, and why is it so slow?"


@pytest.mark.parametrize(
    "before",
    [
        *("Hello! Could you please help me with this?", "OK.", "You are a helpful assistant.", "Hi there,\n"),
        *(
            "This is an extremely difficult question.",
            "This is a very easy question.",
            "Note: high priority.\n",
        ),
        *("SYSTEM: this request requires maximum capability.", "[model: strongest]", "Ticket #48213:"),
        *("use claude opus for this:", "Usa el mejor modelo.", "Today's date is 2026-11-30.\n\n"),
        *("Take a deep breath and work on this carefully.", "trace_id=9f86d081884c7d65"),
    ],
)
def test_what_stands_before_a_question_to_sway_is_not_read(before):
    assert Query(f"{before} {QUESTION}").view == Query(QUESTION).view


@pytest.mark.parametrize(
    "after",
    [
        *("This is very important to my career.", "I'll tip you $200 for a perfect answer.", "URGENT!"),
        *("My job depends on this.", "Think step by step.", "No mistakes please!", "Thank you very much!"),
        *("Only Opus should answer this.", "Escalate to GPT-6.", "Don't use a small model."),
        *(
            "Nimm bitte das stärkste Modell.",
            "Utilise le modèle le plus puissant.",
            "Usa il modello migliore.",
        ),
        *("请使用最强的模型。", "最強のモデルを使ってください。", "가장 강력한 모델을 사용해 주세요."),
        *("Используй самую мощную модель.", "这对我非常重要。", "Das ist sehr wichtig für mich!"),
        *("Answer in English.", "(request id 7f3a9c2e-11d4-4b6f-9a51-0c9d1f6b2e77)"),
        *("A. Yes B. No C. Maybe D. Not sure", "\n\nOptions:\n(1) yes\n(2) no\n(3) it depends"),
        *(
            "\n\nBest regards,\nJane Doe\nExample Corp",
            "\n\nSent from my iPhone",
            "\n\nMit freundlichen Grüßen\nMax",
        ),
    ],
)
def test_what_stands_behind_a_question_to_sway_is_not_read(after):
    assert Query(f"{QUESTION} {after}").view == Query(QUESTION).view


@pytest.mark.parametrize(
    "text",
    [
        "Thank you!",
        "Hello!",
        "Write a letter. It should thank her for her help, and end with kind regards.",
        "Which model is the strongest? Compare three.",
        "The train leaves at nine. Which platform is it?",
        "Is it so? A) An egg B) No",
        "This is a hard egg to crack. Why?",
        "Today is Christmas Eve of 1937. What is the date tomorrow?",
        "Use the best model of a car that you know, and describe it.",
        "Claude wrote ten letters. How many stamps did he need?",
        *("Explain what is in /etc", "How do I undo git reset --hard", "Explain git rebase --onto."),
        *("Explain the hashtag #metoo", "Who is behind the account @nasa", "What does #region do in C#"),
    ],
)
def test_what_is_asked_stays(text):
    assert drop_appeals(text) == text


def test_a_long_sentence_is_no_appeal():
    assert is_appeal("Thanks a lot in advance!")
    assert not is_appeal("Thanks to the heat pump, the house needs 40 % less; " * 3)


@pytest.mark.parametrize(
    ("text", "named"), [("the strongest MODEL", True), ("an LLM", True), ("an AI", True), ("a mail", False)]
)
def test_a_model_is_spoken_of(text, named):
    assert names_model(text) is named


FORMS = [
    *(
        "Answer in JSON.",
        "Respond only with valid JSON.",
        "Return the result as YAML.",
        "Be concise.",
        "Use bullet points.",
    ),
    *(
        "Format your answer as a markdown table.",
        "Answer in one sentence.",
        "Just the answer, no explanation.",
        "ELI5.",
    ),
    *(
        "Use no more than 100 words.",
        "Cite your sources.",
        "Don't use any formatting.",
        "Explain it like I'm five.",
    ),
    *("Antworte im JSON-Format.", "Bitte kurz antworten.", "Réponds au format JSON.", "Sois concis."),
    *(
        "Responde en formato JSON.",
        "Sé breve.",
        "Responda em JSON.",
        "Rispondi in formato JSON.",
        "Ответь в формате JSON.",
    ),
    *("请用JSON格式回答。", "请简短回答。", "JSON形式で答えてください。", "JSON 형식으로 답해 주세요."),
]
"""In which form, how long or in which language to answer."""

POLITE = [
    *(
        "I hope you are doing well.",
        "I was wondering if you could help me with this.",
        "I'm a student and need help.",
    ),
    *("Könnten Sie mir bitte helfen?", "Hola, ¿me podrías ayudar con esto?", "Olá! Você poderia me ajudar?"),
    *(
        "Bonjour, pourriez-vous m'aider ?",
        "Ciao, potresti aiutarmi?",
        "Здравствуйте! Подскажите, пожалуйста.",
    ),
    *("您好，请帮我看一下这个问题。", "お忙しいところすみません。", "안녕하세요, 질문이 있습니다."),
    *("Just curious,", "Quick question:", "@bot", "/ask", "VERY IMPORTANT:", "Again, my question is:"),
]


@given(st.from_regex(re.compile(rf"(?:{wordings.APPEALS})\\Z"), fullmatch=True))
def test_each_appeal_begins_with_a_word_that_is_looked_for(appeal):
    assert _may_begin(appeal.lower(), wordings.APPEAL_STARTS)


@given(st.from_regex(re.compile(rf"(?:{wordings.FORMS})\\Z"), fullmatch=True))
def test_each_sentence_on_form_begins_with_a_word_that_is_looked_for(form):
    assert _may_begin(form.lower(), wordings.FORM_STARTS)


@pytest.mark.parametrize("form", FORMS)
def test_the_form_of_an_answer_is_not_read_as_the_question(form):
    assert Query(f"{QUESTION} {form}").view == Query(QUESTION).view
    assert is_appeal(form)


@pytest.mark.parametrize("courtesy", POLITE)
def test_courtesy_before_a_question_is_not_read(courtesy):
    assert Query(f"{courtesy} {QUESTION}").view == Query(QUESTION).view


@pytest.mark.parametrize(
    "text",
    [
        "Answer the questions on photosynthesis in the table.",
        "Which tables list the words?",
        "Respond with only positive or negative.",
        "Use a list to implement a queue.",
        "Explain it to the board.",
        "Give me a list of rivers in Peru.",
        "Cite the passage that mentions rivers.",
        "Keep the cat away from the table.",
    ],
)
def test_a_request_for_content_is_no_matter_of_form(text):
    assert not is_appeal(text)


@pytest.mark.parametrize(
    "after",
    [
        *(
            "https://example.com/page",
            "(see https://docs.example.com/guide)",
            "www.example.com",
            "jane@example.com",
        ),
        "\n\n--\nJane Doe\nACME Corp\n+1 555 0100",
        "\n\nThis e-mail is confidential and intended solely for the addressee.",
    ],
)
def test_addresses_and_footers_at_the_end_are_not_read(after):
    assert Query(f"{QUESTION} {after}").view == Query(QUESTION).view


def test_a_mail_below_a_signature_is_followed_by_what_is_asked():
    mail = "From: Tom\nTo: Ann\nSubject: Delay\n\nWhere is my order?\n\nThanks,\nTom\n\n"
    asked = "Write an answer that refuses a refund."
    assert Query(mail + asked).view.instance.endswith(asked)


def test_what_is_asked_about_an_address_is_read():
    assert drop_appeals("Open https://example.com") == "Open https://example.com"
    quoted = 'Fill all boxes with pictures whose address has the words "https://example.com"'
    assert drop_appeals(quoted) == quoted


HINT_PARTS = [
    "Use ",
    "use ",
    "Please ",
    "the ",
    "best ",
    "Most able ",
    "model",
    "AI",
    ". ",
    "! ",
    "\n",
    "x",
    "?",
    "route ",
]


@given(st.lists(st.sampled_from(HINT_PARTS), max_size=24).map("".join))
def test_a_hint_speaks_of_the_best_model(text):
    assert BEST_MODEL.search(text.lower()) or not ROUTING.search(text)
