# Everything a newcomer, a developer and CI need. Each target stands alone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
N ?= 1000000
SECONDS ?= 60
TARGET ?= all
BANKS ?= two

.PHONY: setup demo serve test check lint types audit bench fuzz clean

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

test: setup
	$(BIN)/python -m pytest

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
