import pytest

from crossroute import Query
from crossroute.reading.follow_up import is_follow_up


@pytest.mark.parametrize(
    "text",
    [
        *("yes", "Yes, please do.", "continue", "Go on.", "And for infinite ones?", "Why?", "Fix it."),
        *(
            "Now do the same for the other case.",
            "and the second one?",
            "ok great, go on",
            "Can you do that too?",
        ),
        *(
            "mach weiter",
            "Und die zweite?",
            "continúa",
            "vas-y, continue",
            "继续",
            "はい",
            "продолжай",
            "계속해",
        ),
        *(
            "जारी रखें",
            "क्यों?",
            "استمر",
            "لماذا؟",
            "endelea",
            "kwa nini?",
            "devam et",
            "neden?",
            "dlaczego?",
            "waarom?",
        ),
        *("なぜですか?", "続きをお願いします", "두 번째는요?", "noch einmal, aber kürzer", "那第二个呢?"),
        *(
            "That doesn't work",
            "same error",
            "not quite",
            "more details",
            "B",
            "2",
            "option 3",
            "👍",
            "...",
            "?",
        ),
    ],
)
def test_a_text_without_content_is_a_follow_up(text):
    assert is_follow_up(text)
    hard, easy = (
        Query(text, context=context) for context in ("Prove the theorem of Galois.", "Tell me a joke.")
    )
    assert hard.instance_view != easy.instance_view
    assert hard.instance_view.startswith("Prove the theorem of Galois.")
    assert Query(text, context="Prove it.").whole_tokens == Query(text).whole_tokens + 3
