# `make` shows what there is; every target works from a bare clone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help
.PHONY: help setup run test lint bench demo browser faults fuzz lock audit clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The locks name every file by its hash: what was tried is what gets installed.
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes
LOCK := $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --no-annotate \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links

$(VENV)/.runtime: requirements.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(INSTALL) -r requirements.lock
	@touch $@

$(VENV)/.develop: requirements.lock requirements-dev.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(INSTALL) -r requirements-dev.lock
	@touch $@ $(VENV)/.runtime

setup: $(VENV)/.runtime ## create the environment, install, migrate
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py collectstatic --noinput --verbosity 0

run: setup ## everything set up, then web and worker (Ctrl-C ends both)
	@$(BIN)/python manage.py up

test: $(VENV)/.develop ## the whole test suite
	$(BIN)/python -m pytest -n 2 -m "not browser and not fault and not bench"

browser: $(VENV)/.develop ## tests in a real Chromium
	$(BIN)/python -m pytest -m browser

faults: $(VENV)/.develop ## kill real processes and see the day completed
	$(BIN)/python -m pytest -n 3 --dist worksteal -m fault

lint: $(VENV)/.develop ## style, formatting, migrations, types of the pure modules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python manage.py makemigrations --check --dry-run --verbosity 0
	$(BIN)/mypy

bench: $(VENV)/.develop ## measure: one line a figure
	@$(BIN)/python -m tests.benchmarks

demo: setup ## the whole pipeline against the fakes, in a throw-away folder (see --help: ARGS="…")
	@$(BIN)/python -m tests.fakes.demo $(ARGS)

fuzz: $(VENV)/.develop ## hostile texts, guided by coverage, for two minutes (ARGS="-max_total_time=600 CORPUS")
	@$(BIN)/pip install --quiet --disable-pip-version-check atheris==3.0.0
	@$(BIN)/python -m tests.attacks.fuzz $(ARGS)

lock: $(VENV)/.develop ## after a change of requirements*.txt: pin everything below them too, with hashes
	$(LOCK) -o requirements.lock requirements.txt
	$(LOCK) -o requirements-dev.lock requirements-dev.txt

audit: $(VENV)/.develop ## known vulnerabilities in what is locked (asks an advisory service)
	$(BIN)/pip-audit --progress-spinner off --disable-pip --no-deps -r requirements.lock

clean: ## remove the environment and everything that was made
	rm -rf $(VENV) staticfiles .pytest_cache .ruff_cache
