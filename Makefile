# Everything a fresh machine with Python 3.11+ needs: `make demo` and `make test` install, then run.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# One compute thread: the shipped model is small, and more threads on busy cores run it slower, not faster.
export OMP_NUM_THREADS ?= 1
export OMP_WAIT_POLICY ?= passive
export TOKENIZERS_PARALLELISM ?= false

.PHONY: demo test test-slow lint types bench clean
.DEFAULT_GOAL := help

help:
	@echo "make demo   install, then build examples/hr: sample, word, filter, train, score, report"
	@echo "make test   install, then lint, types and tests"
	@echo "make test-slow  install Ray and doit too, then the tests that take long or need them"
	@echo "make bench  the figures of the README"

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[train,mcp,python]"
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[train,mcp,llm]" --group dev
	@touch $@

demo: $(VENV)/.installed
	$(BIN)/loopbuild --project examples/hr build
	$(BIN)/loopbuild --project examples/hr report

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/validate-pyproject pyproject.toml

types: $(VENV)/.installed-dev
	$(BIN)/mypy

# Two at a time, a file to one of them, as its fixtures are shared; no more, as a training holds a gigabyte. In the order that
# tests/conftest.py gives: what takes minutes begins first.
test: lint types
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

# Ray takes a gigabyte and doit is a peer: neither is in `make test`, which skips what needs them.
test-slow: $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[ray]" --group bench
	$(BIN)/python -m pytest -m slow
	$(BIN)/python -m pytest tests/engine/test_executors.py tests/engine/test_peers_graph.py

bench: $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group bench
	$(BIN)/python benchmarks/run.py

clean:
	rm -rf $(VENV) examples/*/.loopbuild
