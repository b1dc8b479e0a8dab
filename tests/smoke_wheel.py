"""Build wheel and sdist, look into them, install the wheel in a fresh environment and route from another folder.

Run by `make check`: python tests/smoke_wheel.py
"""

import json
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("crossroute", "langchain_crossroute", "llamaindex_crossroute")
ROUTERS = ("routerbench", "universal")
WEIGHTS = (
    "verifier.json",
    *(f"{name}/{file}" for name in ROUTERS for file in ("config.json", "model.safetensors", "README.md")),
    *(f"static-minilm/{file}" for file in ("config.json", "model.safetensors", "tokenizer.json")),
)
PAPERS = ("CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md")
ENDINGS = {".css", ".html", ".ipynb", ".js", ".md", ".png", ".svg", ".txt"}
ENDINGS |= {".cff", ".json", ".py", ".safetensors", ".toml", ".typed", ".yaml", ".yml"}
PICKLES = {
    "tests/core/data/readers/pandas-1.5.3.pkl",
    "tests/core/data/readers/pandas-2.2.3.pkl",
}  # made up, a few rows
LARGEST = {"wheel": 6.0, "sdist": 10.0}  # MB


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        run(sys.executable, "-m", "build", "--outdir", scratch, str(ROOT), cwd=ROOT)
        (wheel,) = folder.glob("*.whl")
        (sdist,) = folder.glob("*.tar.gz")
        look_into_wheel(wheel)
        look_into_sdist(sdist)
        venv.create(folder / "env", with_pip=True)
        python = folder / "env" / "bin" / "python"
        constraints = str(ROOT / "constraints.txt")
        run(python, "-m", "pip", "install", "--quiet", "-c", constraints, str(wheel), cwd=folder)
        told = run(folder / "env" / "bin" / "crossroute", "--version", cwd=folder)
        expect(told.strip() == f"crossroute {wheel.name.split('-')[1]}", f"an unexpected version: {told}")
        for router in ROUTERS:
            route(python, router, folder)
        expect("saving" in run(python, "-m", "crossroute", "demo", cwd=folder), "the demo shows no saving")


def look_into_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    report("wheel", wheel, names)
    (metadata,) = (name.removesuffix("METADATA") for name in names if name.endswith("dist-info/METADATA"))
    expect_files(names, (f"crossroute/weights/{name}" for name in WEIGHTS))
    expect_files(names, ("crossroute/evaluation/page.html", *(f"{package}/py.typed" for package in PACKAGES)))
    expect_files(names, (f"{metadata}licenses/LICENSE", f"{metadata}entry_points.txt"))
    strange = {name.partition("/")[0] for name in names} - {*PACKAGES, metadata.rstrip("/")}
    expect(not strange, f"the wheel holds {sorted(strange)}, which would be installed beside the packages")


def look_into_sdist(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    report("sdist", sdist, names)
    expect_files(names, (f"core/crossroute/weights/{name}" for name in WEIGHTS))
    expect_files(names, (*PAPERS, "Makefile", "constraints.txt", "pyproject.toml", "tests/smoke_wheel.py"))
    named = {"Makefile", "LICENSE", ".gitignore", "PKG-INFO"}
    strange = {name for name in names - named - PICKLES if Path(name).suffix not in ENDINGS}
    expect(not strange, f"the sdist holds files of a kind that nobody expects: {sorted(strange)[:5]}")


def report(kind: str, archive: Path, names: set[str]) -> None:
    size = archive.stat().st_size / 1e6
    print(f"{archive.name}: {size:.1f} MB, {len(names)} files")
    expect(size <= LARGEST[kind], f"the {kind} has {size:.1f} MB, at most {LARGEST[kind]} are expected")
    litter = [name for name in names if "cache" in name.lower().rpartition("/")[0] or name.endswith(".pyc")]
    expect(not litter, f"the {kind} holds {litter[:5]}")


def route(python: Path, router: str, folder: Path) -> None:
    answer = run(
        python, "-m", "crossroute", "route", "What is 17 * 23?", "--router", router, "--json", cwd=folder
    )
    decision = json.loads(answer)
    expected = {"candidate", "quality", "cost", "alternatives"}
    expect(expected <= decision.keys(), f"no {sorted(expected)} in the decision {sorted(decision)}")
    print(f"The installed wheel routes by {router}: {decision['candidate']} for ${decision['cost']:.2g}.")


def expect_files(names: set[str], wanted: Iterable[str]) -> None:
    missing = sorted(set(wanted) - names)
    expect(not missing, f"missing: {', '.join(missing)}")


def expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise SystemExit(f"The distribution is not as it should be: {otherwise}.")


def run(*command: str | Path, cwd: Path) -> str:
    return subprocess.run(
        list(map(str, command)), cwd=cwd, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


if __name__ == "__main__":
    main()
