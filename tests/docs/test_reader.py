"""A page that says what is not so is found out."""

import pytest

from crossroute.errors import DataError
from tests.support.pages import read_blocks

WRONG = {
    "a name that is not there": ("```python\nprint(nothing)\n```", NameError, "nothing"),
    "another output": (
        "```python\nprint(3)\n```\n\nIt prints\n\n```text\n4\n```",
        AssertionError,
        "page.md:7 shows",
    ),
    "output of nothing": ("```text\nDone\n```", AssertionError, "shows"),
    "an option that is not there": (
        "```sh\ncrossroute candidates --serch x\n```",
        AssertionError,
        "ends with 2",
    ),
    "a file that is not there": ("```sh\ncrossroute data yours.jsonl\n```", DataError, "yours.jsonl"),
    "a target that is not there": ("```sh\nmake tea\n```", AssertionError, "No rule to make target"),
    "an extra that is not there": ('```sh\npip install "crossroute[lang]"\n```', AssertionError, "expected"),
    "a package of nobody here": (
        "```sh\npip install crossrouter\n```",
        AssertionError,
        "crossrouter, expected",
    ),
    "a script that is not there": (
        "```sh\npython benchmarks/tea.py\n```",
        AssertionError,
        "no benchmarks/tea.py",
    ),
    "another command": ("```sh\ncurl example.com\n```", AssertionError, "curl"),
    "rows that are none": ("```jsonl\n{'text': 1}\n```", ValueError, "property name"),
    "an uneven table": ("```csv\na,b\n1\n```", AssertionError, "as long as"),
    "no language": ("```\nx\n```", AssertionError, "page.md:1: '', expected one of python"),
    "indented code": ("Do\n\n    make test\n", AssertionError, "page.md:3: ''"),
    "code that a list swallows": ("- Do\n\n    make test\n", AssertionError, "page.md:3: ''"),
    "an unknown language": ("```ruby\nputs 1\n```", AssertionError, "'ruby'"),
}


@pytest.mark.parametrize(("page", "error", "told"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_fails(reader, page, error, told):
    *before, last = read_blocks(page, "page.md")
    for block in before:
        reader.follow(block)
    with pytest.raises(error, match=told):
        reader.follow(last)


def test_blocks_share_names_and_write_files_and_rows_go_before_those_there(reader):
    page = """
```python title="mine.py"
greeting = "Hello"
```

```jsonl title="outcomes.jsonl"
{"text": "first", "candidate": "small", "quality": 1}
```

```sh
python mine.py  # nothing is printed
export WHO="you and me"
```

```python
import os
from pathlib import Path

from mine import greeting as again

print(again, greeting, os.environ["WHO"])
print(len(Path("outcomes.jsonl").read_text().splitlines()))
```

```text
Hello ... you and me
121
```
"""
    for block in read_blocks(page, "page.md"):
        reader.follow(block)
    assert reader.printed.startswith("Hello Hello you and me")


def test_a_block_tells_its_place_its_file_and_why_it_is_not_run():
    page = '<!-- not run: no key -->\n```python title="a.py"\nx\n```\n\n```math\nx\n```\n\n- y\n\n  ```sh\n  y\n  ```\n'
    first, second = read_blocks(page, "page.md")
    assert (first.place, first.title, first.not_run) == ("page.md:2", "a.py", "no key")
    assert (second.place, second.language, second.text) == ("page.md:12", "sh", "y\n")
