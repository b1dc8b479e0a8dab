# Everything a user or CI runs. The environment lives in .venv and is reused while it is up to date.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
# Processes of `make test`; 0 runs the tests in make's own, for a debugger.
WORKERS ?= 2
SOURCES := core langchain_crossroute llamaindex_crossroute examples benchmarks docs/hooks tests hatch_build.py

.PHONY: demo test quick check bench docs fmt types lint smoke

demo: .venv/demo-ready
	$(BIN)/crossroute demo

test: .venv/dev-ready
	HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest -p xdist --numprocesses $(WORKERS) --dist loadfile

quick: .venv/dev-ready
	$(BIN)/python -m tests.support.changed | xargs -r $(BIN)/python -m pytest

check: lint test smoke

bench: .venv/dev-ready
	$(BIN)/python benchmarks/quality.py && $(BIN)/python benchmarks/speed.py

docs: .venv/dev-ready
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict && echo "Open site/index.html; with search: $(BIN)/mkdocs serve"

fmt: .venv/dev-ready
	$(BIN)/ruff check --fix-only $(SOURCES) && $(BIN)/ruff format $(SOURCES)

types: .venv/dev-ready
	$(BIN)/mypy

lint: .venv/dev-ready types
	$(BIN)/ruff check $(SOURCES) && $(BIN)/ruff format --check $(SOURCES) && $(BIN)/lint-imports

smoke: .venv/dev-ready
	$(BIN)/python tests/smoke_wheel.py

.venv/demo-ready: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) --editable . && touch $@

.venv/dev-ready: .venv/demo-ready
	$(PIP) --no-compile --editable ".[dev]" && touch $@
