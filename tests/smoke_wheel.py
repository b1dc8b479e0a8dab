"""Build wheel and sdist, look into them, install the wheel in a fresh environment and route from another folder.

The environment holds the light base alone; the sdist is unpacked and some of its tests run.

Run by `make check`: python tests/smoke_wheel.py
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Iterable, Mapping
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
ENDINGS = {".css", ".eval", ".html", ".ipynb", ".js", ".md", ".png", ".svg", ".txt"}
ENDINGS |= {".cff", ".csv", ".json", ".jsonl", ".py", ".safetensors", ".toml", ".typed", ".yaml", ".yml"}
PICKLES = {
    "tests/core/data/readers/pandas-1.5.3.pkl",
    "tests/core/data/readers/pandas-2.2.3.pkl",
}  # made up, a few rows
LARGEST = {"wheel": 7.0, "sdist": 10.0, "environment": 200.0}  # MB
HEAVY = ("torch", "pyarrow", "scipy", "sklearn", "matplotlib", "langchain_core", "llama_index")
"""What the light base does without."""
QUICK_TESTS = ("tests/core/test_reward.py", "tests/core/test_query.py", "tests/test_packaging.py")


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        run(sys.executable, "-m", "build", "--no-isolation", "--outdir", scratch, str(ROOT), cwd=ROOT)
        (wheel,) = folder.glob("*.whl")
        (sdist,) = folder.glob("*.tar.gz")
        run(sys.executable, "-m", "twine", "check", "--strict", str(wheel), str(sdist), cwd=ROOT)
        run(Path(sys.executable).with_name("check-wheel-contents"), str(wheel), cwd=ROOT)
        look_into_wheel(wheel)
        look_into_sdist(sdist)
        run_tests_of(sdist, folder)
        venv.create(folder / "env", with_pip=True)
        python = folder / "env" / "bin" / "python"
        constraints = str(ROOT / "constraints.txt")
        run(python, "-m", "pip", "install", "--quiet", "-c", constraints, str(wheel), cwd=folder)
        look_into_environment(python, folder / "env")
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
    expect_files(
        names,
        (
            "crossroute/evaluation/page.html",
            "crossroute/cli/demo.html",
            "crossroute/cli/measured.json",
            *(f"{package}/py.typed" for package in PACKAGES),
        ),
    )
    expect_files(names, (f"{metadata}licenses/LICENSE", f"{metadata}entry_points.txt"))
    strange = {name.partition("/")[0] for name in names} - {*PACKAGES, metadata.rstrip("/")}
    expect(not strange, f"the wheel holds {sorted(strange)}, which would be installed beside the packages")


def look_into_sdist(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    report("sdist", sdist, names)
    expect_files(names, (f"core/crossroute/weights/{name}" for name in WEIGHTS))
    expect_files(names, (*PAPERS, "Makefile", "constraints.txt", "hatch_build.py", "pyproject.toml"))
    named = {"Makefile", "LICENSE", ".gitignore", "PKG-INFO"}
    strange = {name for name in names - named - PICKLES if Path(name).suffix not in ENDINGS}
    expect(not strange, f"the sdist holds files of a kind that nobody expects: {sorted(strange)[:5]}")


def look_into_environment(python: Path, folder: Path) -> None:
    size = sum(path.lstat().st_size for path in folder.rglob("*")) / 1e6
    print(f"The light base: {size:.0f} MB, pip included")
    expect(size <= LARGEST["environment"], f"the environment has {size:.0f} MB")
    asked = f"from importlib.util import find_spec; print(*filter(find_spec, {HEAVY}))"
    found = run(python, "-c", asked, cwd=folder).strip()
    expect(not found, f"the light base installs {found}")


def run_tests_of(sdist: Path, folder: Path) -> None:
    shutil.unpack_archive(sdist, folder / "unpacked")
    (unpacked,) = (folder / "unpacked").iterdir()
    paths = os.pathsep.join(map(str, (unpacked / "core", unpacked)))
    run(
        sys.executable,
        "-m",
        "pytest",
        "-q",
        *QUICK_TESTS,
        cwd=unpacked,
        env=os.environ | {"PYTHONPATH": paths},
    )


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


def run(*command: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        list(map(str, command)), check=False, cwd=cwd, env=env, stdout=subprocess.PIPE, text=True
    )
    expect(done.returncode == 0, f"{' '.join(map(str, command))} fails:\n{done.stdout}")
    return done.stdout


if __name__ == "__main__":
    main()
