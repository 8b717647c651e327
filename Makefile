# Every target sets up what it needs; a fresh machine needs only make and Python 3.11 or newer.
#   make demo     fit a first model          make test    run the tests
#   make lint     static checks              make docs    build the documentation
#   make bench    race the other programs    make warmup  compile the kernels ahead of time
#   make methods  time every method of large fits

VENV   ?= .venv
BIN    := $(VENV)/bin
PYTHON ?= $(firstword $(foreach p,python3 python python3.14 python3.13 python3.12 python3.11,\
            $(shell $(p) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 16))' \
                    >/dev/null 2>&1 && echo $(p))))
PYTEST_ARGS ?= -n 2
BENCH_ARGS  ?=

ifneq ($(shell command -v uv 2>/dev/null),)
  CREATE  = uv venv --quiet --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV)
  INSTALL = uv pip install --quiet --python $(BIN)/python
else
  CREATE  = $(PYTHON) -m venv $(VENV)
  INSTALL = $(BIN)/python -m pip install -qq --disable-pip-version-check
endif

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow lint lint-rules lint-format lint-types lint-rooms \
        format docs bench methods warmup clean

help:
	@sed -n 's/^# \{0,1\}//p' Makefile | head -5

demo: $(VENV)/.installed
	$(BIN)/mixedeffects demo

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest $(PYTEST_ARGS)

test-slow: $(VENV)/.installed-dev
	$(BIN)/python -m pytest $(PYTEST_ARGS) -m slow

lint: lint-rules lint-format lint-types lint-rooms

lint-rules: $(VENV)/.installed-dev
	$(BIN)/ruff check .

lint-format: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .

lint-types: $(VENV)/.installed-dev
	$(BIN)/pyright --pythonpath $(BIN)/python

lint-rooms: $(VENV)/.installed-dev
	$(BIN)/lint-imports --no-logo

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.installed-docs
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

bench: $(VENV)/.installed-bench
	$(BIN)/python -m benchmarks.run --publish $(BENCH_ARGS)
	$(BIN)/python -m benchmarks.startup
	$(BIN)/python -m benchmarks.memory

methods: $(VENV)/.installed-bench
	$(BIN)/python -m benchmarks.methods

warmup: $(VENV)/.installed
	$(BIN)/mixedeffects warmup

clean:
	rm -rf $(VENV) build dist docs/_build benchmarks/.cache
	rm -rf .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# ---------------------------------------------------------------- set-up, done once (stamp files)

$(VENV)/.created:
	@test -n "$(PYTHON)" || { \
	  echo "No Python from 3.11 to 3.15 found; say which one: make PYTHON=/path/to/python $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "creating $(VENV) with $(PYTHON)"
	@$(CREATE)
	@touch $@

$(VENV)/.installed: $(VENV)/.created pyproject.toml
	@echo "installing mixedeffects into $(VENV)"
	@$(INSTALL) -e .
	@touch $@

$(VENV)/.installed-%: $(VENV)/.created pyproject.toml
	@echo "installing mixedeffects[$*] into $(VENV)"
	@$(INSTALL) -e '.[$*]'
	@touch $(VENV)/.installed $@
