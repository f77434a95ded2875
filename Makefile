# Every command does its own set-up; the first one takes about a minute.
.DEFAULT_GOAL := help
.PHONY: help run test faults check bench lock clean reset-demo

bin := .venv/bin
jobs ?= 2

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

run: .venv/.ready ## Start the bridge with config.yaml
	@$(bin)/bridge run

test: .venv/.ready-dev ## Run the tests; make test args="-k dialog" for some of them
	@$(bin)/python -m pytest -n $(jobs) -m "not faults" $(args)

faults: .venv/.ready-dev ## Kill, freeze and starve real processes under load (about ten minutes); FAULT_SEED, FAULT_ROUNDS
	@$(bin)/python -m pytest -m faults -p no:xdist $(args)

check: .venv/.ready-dev ## Check style, types, import contracts and migrations
	$(bin)/ruff format --check
	$(bin)/ruff check
	$(bin)/mypy
	@$(bin)/lint-imports
	$(bin)/bridge migrate --check

bench: .venv/.ready-dev ## Measure speed and write bench/results.json
	@$(bin)/python -m bench $(args)

lock: ## Lock the newest libraries that pyproject.toml allows (needs uv)
	@scripts/lock --upgrade

reset-demo: .venv/.ready ## Forget the demo's dialogs and start afresh (stop the bridge first)
	@$(bin)/bridge reset-demo

clean: ## Remove everything that can be made again; data stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage* htmlcov *.egg-info
	find bridge workers tests -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.ready: requirements.txt pyproject.toml
	@scripts/setup
	@touch $@

# One environment serves both: the tools' lock is the bridge's lock and more.
.venv/.ready-dev: requirements-dev.txt requirements.txt pyproject.toml
	@scripts/setup dev
	@touch .venv/.ready $@
