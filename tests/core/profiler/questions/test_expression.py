import pytest

from crossroute.profiler.questions.expression import worth

REVERSED = (({"xs": [1, 2, 3]}, [3, 2, 1]), ({"xs": []}, []))


@pytest.mark.parametrize(
    "answer",
    [
        "xs[::-1]",
        "`xs[::-1]`",
        "result = list(reversed(xs))",
        "lambda ys: ys[::-1]",
        "```python\ndef turned(lst):\n    return list(reversed(lst))\n\nprint(turned([1, 2]))\n```\nIt reverses.",
        "def turned(xs):\n    return xs[::-1]",
    ],
)
def test_an_expression_that_is_right_or_a_function_that_returns_it(answer):
    assert worth(answer, REVERSED) == 1


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "sorted(xs)",
        "I do not know.",
        "xs.reverse()",
        "def turned(a, b):\n    return a[::-1]",
        "def turned(lst):\n    return lst",
        "```python\ndef turned(lst):\n    lst = lst[::-1]\n    return lst\n```",
        "print([3, 2, 1])",
    ],
)
def test_one_that_is_wrong_or_not_understood(answer):
    assert worth(answer, REVERSED) == 0
