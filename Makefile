# make demo: start the proxy with a built-in stand-in for the service, and show what it forwards and refuses.
# make test: install what the tests need, and pass them. Both make their own virtual environment from the lock files.
.DEFAULT_GOAL := help
.PHONY: help demo test lint check bench docs train lock clean

PYTHON ?= python3
VENV := .venv
TRAINING := .venv-train
BIN := $(VENV)/bin
# The lock files name every package, so pip resolves nothing; every file is checked against its digest.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps

help: ## Say what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(VENV)/.run ## Show one call forwarded, one streamed and three refused
	@$(BIN)/facegate demo

test: $(VENV)/.dev ## Install what the tests need, and pass them
	@PYTHON=$(BIN)/python sh tests/run

lint: $(VENV)/.dev ## Style, types, imports
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

check: $(VENV)/.run ## Validate the configuration and run the packs' tests
	@$(BIN)/facegate check && $(BIN)/facegate test

bench: $(VENV)/.dev ## Measure against a bare pass-through (minutes)
	@$(BIN)/python bench/run.py

docs: $(VENV)/.dev ## Write what is generated: schemas, tables, dashboards
	@$(BIN)/facegate schemas && $(BIN)/python docs/generate.py && $(BIN)/python dashboards/build.py

train: $(TRAINING)/.train ## Train what scores words without a word list (a quarter of an hour)
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PYTHONPATH=. $(TRAINING)/bin/python training/intent/train.py

lock: $(VENV)/.dev ## Resolve pyproject.toml anew into requirements/
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes pyproject.toml -o requirements/run.lock
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes pyproject.toml --group dev -o requirements/dev.lock
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes pyproject.toml --group train -o requirements/train.lock
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes deploy/container/build.in -o deploy/container/build.lock

clean: ## Remove the virtual environment and what tests and tools left
	@rm -rf $(VENV) $(TRAINING) var .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Facegate needs Python 3.11 or newer; name one with PYTHON=")'
	@$(PYTHON) -m venv $(VENV) || { echo "the venv module is missing: on Debian, apt-get install python3-venv"; rm -rf $(VENV); exit 1; }

$(VENV)/.run: requirements/run.lock pyproject.toml | $(BIN)/python
	@echo "installing from requirements/run.lock ..."
	@$(INSTALL) --require-hashes -r requirements/run.lock
	@$(INSTALL) --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.lock pyproject.toml | $(BIN)/python
	@echo "installing from requirements/dev.lock ..."
	@$(INSTALL) --require-hashes -r requirements/dev.lock
	@$(INSTALL) --editable .
	@touch $@ $(VENV)/.run

$(TRAINING)/.train: requirements/train.lock
	@$(PYTHON) -m venv $(TRAINING)
	@echo "installing from requirements/train.lock ..."
	@$(TRAINING)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/train.lock
	@touch $@
