# Everything this project does by hand or by CI. `make` alone lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help

BIN := $(CURDIR)/.venv/bin
# The tools of the virtual environment come first, for everything that is started from here.
export PATH := $(BIN):$(PATH)
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
TESTBED := PYTHONPATH=scripts PYTHONDONTWRITEBYTECODE=1 python3 -m testbed

.PHONY: help
help: ## list the targets
	@echo 'vannah.healthcloud: bare Debian servers to a running health cloud'
	@awk -F ':.*## ' '/^# ---/ {print ""; print substr($$0, 7)} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

# --- Tests
.PHONY: venv lint unit
venv: ## the virtual environment .venv with the locked tools
	@$(TESTBED) venv

lint: venv ## ruff, mypy, yamllint, ansible-lint
	@scripts/run_tests.py lint

unit: venv ## the unit tests
	@scripts/run_tests.py unit
