# Two commands matter: `make run` and `make test`. Both install what they need first.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
REPO ?= .
ifeq ($(REPO),.)
GOAL ?= Add --csv to `mission eval backtest`, so that the scores of its changes open in a spreadsheet
endif
SEEDS ?= 2000

# Images for containers often set this. Each process would then read all of the source anew, and
# `mission` start a second later.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run serve test test-slow test-fast proof check bench simulate lock clean

help:
	@echo "make run [GOAL=... REPO=...]   plan a goal and carry it out, on this repository by default"
	@echo "make serve [HOME_DIR=...]      the console in the browser, with its engine at work"
	@echo "make test                      all tests but the slow ones"
	@echo "make test-slow [WITHIN=600]    tests with real agents, installations and whole products"
	@echo "make test-fast                 the tests that compute in memory: about 7,600 in under two minutes"
	@echo "make proof                     whole missions on four larger packages besides the ten of the tests"
	@echo "make check                     format, lint, types, imports"
	@echo "make bench [ONLY=engine]       measures beside peers, one JSON line each"
	@echo "make simulate [SEEDS=2000]     more seeds of the simulation"

# The stamp is newer than what it was made from exactly when the environment is up to date.
.venv/ready: pyproject.toml requirements.lock
	@PYTHON="$(PYTHON)" sh tools/install requirements.lock
	@touch $@

.venv/ready-dev: .venv/ready requirements-dev.lock
	@PYTHON="$(PYTHON)" sh tools/install requirements-dev.lock
	@touch $@

.venv/ready-bench: .venv/ready-dev requirements-bench.lock
	@PYTHON="$(PYTHON)" sh tools/install requirements-bench.lock
	@touch $@

run: .venv/ready
	@test -n "$$GOAL" || { echo 'Say what is to be achieved: make run GOAL="..." REPO=$(REPO)' >&2; exit 2; }
	@$(BIN)/mission run "$$GOAL" --repo "$$REPO"

serve: .venv/ready
	@$(BIN)/mission up $(if $(HOME_DIR),--home "$(HOME_DIR)")

test: .venv/ready-dev
	@sh tools/browser
	@sh tools/tests

test-slow: .venv/ready-dev
	@sh tools/browser
	@sh tools/tests-slow $(if $(WITHIN),--within $(WITHIN))

test-fast: .venv/ready-dev
	@sh tools/tests-fast

proof: .venv/ready-dev
	MISSION_PROOF=all $(BIN)/python -m pytest tests/proof

check: .venv/ready-dev
	$(BIN)/ruff format --check src tests bench examples
	$(BIN)/ruff check src tests bench examples
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/words

bench: .venv/ready-bench
	@$(BIN)/python -m bench $(if $(ONLY),--only $(ONLY))

simulate: .venv/ready-dev
	$(BIN)/python -m missioncontrol.testing.simulate --seeds $(SEEDS)

lock:
	uv pip compile --universal --no-header --no-annotate --generate-hashes --all-extras pyproject.toml -o requirements.lock
	uv pip compile --universal --no-header --no-annotate --generate-hashes --all-extras pyproject.toml --group dev -o requirements-dev.lock
	uv pip compile --universal --no-header --no-annotate --generate-hashes --all-extras pyproject.toml --group dev --group bench -o requirements-bench.lock

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage

export GOAL REPO
