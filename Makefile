# Everything that a new user, a developer and CI run. Needs make and Python >= 3.11; the rest comes into .venv.
PYTHON ?= python3
PYTEST_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := $(shell sed -n 's/^ *"uv==\([0-9.]*\)",.*/\1/p' pyproject.toml)
UV := $(VENV)/.uv-$(UV_VERSION)
SYNCED := $(VENV)/.synced

# uv works with the Python of .venv: it neither downloads another nor follows an environment that happens to be active.
# It trusts the certificates that the system trusts, as pip does.
export UV_PYTHON_DOWNLOADS := never
export UV_SYSTEM_CERTS ?= true
export UV_PROJECT_ENVIRONMENT := $(VENV)
unexport VIRTUAL_ENV

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help setup models demo test lint check fmt docs bench

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 15

setup: $(SYNCED) ## make .venv with the pinned dependencies

models: setup # fetched once into the user's cache, verified by SHA-256
	$(BIN)/agentcore models pull qwen2.5-coder-1.5b-instruct
	$(BIN)/agentcore models pull smollm2-135m-instruct

demo: setup ## run a scenario on the embedded model (fetched once, 1.1 GB)
	$(BIN)/agentcore models pull qwen2.5-coder-1.5b-instruct
	$(BIN)/agentcore run scenarios/order_desk.yaml

test: models ## run the tests
	$(BIN)/pytest $(PYTEST_ARGS)

lint: setup # the part of `check` that runs nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/deptry .

check: lint test ## what CI runs: format, lint, types, layers, dependencies, tests

fmt: setup ## format the code and mend what ruff can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: setup ## rewrite the tables in docs and ARCHITECTURE.md, and the schemas
	$(BIN)/python scripts/module_table.py
	$(BIN)/python scripts/key_tables.py

bench: setup ## measure the CPU time per model call against other clients, small
	$(BIN)/python -m benchmarks.s4 --runs 100 --rounds 3

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "make: $(PYTHON) must be Python 3.11 or later; name one, e.g.: make PYTHON=python3.12 setup" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

$(SYNCED): $(UV) uv.lock pyproject.toml
	$(BIN)/uv sync --quiet --frozen --all-groups --python $(BIN)/python
	@touch $@
