# The front door of adgfleet. `make` alone lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTEST := $(BIN)/python -m pytest
# Much of the tests' time is waiting for processes: files run two at a time, the longest first.
SIDE_BY_SIDE := --numprocesses 2 --dist loadfile --no-loadscope-reorder
ARGS ?=
SECRETS ?= secrets

.DEFAULT_GOAL := help
.PHONY: docs help setup demo up down check browser chaos fuzz test unit integration contract acceptance quality driver-tests second-clients other-scripts reference format lock secrets clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | while IFS=$$'\t' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

$(READY): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) not found; install Python 3.11 or name another one: make setup PYTHON=python3.12" >&2; exit 1; }
	@echo "Setting up $(VENV) (once; about a minute)" >&2
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . >&2
	@touch $@

setup: $(READY)  ## set up the virtual environment in .venv, from the lock file

demo: setup  ## the whole main job on this machine: emulator, fleet, search (ARGS='--pictures 100 --json')
	@$(BIN)/adgfleet demo $(ARGS)

up: setup  ## start the same stack and keep it running; prints addresses (ARGS='--standbys 3')
	@$(BIN)/adgfleet up $(ARGS)

down: setup  ## stop what `make up` started
	@$(BIN)/adgfleet down $(ARGS)

check: setup  ## the quick gate: format, lint, types, imports, unit tests (under a minute)
	@$(BIN)/ruff format --check --quiet . || { echo "run: make format" >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-cache | tail -n 3
	@$(PYTEST) -q $(SIDE_BY_SIDE) tests/unit tests/protocol tests/sql tests/docs

unit: setup  ## unit tests alone (ARGS='-k ranges')
	@$(PYTEST) tests/unit tests/protocol tests/sql tests/docs $(ARGS)

integration: setup  ## tests with the real driver, Redis and emulator processes
	@$(PYTEST) tests/integration $(ARGS)

contract: setup  ## what Oracle must do for the fleet: the emulator, and a real pair when named (docs/howto/contract.md)
	@$(PYTEST) tests/contract $(ARGS)

acceptance: setup  ## tests of whole commands in real processes
	@$(PYTEST) tests/acceptance $(ARGS)

chaos: setup  ## runs under seeded faults, judged by the tables (ARGS='--first-seed 1 --seeds 50')
	@$(BIN)/python -m tests.chaos $(ARGS)

fuzz: setup  ## fuzz the emulator: wire, SQL, PL/SQL (ARGS='--seconds 60 --seed 7 --json')
	@$(BIN)/python -m tests.fuzz $(ARGS)

browser: setup  ## tests of the pages in headless Chromium; screenshots go below test-output/
	@$(PYTEST) tests/browser $(ARGS)

test: check  ## everything that must pass
	@$(PYTEST) $(SIDE_BY_SIDE) tests/acceptance tests/integration tests/contract tests/browser $(ARGS)

quality: setup  ## measure the tiny model's search quality on fresh pictures
	@$(BIN)/python -m demo.model.quality $(ARGS)

driver-tests: setup  ## judge the emulator by the driver's own tests (ARGS='--json MODULE…', '--failures', '--page')
	@$(BIN)/python -m tests.driver_suite $(ARGS)

other-scripts: setup  ## run other people's SQL*Plus scripts against the emulator (ARGS='FOLDER…', '--json')
	@$(BIN)/python -m tests.scripts $(ARGS)

docs: setup  ## build the pages of docs/ below build/docs; a warning is an error
	@$(BIN)/sphinx-build -q -W --keep-going -n -b html docs build/docs $(ARGS) && echo build/docs/index.html

reference: setup  ## write the pages of docs/reference that come from registries
	@mkdir -p docs/reference && $(BIN)/python -m emulator.reference docs/reference/emulated.md
	@$(BIN)/python -m tests.contract.facts
	@$(BIN)/python -m adgfleet.reference docs/reference

second-clients: setup  ## node-oracledb (installed by npm below state/) and SQLAlchemy meet the emulator (ARGS='--json', '--page')
	@$(BIN)/python -m tests.second_clients $(ARGS)

format: setup  ## format the code and apply safe fixes
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

UV_LOCK := uv pip compile pyproject.toml --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header --quiet

# The two others are parts of the first, for the images: without what only development or the emulator needs.
lock: setup  ## renew requirements*.lock (needs uv on the PATH)
	@$(UV_LOCK) --extra dev --output-file requirements.lock
	@$(UV_LOCK) --no-annotate --constraint requirements.lock --extra web --output-file requirements-fleet.lock
	@$(UV_LOCK) --no-annotate --constraint requirements.lock --extra web --extra emulator --output-file requirements-demo.lock

secrets:  ## make the passwords that docker-compose.yml wants, in ./secrets; those that are there stay
	@mkdir -p -m 700 $(SECRETS) && for name in db dba redis flower metrics grafana; do \
	  file=$(SECRETS)/$${name}_password; \
	  test -e $$file || { head -c 18 /dev/urandom | base64 | tr '+/' 'xy' > $$file && chmod 444 $$file; }; \
	done

clean:  ## remove the virtual environment and everything that runs left behind
	@rm -rf $(VENV) state test-output .mypy_cache .ruff_cache .pytest_cache build *.egg-info
