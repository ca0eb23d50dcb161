# Everything a newcomer, a developer and CI need. Each target stands alone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
N ?= 1000000
SECONDS ?= 60
TARGET ?= all
BANKS ?= two

.PHONY: setup demo serve test test-rooms test-worlds check lint types audit bench fuzz clean

setup: $(VENV)/.complete

$(VENV)/.complete: pyproject.toml uv.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	$(BIN)/uv sync --quiet --frozen
	touch $@

demo: setup
	$(BIN)/gateway demo --banks $(BANKS)

serve: setup var/gateway.toml
	$(BIN)/gateway serve

var/gateway.toml: | setup
	$(BIN)/gateway init var

# Side by side: whole worlds of processes mostly wait for each other, the rest mostly reckons.
test: setup
	$(MAKE) --no-print-directory -j2 test-rooms test-worlds

test-rooms:
	$(BIN)/python -m pytest --ignore=tests/e2e

test-worlds:
	$(BIN)/python -m pytest tests/e2e

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

audit: setup
	$(BIN)/python tests/security/code.py
	$(BIN)/python tests/security/dependencies.py

check: lint types audit test

bench: setup
	$(BIN)/gateway bench --items $(N) --page docs/benchmarks.md

fuzz: setup
	$(BIN)/python tests/fuzz/run.py --target $(TARGET) --seconds $(SECONDS)

clean:
	rm -rf $(VENV) var dist
