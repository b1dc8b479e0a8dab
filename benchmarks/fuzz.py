"""Fuzz files and command lines: each mutant must be read, or rejected with an error message.

    python benchmarks/fuzz.py                        # 3,000 mutants, some minutes
    python benchmarks/fuzz.py --count 100 --kinds configs,answers --seed 1

Checkpoints get the right digest, so that later checks are also tested. The script counts mutants that are rejected with
an error of CrossRoute, mutants that are read (with any content that is valid), and faults: another error, a decision
with NaN, more than ten seconds of CPU time or five minutes, or execution of code from a file.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import hashlib
import io
import json
import math
import os
import pickle
import random
import shutil
import signal
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

LIMIT_S, LIMIT_CPU_S = 300, 10
JUNK: tuple[Any, ...] = (
    *(
        None,
        True,
        -1,
        0,
        1.5,
        1e308,
        -1e308,
        2**70,
        float("nan"),
        float("inf"),
        "",
        " ",
        "\x00",
        "\ud800",
        "é" * 300,
    ),
    *([], {}, [[]], [None] * 3, {"a": {"b": []}}, "__import__('os').system('touch CANARY')", "os:system"),
)
"""Replacements of values in JSON or TOML."""

Try = Callable[[Path, random.Random], None]
"""Create a mutant in a folder and use it as a user would, without catching errors."""


class NotANumberError(Exception):
    """A decision contains NaN or infinity."""


class TooSlow(BaseException):
    """The time limit was exceeded."""


def mutate_checkpoint(folder: Path, chance: random.Random) -> None:
    """Mutate the config or the tensors of a router, load it and route."""
    from crossroute import Router
    from crossroute.routing.storage import BUNDLED

    own = Path(shutil.copytree(BUNDLED / "routerbench", folder / "router"))
    config, weights = own / "config.json", own / "model.safetensors"
    if chance.random() < 0.5:
        config.write_bytes(mutate_json(config.read_bytes(), chance))
    else:
        weights.write_bytes(mutate_weights(weights.read_bytes(), chance))
        stated = json.loads(config.read_bytes())
        stated["weights_sha256"] = hashlib.sha256(weights.read_bytes()).hexdigest()
        config.write_text(json.dumps(stated))
    decide(Router.from_pretrained(own))


def decide(router: Any) -> None:
    """Route at each end of the dial, and raise an error for NaN and infinity."""
    for query, dial in (("What is 17 * 23?", 0.0), ("Prove that 2 is prime. " * 40, 0.5), ("Hi", 1.0)):
        decision = router.route(query, cost_preference=dial)
        figures = (decision.quality, decision.cost, decision.willingness_to_pay)
        alternatives = [figure for each in decision.alternatives for figure in (each.quality, each.cost)]
        if not all(map(math.isfinite, (*figures, *alternatives))):
            raise NotANumberError(str(figures))


def mutate_outcomes(folder: Path, chance: random.Random) -> None:
    """Mutate a table of outcomes in one of its formats, and read it."""
    from crossroute import read_outcomes

    path = (
        folder / f"runs{chance.choice(('.csv', '.tsv', '.jsonl', '.json', '.pkl', '.parquet', '.jsonl.gz'))}"
    )
    path.write_bytes(make_table(path.name, chance))
    read = read_outcomes(path)
    if not (read.quality[read.quality == read.quality] >= 0).all():
        raise NotANumberError("a quality under 0")


def make_table(name: str, chance: random.Random) -> bytes:
    """Return rows of outcomes in a format, with a mutated value or a mutated byte."""
    rows: list[dict[str, Any]] = [
        {
            "text": f"What is {number} + 2?",
            "candidate": candidate,
            "quality": 1,
            "cost_usd": 0.001,
            "task": "sums",
        }
        for number in range(4)
        for candidate in ("small", "large")
    ]
    by_value = chance.random() < 0.5
    if by_value:
        chance.choice(rows)[chance.choice(("text", "candidate", "quality", "cost_usd", "task"))] = (
            chance.choice(JUNK)
        )
    if name.endswith((".csv", ".tsv")):
        file = io.StringIO()
        writer = csv.DictWriter(file, list(rows[0]), delimiter="\t" if name.endswith(".tsv") else ",")
        writer.writeheader()
        writer.writerows(rows)
        content = file.getvalue().encode("utf-8", "surrogatepass")
    elif name.endswith(".pkl"):
        content = pickle.dumps(rows if by_value else Canary())
    elif name.endswith(".parquet"):
        content = to_parquet(rows)
    else:
        lines = [json.dumps(row) for row in rows]
        content = (f"[{','.join(lines)}]" if name.endswith(".json") else "\n".join(lines)).encode()
        if name.endswith(".gz"):
            import gzip

            content = gzip.compress(content)
    return content if by_value else flip_bytes(content, chance)


def to_parquet(rows: list[dict[str, Any]]) -> bytes:
    """Return rows as parquet; values that do not fit the type of their column are written as text."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = io.BytesIO()
    try:
        made = pa.Table.from_pylist(rows)
    except (pa.ArrowException, OverflowError, UnicodeEncodeError):
        made = pa.Table.from_pylist([{key: ascii(value) for key, value in row.items()} for row in rows])
    pq.write_table(made, file)
    return file.getvalue()


class Canary:
    """An object whose pickle creates a file if a reader executes it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch CANARY",)


def mutate_answers(folder: Path, chance: random.Random) -> None:
    """Mutate a file of graded answers, and read it as a resumed profile does."""
    from crossroute.profiler.answers_file import AnswersFile
    from crossroute.profiler.api import to_outcomes

    path = folder / "small.jsonl"
    rows = [
        {"query_id": f"q{number}", "text": "Why?", "candidate": "small", "quality": 0.5, "cost_usd": 0.1}
        | {"input_tokens": 5, "output_tokens": 7, "latency_s": 0.1, "answer": "Because."}
        for number in range(5)
    ]
    if chance.random() < 0.6:
        row = chance.choice(rows)
        key = chance.choice(list(row))
        row[key] = chance.choice(JUNK)
        if chance.random() < 0.2:
            del row[key]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        path.write_bytes(flip_bytes("".join(json.dumps(row) + "\n" for row in rows).encode(), chance))
    with AnswersFile(path) as kept:
        sum(row.get("cost_usd") or 0.0 for row in kept.rows)
        if kept.rows:
            to_outcomes(kept.rows, ())


CONFIG = """
router = "universal"
cost_preference = 0.4
max_attempts = 4

[[models]]
name = "gpt-5-mini"
model = "openai:gpt-5-mini"
api_key_env = "OPENAI_API_KEY"

[models.price]
input = 0.25
output = 2

[[models]]
name = "claude-opus-4-5"
model = "anthropic:claude-opus-4-5"
context_window = 200000

[constraints]
max_cost = 0.01
deny = ["gpt-5-mini"]
"""


def mutate_config(folder: Path, chance: random.Random) -> None:
    """Mutate a value or a byte of a crossroute.toml, and read it."""
    from crossroute.config import read_config

    path = folder / "crossroute.toml"
    if chance.random() < 0.5:
        path.write_bytes(flip_bytes(CONFIG.encode(), chance))
    else:
        lines = CONFIG.splitlines()
        place = chance.choice([place for place, line in enumerate(lines) if "=" in line])
        key = lines[place].partition("=")[0]
        junk = chance.choice(JUNK)
        lines[place] = f"{key}= {json.dumps(junk)}" if chance.random() < 0.8 else chance.choice(lines)
        path.write_text("\n".join(lines), "utf-8", "surrogatepass")
    read_config(path)


COMMANDS = (
    ("route", "What is 2 + 2?", "--router", "routerbench", "--cost-preference", "0.5", "--json"),
    ("route", "Hi", "--candidates", "gpt-5-mini,claude-opus-4-5", "--max-cost", "0.01"),
    ("candidates", "routerbench", "--json"),
    ("candidates", "--search", "gpt"),
    ("data", "runs.csv", "--column", "quality=score"),
    ("evaluate", "routerbench", "runs.csv", "--split", "test"),
    ("train", "runs.csv", "--out", "router", "--seed", "1"),
    ("prices", "routerbench", "--out", "x"),
)
WORDS = (
    *(
        "",
        "-",
        "--",
        "-1",
        "nan",
        "inf",
        "1e999",
        "\x00",
        "é" * 200,
        "🙂",
        "'",
        "a,b",
        ",",
        "=",
        "a=b",
        "/dev/null",
    ),
    *(".", "runs.csv", "--help", "--json", "--router", "--nonsense", "[/bold]", "%s", "$(touch CANARY)", "~"),
)


def mutate_command(folder: Path, chance: random.Random) -> None:
    """Mutate a command line and run it; the exit code must be 0, 1 or 2, with a message of CrossRoute."""
    from crossroute import cli

    words = list(chance.choice(COMMANDS))
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(1, len(words) + 1)
        words[place : place + chance.randint(0, 2)] = [chance.choice(WORDS)]
    (folder / "runs.csv").write_text("text,candidate,quality\na,b,1\n")
    out, told = io.StringIO(), io.StringIO()
    sys.argv = ["crossroute", *words]
    former = Path.cwd()
    os.chdir(folder)
    sys.stdin = io.StringIO("")
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(told):
            cli.main()
    except SystemExit as end:
        if end.code not in (0, 1, 2, None):
            raise RuntimeError(f"exit {end.code} of {words}") from None
        if end.code:
            raise RefusedError from None
    except Exception as error:
        raise RuntimeError(f"{type(error).__name__} of {words}: {error}") from error
    finally:
        os.chdir(former)


class RefusedError(ValueError):
    """A command line was rejected."""


def mutate_json(content: bytes, chance: random.Random) -> bytes:
    """Return a JSON file with a changed value, key or byte."""
    if chance.random() < 0.3:
        return flip_bytes(content, chance)
    whole = json.loads(content)
    holders = [holder for holder in walk(whole) if holder]
    holder = chance.choice(holders[: 1 + chance.randrange(len(holders))])
    key = chance.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    if chance.random() < 0.3:
        del holder[key]
    else:
        holder[key] = chance.choice(JUNK)
    return json.dumps(whole).encode("utf-8", "surrogatepass")


def walk(value: Any) -> Iterator[Any]:
    """Yield all lists and dicts in a value, the outermost first."""
    if isinstance(value, (dict, list)):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from walk(inner)


def mutate_weights(content: bytes, chance: random.Random) -> bytes:
    """Return safetensors with a tensor scaled, overwritten, reshaped, renamed or removed, or with a changed byte."""
    import numpy as np
    from safetensors.numpy import load, save

    if chance.random() < 0.25:
        return flip_bytes(content, chance)
    tensors = load(content)
    name = chance.choice(sorted(tensors))
    tensor = tensors.pop(name)
    numbers = np.random.default_rng(chance.randrange(2**32))
    changed: dict[str, Callable[[], Any]] = {
        "scaled": lambda: (tensor.astype(np.float64) * 10.0 ** chance.uniform(1, 60)).astype(tensor.dtype),
        "negative": lambda: -tensor,
        "zero": lambda: np.zeros_like(tensor),
        "some values": lambda: np.where(
            numbers.random(tensor.shape) < 0.01, chance.choice((1e30, -1e30, np.nan)), tensor
        ),
        "noise": lambda: (numbers.normal(size=tensor.shape) * 10.0 ** chance.uniform(-3, 30)).astype(
            tensor.dtype
        ),
        "flat": lambda: tensor.reshape(-1),
        "longer": lambda: np.concatenate([tensor, tensor]) if tensor.ndim else tensor,
        "integers": lambda: np.zeros(tensor.shape, dtype=np.int8),
        "empty": lambda: np.zeros(0, dtype=tensor.dtype),
    }
    with np.errstate(all="ignore"):
        kept = (
            {name: changed[chance.choice(sorted(changed))]()}
            if chance.random() < 0.9
            else {f"{name}x": tensor}
        )
    return save({key: np.ascontiguousarray(one) for key, one in (tensors | kept).items()})


def flip_bytes(content: bytes, chance: random.Random) -> bytes:
    """Return bytes with some changed, truncated, duplicated or inserted."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 3, 20))):
        place = chance.randrange(len(changed) or 1)
        match chance.randrange(4):
            case 0:
                changed[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                del changed[place : None if chance.random() < 0.3 else place + chance.randint(1, 40)]
            case 2:
                changed[place:place] = changed[place : place + chance.randint(1, 40)]
            case _:
                changed[place:place] = chance.choice(
                    (b"\x00", b"\xff\xfe", b"[" * 3_000, b"NaN", b'"', b"\n", b"1e999")
                )
    return bytes(changed)


KINDS: dict[str, Try] = {
    "checkpoints": mutate_checkpoint,
    "outcomes": mutate_outcomes,
    "answers": mutate_answers,
    "configs": mutate_config,
    "commands": mutate_command,
}


def run_mutant(attempt: Try, chance: random.Random) -> tuple[str, str]:
    """Run a mutant, and return the kind of result with details."""
    from crossroute.errors import CrossRouteError

    def over(*_: object) -> None:
        raise TooSlow

    signal.signal(signal.SIGALRM, over)
    signal.signal(signal.SIGPROF, over)
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        signal.alarm(LIMIT_S)
        signal.setitimer(signal.ITIMER_PROF, LIMIT_CPU_S)
        try:
            attempt(Path(name), chance)
        except (CrossRouteError, RefusedError):
            found = "refused", ""
        except NotANumberError as error:
            found = "NaN", str(error)
        except TooSlow:
            found = "slow", traceback.format_exc(limit=-3)
        except BaseException:
            found = "raw", traceback.format_exc(limit=-2)
        else:
            found = "read", ""
        signal.alarm(0)
        signal.setitimer(signal.ITIMER_PROF, 0)
        ran = (Path(name) / "CANARY").exists() or Path("CANARY").exists()
    return ("code ran", found[1]) if ran else found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=3_000, help="mutants in all")
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    import crossroute.training  # noqa: F401 - which takes seconds, of none of the mutants

    kinds = given.kinds.split(",")
    faults: Counter[str] = Counter()
    heads = ("refused", "read", "raw", "NaN", "slow", "code ran")
    print(f"{'mutated':12}" + "".join(f"{head:>10}" for head in heads), flush=True)
    for kind in kinds:
        found: Counter[str] = Counter()
        for number in range(given.count // len(kinds)):
            what, told = run_mutant(KINDS[kind], random.Random(f"{given.seed} {kind} {number}"))
            found[what] += 1
            if told:
                faults[f"{kind}, {what}: {told.strip().splitlines()[-1][:160]}\n{told[-600:]}"] += 1
        print(f"{kind:12}" + "".join(f"{found[head]:>10}" for head in heads), flush=True)
    for fault, times in faults.most_common(20):
        print(f"\n{times} times {fault}")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
