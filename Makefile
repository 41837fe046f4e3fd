# `make run` and `make test` are all that a new machine needs; both set up first. See README.md and CONTRIBUTING.md.
SHELL := /bin/bash
VENV ?= .venv
PYTHON ?= $(shell sh scripts/newest-python)
BIN := $(VENV)/bin
PYTEST_ARGS ?=
# Two cores are busy with six: much of the time is spent waiting for other processes.
PARALLEL := -n 6 --dist loadgroup
# The tests and the playground start hundreds of processes, and each would compile all that it imports. A new environment
# is imported once before the tests' processes begin side by side, or else each of them would compile all of it.
unexport PYTHONDONTWRITEBYTECODE
COMPILE := [ -f $(VENV)/.compiled ] || { $(BIN)/python -m pytest --collect-only -qq > $(VENV)/.compiled || true; }

.PHONY: help setup run test test-quick check format generate languages lock release chaos clean

help: ## What can be made
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: ## The virtual environment, from the locks (nothing to do: under a second)
	@sh scripts/setup "$(PYTHON)" "$(VENV)" requirements/dev.txt

run: setup ## The bot if .env holds a token, else the playground
	@sh scripts/run "$(BIN)/python"

test: ## Every test
	@sh scripts/setup "$(PYTHON)" "$(VENV)" requirements/dev.txt "$(VENV)-decart-new" requirements/decart-new.txt \
		"$(VENV)-decart-old" requirements/decart-old.txt "$(VENV)-fal" requirements/fal.txt
	@$(COMPILE)
	$(BIN)/python -m pytest $(PARALLEL) $(PYTEST_ARGS)

test-quick: setup ## The unit tests, and those of the adapters that need no server and no other program (under a minute)
	@$(COMPILE)
	$(BIN)/python -m pytest $(PARALLEL) -m "not postgres and not programs" tests/unit tests/adapters $(PYTEST_ARGS)

check: setup ## The linters, the types and the locks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python scripts/check_tree.py

format: setup ## Format and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

generate: setup ## Write what is made from the code: pages of docs/, the table of look-alikes, the catalogues' keys
	$(BIN)/python scripts/confusables_table.py
	$(BIN)/python scripts/dashboard.py
	$(BIN)/python scripts/inputs_page.py
	$(BIN)/python scripts/paths_page.py
	$(BIN)/python scripts/spellings_table.py
	$(BIN)/python scripts/update_catalogues.py

lock: setup ## Make the locks again from requirements/*.in
	@sh scripts/lock "$(BIN)/uv"

languages: setup ## What is left to translate in each language, and what is wrong in a translation
	@$(BIN)/python scripts/languages.py

release: setup ## Wheel, sdist, image context and checksums in dist/, built twice and compared
	$(BIN)/python scripts/languages.py --release
	$(BIN)/python scripts/release.py

chaos: setup ## The long fault-injection run, with its table, and the long runs against the plain model of rights
	$(BIN)/python -m tests.chaos
	$(BIN)/python -m pytest -q tests/end_to_end/test_rights.py tests/adapters/test_whose.py --presses 50000

clean: ## Remove the environments and caches
	rm -rf $(VENV) $(VENV)-* .mypy_cache .ruff_cache .pytest_cache .hypothesis .build dist
