# Everything one does with this project. Needs git, make and Python 3.11 or newer with venv and pip; `make` alone lists
# the targets. Another Python:      make test PYTHON=/path/to/python3.13 VENV=build/venv-3.13
# More words for a tool's command:  make test ARGS="-k ledger"
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=
# Candidates, the machine's own first; the first that is new enough and can make a venv is taken.
PYTHON ?= python3 python3.13 python3.12 python3.11

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(VENV)/.project ## Make .venv with the locked tools and this project in it; does nothing where that is done

$(VENV)/.requirements: requirements-dev.txt
	@$(BIN)/python -c '' 2>/dev/null || { $(find_python); echo "Making $(VENV) with $$($$found --version)"; $$found -m venv --clear $(VENV); }
	@echo "Installing what requirements-dev.txt locks"
	@$(pip) --require-hashes --requirement requirements-dev.txt
	@touch $@

$(VENV)/.project: $(VENV)/.requirements pyproject.toml reconciler/__init__.py
	@$(pip) --no-deps --no-build-isolation --editable .
	@touch $@

# A user's own settings for pip (an index, certificates, a cache) hold; only installing outside the venv cannot be meant.
pip = PIP_USER=0 $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Shell words that set `found`, or say of each candidate what is wrong with it and end.
define find_python
found=; said=; \
for candidate in $(PYTHON); do \
  version=$$($$candidate -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) || continue; \
  if ! $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then said="$$said; $$candidate is Python $$version"; \
  elif ! $$candidate -c 'import ensurepip, venv' 2>/dev/null; then said="$$said; $$candidate $$version has no venv (Debian: apt install python3-venv)"; \
  else found=$$candidate; break; fi; \
done; \
if [ -z "$$found" ]; then \
  echo "Python 3.11 or newer with venv and pip is needed$${said:-, and none was found}." >&2; \
  echo "Install it, or name it: make setup PYTHON=/path/to/python3" >&2; \
  exit 1; \
fi
endef

# The story that `run` tells starts from nothing each time, on days that suit the sample's dates.
RUN = $(BIN)/reconcile --store sqlite:///build/run/state.db
AUGUST = --as-of 2026-08-03
TODAY = --as-of 2026-11-23

.PHONY: run
run: setup ## The main job on specs/, with a throw-away store: recorded in August, and today a dry run, an apply, nothing left
	@rm -rf build/run && mkdir -p build/run
	$(RUN) $(AUGUST) --yes
	$(RUN) $(TODAY) --dry-run
	$(RUN) $(TODAY) --yes
	$(RUN) $(TODAY) --yes

.PHONY: test
test: setup ## The whole test suite, on all cores
	$(BIN)/python -m pytest --numprocesses auto $(ARGS)

.PHONY: check
check: setup ## Everything that needs no run: style, types, import rules, schemas that match their models
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m reconciler.schemas --check schemas

.PHONY: fmt
fmt: setup ## Format, and mend what ruff can mend by itself
	$(BIN)/python -m ruff check --fix-only .
	$(BIN)/python -m ruff format .

.PHONY: golden
golden: setup ## Rewrite the expected files of tests/golden/; read the diff before you commit it
	GOLDEN=rewrite $(BIN)/python -m pytest -k golden $(ARGS)

.PHONY: schemas
schemas: setup ## Write schemas/ from the models
	$(BIN)/python -m reconciler.schemas schemas

.PHONY: docs
docs: setup ## Try every command, example and YAML block of the docs
	$(BIN)/python -m pytest tests/test_docs.py tests/test_examples.py $(ARGS)

.PHONY: picture
picture: setup ## Draw docs/plan.svg, the README's picture of a plan, anew
	$(BIN)/python -m tests.picture

.PHONY: bench
bench: setup ## Measure speed and memory; the figures are for docs/performance.md
	$(BIN)/python -m tests.benchmarks $(ARGS)

.PHONY: bench-peers
bench-peers: setup ## Measure us beside octoDNS and Terraform at equal work, a quarter of an hour; ARGS=--quick, ARGS=--write
	$(BIN)/python -m tests.benchmarks.peers $(ARGS)

# The faces, the engine and the adapters: what is left is the core and its vocabulary, which must be covered wholly.
AROUND_THE_CORE := cli runtime schemas watch triggers reconcile apply sources stores providers views __main__ keep sharing surveying glance partial program dispatching distributing carrying moving queueing
comma := ,
empty :=

.PHONY: cover
cover: setup ## Branch coverage: a report of everything, and a failure where the core is not at 100 %
	$(BIN)/python -m pytest --numprocesses auto --cov --cov-report= $(ARGS)
	$(BIN)/python -m coverage report
	$(BIN)/python -m coverage report --fail-under=100 --omit '$(subst $(empty) ,$(comma),$(foreach name,$(AROUND_THE_CORE),reconciler/$(name).py reconciler/$(name)/*))'

.PHONY: browser
browser: setup ## The report in a real browser; fails where Chromium is missing
	CI=true $(BIN)/python -m pytest tests/browser $(ARGS)

.PHONY: lock
lock: ## Lock the requirements anew from pyproject.toml; LOCK=--upgrade takes the newest releases
	@$(find_python); $$found -m venv --clear build/lock
	@build/lock/bin/python -m pip install --quiet --disable-pip-version-check uv
	$(COMPILE) --output-file requirements.txt
	$(COMPILE) --group dev --all-extras --constraint requirements.txt --output-file requirements-dev.txt

# For every platform, from the oldest Python on; no index address gets into the files.
LOCK ?=
COMPILE = build/lock/bin/uv pip compile pyproject.toml --quiet --no-strip-extras --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command 'make lock' $(LOCK)

.PHONY: clean
clean: ## Remove what these targets made; a store in .reconcile/ is yours and stays
	rm -rf $(VENV) build dist .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find reconciler tests -name __pycache__ -prune -exec rm -rf {} +
