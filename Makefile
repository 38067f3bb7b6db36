# make help lists the targets.
SHELL := /bin/bash
PYTHON ?= python3
DURATION ?= 30
JSON ?=
GPU ?=
PYTEST_ARGS ?=

# What the quick tests and the checks need, and what all tests need.
QUICK := demo dev mic sim
ALL := $(QUICK) train teachers-transformers teachers-openclip

SETUP := $(PYTHON) tools/setup_workspace.py $(if $(GPU),--gpu $(GPU))
ENTER := source ./env.sh
# A relative JSON=FILE is meant from where make was called: with `make -C` (which
# switches the flag w on) that is not this folder.
CALLER := $(if $(findstring w,$(firstword -$(MAKEFLAGS))),$(PWD),$(CURDIR))
JSON_PATH = $(if $(filter /%,$(JSON)),$(JSON),$(CALLER)/$(JSON))

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all lint format docs lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-9s%s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: ## virtual environment, ROS 2 and the build (GPU=1: inference on CUDA; PYTHON=...)
	@$(SETUP)

demo: ## recognise photographs over real topics (DURATION=30 seconds, JSON=FILE for figures)
	@$(SETUP) demo
	@$(ENTER) && exec omnibind demo --duration $(DURATION) $(if $(JSON),--json "$(JSON_PATH)")

test: ## run the quick tests, without torch (PYTEST_ARGS="-k name -x")
	@$(SETUP) $(QUICK)
	@$(ENTER) && exec python3 -m pytest --without-torch $(PYTEST_ARGS)

test-all: ## run all tests, training and export too (PYTEST_ARGS="-k name -x")
	@$(SETUP) $(ALL)
	@$(ENTER) && OMP_NUM_THREADS=1 exec python3 -m pytest -n 2 --dist loadfile $(PYTEST_ARGS)

lint: ## ruff, mypy and the import contracts
	@$(SETUP) $(QUICK)
	@$(ENTER) && status=0; \
	for check in "ruff check" "ruff format --check" mypy lint-imports; do \
	  $$check || { status=1; echo "lint: $$check failed" >&2; }; \
	done; exit $$status

format: ## let ruff format and fix the code
	@$(SETUP) $(QUICK)
	@$(ENTER) && ruff check --fix-only && ruff format

docs: ## build the documentation into build/docs, with warnings as errors
	@$(SETUP) sim docs
	@$(ENTER) && for page in cli messages parameters; do \
	  python3 tools/$${page}_doc.py || exit 1; \
	done && \
	python3 -m sphinx -W --keep-going --quiet --jobs auto docs build/docs && \
	echo "docs: open build/docs/index.html"

lock: ## write constraints.txt anew (UPGRADE=1: with the newest versions)
	@$(PYTHON) tools/lock.py $(if $(UPGRADE),--upgrade)

clean: ## remove all that make created
	rm -rf .venv build install log .setup.lock .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
