# Every target sets up what it needs; `make` alone says what there is.

PYTHON ?= python3
BIN := .venv/bin
SOURCES := corpus ingest rag tests bench setup_venv.py
# make test SHARED="-p xdist.plugin -n auto --dist worksteal": a process a processor, in two thirds of the time.
SHARED ?=
.PHONY: help setup run test check lock sample eval storm clean

help:
	@echo "make run     set up, read the sample company's documents, answer on http://127.0.0.1:8000 (PORT=8001: there)"
	@echo "make test    set up, run every test"
	@echo "make check   what CI runs: format, lint, types, import rules, tests"
	@echo "make setup   set up only: .venv with everything the lock names"
	@echo "make eval    measure retrieval: the sample's questions, and DATA=<folder of question sets>;"
	@echo "             ABLATE=1: again without each part of the search"
	@echo "make storm   kill -9 an ingest 200 times and check what is left"
	@echo "make sample  draw the sample company's binary documents again from their sources"
	@echo "make lock    write the lock files anew from pyproject.toml (UPGRADE=1: newest versions)"
	@echo "make clean   remove .venv, caches and the sample corpus in .vouch"

setup:
	@command -v $(PYTHON) >/dev/null || { \
		echo "Vouch needs Python 3.11 or newer, and there is no $(PYTHON) here." >&2; \
		echo "Install one and run make again, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) setup_venv.py

run: setup
	@$(BIN)/vouch ingest corpus/sample/documents --collection sample
	@$(BIN)/vouch serve $(if $(PORT),--port $(PORT))

test: setup
	@$(BIN)/pytest $(SHARED)

check: setup
	@$(BIN)/ruff format --check --quiet $(SOURCES) || { \
		echo "Not formatted; $(BIN)/ruff format $(SOURCES) mends it." >&2; exit 1; }
	@$(BIN)/ruff check --quiet $(SOURCES)
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/pytest $(SHARED)

lock: setup
	@$(PYTHON) setup_venv.py lock $(if $(UPGRADE),--upgrade)
	@$(PYTHON) setup_venv.py

sample: setup
	@$(BIN)/python -m bench.press

eval: setup
	@$(BIN)/python -m bench.retrieval $(if $(DATA),--data $(DATA)) $(if $(ABLATE),--ablate)

storm: setup
	@$(BIN)/python -m tests.storm --kills 200

clean:
	rm -rf .venv .vouch build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
