# Each target makes its own environment in .venv, pinned by constraints.txt. Needs only python3.
PYTHON ?= python3
DATA ?= ../shared/data
VENV := .venv
BIN := $(VENV)/bin
CORE := $(VENV)/.core
DEV := $(VENV)/.dev
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt
# The environment variable pins the build backend too, which -c does not reach.
export PIP_CONSTRAINT := $(abspath constraints.txt)

.PHONY: demo test lint bench sheets clean

demo: $(CORE)
	$(BIN)/fittingroom demo

test: lint
	$(BIN)/python -m pytest -q

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(CORE)
	$(BIN)/python scripts/bench.py

sheets: $(CORE)
	$(BIN)/python scripts/contact_sheet.py $(DATA) -o sheets/out

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache

# A stamp is written last, so that an installation cut short is done again.
$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(CORE): pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e .
	@touch $@

$(DEV): $(CORE)
	$(PIP) -e '.[dev]'
	@touch $@
