"""Build the wheel, install it in a fresh environment, and route from another folder with the bundled weights.

Run by `make check`: python tests/smoke_wheel.py
"""

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        run(sys.executable, "-m", "build", "--outdir", scratch, str(ROOT), cwd=ROOT)
        (wheel,) = folder.glob("*.whl")
        (sdist,) = folder.glob("*.tar.gz")
        print(
            f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB; {sdist.name}: {sdist.stat().st_size / 1e6:.1f} MB"
        )
        venv.create(folder / "env", with_pip=True)
        python = folder / "env" / "bin" / "python"
        run(
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "-c",
            str(ROOT / "constraints.txt"),
            str(wheel),
            cwd=folder,
        )
        answer = run(python, "-m", "crossroute", "route", "What is 17 * 23?", "--json", cwd=folder)
        decision = json.loads(answer)
        expected = {"candidate", "quality", "cost", "alternatives"}
        if not expected <= decision.keys():
            raise SystemExit(f"Expected {sorted(expected)} in the decision, got {sorted(decision)}.")
        print(f"The installed wheel routes: {decision['candidate']} for ${decision['cost']:.2g}.")


def run(*command: str | Path, cwd: Path) -> str:
    return subprocess.run(
        list(map(str, command)), cwd=cwd, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


if __name__ == "__main__":
    main()
