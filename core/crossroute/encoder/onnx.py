"""The transformer tier on onnxruntime: exported once to the user's cache, in fp32 or in int8."""

from __future__ import annotations

import hashlib
import tempfile
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from platformdirs import user_cache_path

from crossroute.encoder import Embeddings
from crossroute.encoder.transformer import TOKENS_A_VIEW, check_reachable, locate
from crossroute.errors import EncoderError, check_extra, one_line

BATCH = 32
OPSET = 17
ATTENTION = "eager"
"""Implementation of attention that is exported: the others add many nodes to handle fully masked rows."""


class OnnxEncoder:
    """A mean-pooled sentence transformer on onnxruntime; texts are truncated to 256 tokens.

    Args:
        model: "minilm", or a hub id or folder of a BERT-like model with mean pooling.
        int8: Whether to quantize the weights per channel. This takes a third of the time, at a cosine similarity of
            0.99 to fp32 (0.94 if quantized per tensor, onnxruntime's default).
        threads: Threads per encoding.

    Raises:
        MissingExtraError: onnxruntime, or a package for the export, is not installed.
        EncoderError: There is no such model, or it cannot be reached.
    """

    def __init__(self, model: str = "minilm", *, int8: bool = False, threads: int = 1) -> None:
        check_extra("An ONNX encoder", "onnx", "onnxruntime", "onnx", "transformers")
        from onnxruntime import InferenceSession, SessionOptions
        from transformers import AutoTokenizer

        self._lock = threading.Lock()
        self.name = f"onnx{'-int8' if int8 else ''}:{model}"
        try:
            source = check_reachable(locate(model))
            self._tokenizer: Any = AutoTokenizer.from_pretrained(source)
            options = SessionOptions()
            options.intra_op_num_threads = threads  # more threads busy-wait on short texts
            self._session = InferenceSession(
                find_or_export(source, int8=int8), options, providers=["CPUExecutionProvider"]
            )
        except (OSError, ValueError) as error:
            raise EncoderError(
                f"Cannot load {model!r} for onnxruntime: {one_line(error)}. Expected minilm, a folder, or a hub "
                "id that can be reached."
            ) from error

    def encode(self, texts: list[str]) -> Embeddings:
        """Return unit vectors, shape (n, d)."""
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        batches = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
        parts = [self._encode_batch([texts[row] for row in batch]) for batch in batches]
        return np.concatenate(parts)[np.argsort(order)]

    def _encode_batch(self, texts: list[str]) -> Embeddings:
        with self._lock:  # setting a tokenizer's padding is not thread-safe
            tokens = self._tokenizer(
                texts, padding=True, truncation=True, max_length=TOKENS_A_VIEW, return_tensors="np"
            )
        inputs = {name: tokens[name].astype(np.int64) for name in ("input_ids", "attention_mask")}
        states = self._session.run(None, inputs)[0]  # (n, tokens, d)
        mask = inputs["attention_mask"][:, :, None]
        pooled = (states * mask).sum(1) / mask.sum(1)  # (n, d)
        return np.asarray(pooled / np.linalg.norm(pooled, axis=1, keepdims=True), dtype=np.float32)


def find_or_export(source: str, *, int8: bool) -> Path:
    """Return the path of the exported model; the first call exports and quantizes it."""
    digest = hashlib.sha256(f"{source}|opset {OPSET}|{ATTENTION}".encode()).hexdigest()[:16]
    folder = user_cache_path("crossroute") / "onnx"
    folder.mkdir(parents=True, exist_ok=True)
    full, quantized = folder / f"{digest}.onnx", folder / f"{digest}-int8.onnx"
    if not full.exists():
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            export(source, Path(scratch) / "model.onnx")
            (Path(scratch) / "model.onnx").replace(full)
    if int8 and not quantized.exists():
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            quantize(full, Path(scratch) / "model.onnx")
            (Path(scratch) / "model.onnx").replace(quantized)
    return quantized if int8 else full


def export(source: str, path: Path) -> None:
    """Write a transformer's last hidden state as an ONNX graph with dynamic batch size and length.

    Uses torch's TorchScript exporter: the newer exporter of torch 2.13 exports BERT with wrong results.
    """
    import torch
    from transformers import AutoModel

    class LastHiddenState(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = AutoModel.from_pretrained(source, attn_implementation=ATTENTION).eval()

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            states: torch.Tensor = self.model(input_ids=input_ids, attention_mask=attention_mask)[0]
            return states

    example = torch.ones((2, 8), dtype=torch.int64)
    names = ["input_ids", "attention_mask", "last_hidden_state"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecation of the exporter, traced constants of the attention mask
        torch.onnx.export(
            LastHiddenState(),
            (example, example),
            str(path),
            input_names=names[:2],
            output_names=names[2:],
            dynamic_axes={name: {0: "n", 1: "tokens"} for name in names},
            opset_version=OPSET,
            dynamo=False,
        )


def quantize(full: Path, path: Path) -> None:
    """Write a graph's int8 version, with one scale per channel."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(full, path, per_channel=True, weight_type=QuantType.QInt8)
