# Two commands: `make demo` and `make test`. Both do their own set-up and need
# Python 3.11 or newer with pip, and nothing else. Written for any make.

PYTHON = python3
VENV = .venv
BIN = $(VENV)/bin
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
WORKERS = 2

.PHONY: demo test checksums clean

demo: $(VENV)/.installed
	$(BIN)/mindseye demo

# The last line tells how the ratios of speed have changed since they were kept. It fails nothing:
# a timed test on a busy machine is a coin toss, but a change that nobody sees stays.
test: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mindseye weights
	$(BIN)/python -m pytest -n $(WORKERS)
	-$(BIN)/mindseye bench --part physics --rounds 3 --brief

# The stamps: set-up runs again only when what is to be installed has changed.
$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mindseye needs Python 3.11 or newer: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.python pyproject.toml constraints.txt
	@echo "installing into $(VENV), a few minutes the first time"
	$(INSTALL) -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.python pyproject.toml constraints.txt
	@echo "installing into $(VENV), a few minutes the first time"
	$(INSTALL) -e ".[dev]"
	@touch $@ $(VENV)/.installed

# After training: write the checksums that `mindseye doctor` and a test compare with.
checksums: $(VENV)/.installed
	$(BIN)/python -m mindseye.planner.checksums

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
