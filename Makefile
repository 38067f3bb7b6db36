# make help lists the targets.
SHELL := /bin/bash
PYTHON ?= python3
DURATION ?=
MINUTES ?= 30
FUZZ_EXAMPLES ?= 2000
TARGETS ?=
RUNS ?= 0
TIME ?= 1800
JSON ?=
SCENE ?=
HEADLESS ?=
GPU ?=
NODES ?=
# Wheels of another ROS 2 than Jazzy: ROS=kilted. Its folders are its own, .venv-kilted and so on.
ROS =
PYTEST_ARGS ?=

# What the quick tests and the checks need, and what all tests need.
QUICK := demo dev mic sim cluster
ALL := $(QUICK) train teachers-transformers teachers-openclip

SETUP := $(PYTHON) tools/setup_workspace.py $(if $(GPU),--gpu $(GPU)) $(if $(ROS),--ros $(ROS))
ENTER := $(if $(ROS),export OMNIBIND_ROS=$(ROS) && )source ./env.sh
# A relative JSON=FILE is meant from where make was called: with `make -C` (which
# switches the flag w on) that is not this folder.
CALLER := $(if $(findstring w,$(firstword -$(MAKEFLAGS))),$(PWD),$(CURDIR))
JSON_PATH = $(if $(filter /%,$(JSON)),$(JSON),$(CALLER)/$(JSON))

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all coverage soak faults fuzz campaign lint format docs lock audit clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-9s%s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: ## virtual environment, ROS 2 and the build (GPU=1: inference on CUDA; ROS=kilted; PYTHON=...)
	@$(SETUP)

demo: ## a robot with seven senses, and a page (HEADLESS=1: a story with a verdict; SCENE=photos: photographs; DURATION=seconds, JSON=FILE)
	@$(SETUP) demo $(if $(filter photos,$(SCENE)),,sim)
	@$(ENTER) && exec python3 -S omnibind_ros/child_program.py $$PPID omnibind demo $(if $(SCENE),--scene "$(SCENE)") $(if $(HEADLESS),--headless) \
	  $(if $(DURATION),--duration "$(DURATION)") $(if $(JSON),--json "$(JSON_PATH)")

test: ## run the quick tests, without torch (ROS=kilted; PYTEST_ARGS="-k name -x")
	@$(SETUP) $(QUICK)
	@$(ENTER) && exec python3 -m pytest --without-torch $(PYTEST_ARGS)

test-all: ## run all tests, training and export too (PYTEST_ARGS="-k name -x")
	@$(SETUP) $(ALL)
	@$(ENTER) && OMP_NUM_THREADS=1 exec python3 -m pytest -n 2 --dist loadfile $(PYTEST_ARGS)

# Rooms of the engine, and tests that run them in their own process.
ENGINE := runtime sensors encoders fusion recognition

coverage: ## lines and branches of the engine that tests without ROS run, and what they leave out (NODES=1: of the nodes)
	@$(SETUP) $(QUICK)
	@$(ENTER) && mkdir -p build && export OMP_NUM_THREADS=1 && \
	  python3 -m pytest -q --without-torch -n 2 --dist loadfile $(patsubst %,test/%,$(ENGINE) files bags) --cov-branch \
	  $(ENGINE:%=--cov=omnibind_ros.%) --cov-report=json:build/coverage.json $(PYTEST_ARGS) && \
	  python3 tools/coverage_table.py build/coverage.json
	$(if $(NODES),$(ENTER) && python3 -m pytest -q --without-torch -n 2 --dist loadfile test/nodes test/demo test/doctor test/test_launch_files.py \
	  --cov=omnibind_ros.nodes --cov-config=tools/coverage_nodes.ini --cov-report=json:build/coverage_nodes.json $(PYTEST_ARGS); \
	  python3 tools/coverage_table.py build/coverage_nodes.json --nodes)

soak: ## random operations, floods and faults (MINUTES=30, JSON=FILE for figures)
	@$(SETUP) $(QUICK)
	@$(ENTER) && exec python3 benchmarks/soak.py --minutes $(MINUTES) $(if $(JSON),--json "$(JSON_PATH)")

faults: ## every fault of test/faults, also those that take long (PYTEST_ARGS="-k name")
	@$(SETUP) $(QUICK)
	@$(ENTER) && exec python3 -m pytest -m "faults or not faults" test/faults $(PYTEST_ARGS)

fuzz: ## random input for decoders and readers (FUZZ_EXAMPLES=20000 of each)
	@$(SETUP) $(QUICK)
	@$(ENTER) && FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) OMNIBIND_EXAMPLES=$(FUZZ_EXAMPLES) \
	  exec python3 -m pytest --timeout 0 test/fuzz test/sensors test/files/test_properties_files.py \
	  test/datasets/readers/test_properties_damaged_bags.py $(PYTEST_ARGS)

campaign: ## random input that is led by coverage, it goes on where it ended (TARGETS="bags messages.text" RUNS=inputs TIME=seconds of each, JSON=FILE)
	@$(SETUP) $(QUICK) fuzz
	@$(ENTER) && exec python3 test/fuzz/campaign/run.py $(TARGETS) --runs $(RUNS) --seconds $(TIME) $(if $(JSON),--json "$(JSON_PATH)")

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

lock: ## write constraints.txt anew (UPGRADE=1: with the newest versions; ROS=kilted: the pins of its wheels)
	@$(PYTHON) tools/lock.py $(if $(UPGRADE),--upgrade) $(if $(ROS),--ros $(ROS))

audit: ## known vulnerabilities of the pinned packages, by pip-audit (asks PyPI's advisories)
	@$(PYTHON) -m venv build/audit && build/audit/bin/python -m pip install --quiet pip-audit && \
	  build/audit/bin/pip-audit --disable-pip --no-deps --progress-spinner off -r constraints.txt

clean: ## remove all that make created
	rm -rf .venv .venv-kilted build build-kilted install install-kilted log .setup.lock .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
