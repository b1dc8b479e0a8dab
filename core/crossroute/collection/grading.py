"""Grade an answer with a reference: exact match, number, multiple choice, containment, JSON, or code with tests."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from crossroute.collection.prompts import Prompt
from crossroute.errors import DataError
from crossroute.profiler.own_queries import Grader, check_grader, choose_checker
from crossroute.profiler.questions import GradedQuery
from crossroute.profiler.questions.checkers import json_value, letter, normalize, number, phrase
from crossroute.profiler.questions.final_answer import strip_markup

SKILL = "prompt"
"""Skill of all prompts in their query ids, so that an id does not depend on the prompt's task."""

UNGRADED = float("nan")
"""Quality of an answer without a grade."""

FENCE = re.compile(r"```(?:python|py)?[ \t]*\n(.*?)```", re.DOTALL | re.IGNORECASE)
TEST_SECONDS, TEST_MEMORY = 10, 2**30
"""Limits on the seconds and the bytes of memory of a test, on systems that can limit a process."""


def exact(answer: str, reference: Any) -> float:
    """Return 1 if the answer equals the reference, or one of several, ignoring case, articles and punctuation.

    >>> exact("The Eiffel Tower.", "Eiffel tower"), exact("It is the Eiffel tower", "Eiffel tower")
    (1.0, 0.0)
    """
    accepted = reference if isinstance(reference, (list, tuple)) else (reference,)
    return float(normalize(strip_markup(answer)) in {normalize(str(one)) for one in accepted})


def contains(answer: str, reference: Any) -> float:
    """Return 1 if the final part of the answer contains the reference, or one of several."""
    return phrase(answer, _to_texts(reference))


def code(answer: str, reference: Any) -> float:
    r"""Return the share of the tests that the code in an answer passes. The code runs in a separate process.

    Args:
        answer: Python code, bare or in a fenced block; the last block counts.
        reference: A test, or a list of tests: statements that raise an error if the code is wrong.

    >>> code("```python\ndef double(x):\n    return 2 * x\n```", ["assert double(2) == 4", "assert double(1) == 3"])
    0.5
    """
    blocks = FENCE.findall(answer)
    source = blocks[-1] if blocks else answer
    tests = _to_texts(reference)
    return sum(_passes(source, test) for test in tests) / len(tests)


GRADERS: dict[str, Callable[[str, Any], float]] = {
    "exact": exact,
    "number": number,
    "choice": letter,
    "contains": contains,
    "json": json_value,
    "code": code,
}
"""Name -> grader: (answer, reference) -> quality in [0, 1]."""


def make_graded_query(prompt: Prompt, kind: str | None = None, grader: Grader | None = None) -> GradedQuery:
    """Return a prompt as a graded query.

    Args:
        prompt: The prompt.
        kind: One of GRADERS; None chooses by the type of the reference, as `crossroute profile` does.
        grader: (answer, fields of the prompt's row) -> quality, instead of the reference.

    Raises:
        DataError: The reference does not fit the grader.
        ValueError: There is no grader with this name.
    """
    if grader is not None:
        return GradedQuery(SKILL, 1, prompt.text, dict(prompt.fields), check_grader(grader), "")
    if prompt.reference in (None, "", []):
        return GradedQuery(SKILL, 1, prompt.text, None, ungraded, "")
    if kind is None:
        checker, compared = choose_checker(prompt.reference)
    elif kind not in GRADERS:
        raise ValueError(f"Unknown grade {kind!r}; expected one of {', '.join(GRADERS)}.")
    else:
        checker, compared = GRADERS[kind], _convert_reference(kind, prompt)
    return GradedQuery(SKILL, 1, prompt.text, compared, checker, "")


def ungraded(answer: str, reference: Any) -> float:
    """Return NaN, the grade of an answer without a reference."""
    return UNGRADED


def _convert_reference(kind: str, prompt: Prompt) -> Any:
    """Convert a reference to the form that its grader expects."""
    reference = prompt.reference
    try:
        if kind == "number":
            return float(str(reference).replace(",", ""))
        if kind == "json":
            return json.loads(reference) if isinstance(reference, str) else reference
        if kind == "choice":
            option = str(reference).strip().strip("().").upper()
            return dict(zip("ABCDE", "ABCDE", strict=True))[option]
    except (ValueError, KeyError):
        raise DataError(
            f"The reference {reference!r:.60} of the prompt {prompt.text!r:.60} is not a {kind}. Correct it, or choose "
            f"another grader: --grade {' | '.join(GRADERS)}."
        ) from None
    return reference


def _to_texts(reference: Any) -> Sequence[str]:
    return tuple(map(str, reference)) if isinstance(reference, (list, tuple)) else (str(reference),)


def _passes(source: str, test: str) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "answer.py")
        path.write_text(f"{source}\n\n{test}\n", "utf-8", "backslashreplace")
        try:
            done = subprocess.run(  # noqa: S603 - the user asked for code to be run
                [sys.executable, "-I", str(path)],
                cwd=folder,
                env={},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=TEST_SECONDS,
                check=False,
                preexec_fn=_limited if sys.platform != "win32" else None,
            )
        except subprocess.TimeoutExpired:
            return False
    return done.returncode == 0


def _limited() -> None:
    import resource

    for what, most in ((resource.RLIMIT_AS, TEST_MEMORY), (resource.RLIMIT_CPU, TEST_SECONDS)):
        resource.setrlimit(what, (most, most))
