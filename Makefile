# Everything a developer or a visitor needs; each target sets up what it uses.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV := $(VENV)/.installed-dev
TESTS ?= tests
# Three workers on two processors have no use for more threads of the linear algebra; winburn itself has one too.
PYTEST := OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help run test lint golden bench e2e audit fuzz dashboards-preview docs docs-links install servers clean

help: ## Show this
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

run: $(STAMP) servers ## See winburn at work: a shop, the exporter, Prometheus, Alertmanager (Ctrl-C ends it)
	@$(BIN)/winburn demo $(ARGS)

test: $(DEV) servers ## Run every test, the end-to-end ones with real servers too
	@$(PYTEST) -n 3 --dist loadgroup $(TESTS)

e2e: $(DEV) servers ## Run the end-to-end tests only
	@$(PYTEST) -m e2e -n 3 --dist loadgroup $(TESTS)

lint: $(DEV) ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

golden: $(DEV) ## Rewrite the golden files, then test against them; review the diff
	@WINBURN_GOLDEN=1 $(BIN)/python -m pytest -q tests/alert_rules tests/dashboards tests/deploy/test_kubernetes.py || true
	@$(BIN)/python -m pytest -q tests/alert_rules tests/dashboards tests/deploy/test_kubernetes.py
	@git --no-pager diff --stat -- tests/golden deploy

bench: $(DEV) ## Measure speed as ratios against peers in the same run
	@$(BIN)/python -m benchmarks

dashboards-preview: $(DEV) servers ## Look at the dashboards as Grafana's components draw them (needs node, npm, Chromium)
	@$(BIN)/python -m preview $(ARGS)

install: $(STAMP) servers ## Set up the command alone: .venv/bin/winburn, and the servers of the demo
	@echo "$(BIN)/winburn"

docs: $(DEV) ## Build the documentation into build/docs; a warning is an error
	@$(BIN)/python -m docs._generate build/docs
	@echo "build/docs/index.html"

docs-links: $(DEV) ## Ask every address that the documentation names (needs a network)
	@$(BIN)/python -m docs._generate --links build/docs-links

audit: $(STAMP) ## Ask for known vulnerabilities of everything that constraints.txt pins; fails where it cannot ask
	@$(PYTHON) -m venv $(VENV)/audit && $(VENV)/audit/bin/pip install --quiet --disable-pip-version-check pip-audit
	@$(VENV)/audit/bin/pip-audit --strict --no-deps --disable-pip -r constraints.txt

fuzz: $(DEV) ## Throw odd inputs at everything that reads: a minute for each target (MINUTES=60 for more)
	@for target in spec convert web-config prometheus json csv promql times request rules alertmanager dashboards \
	  exposition report http state documents; do \
	  $(BIN)/python -m fuzz $$target --minutes $(or $(MINUTES),1) || exit 1; done

servers: $(STAMP) ## Prometheus and Alertmanager from Debian's packages, unpacked into a cache folder; no root, nothing started
	@$(BIN)/python -m winburn.servers >/dev/null

clean: ## Remove what make has made (not the servers' cache)
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache demo

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "winburn needs Python 3.11 or newer; name one: make PYTHON=python3.12"; exit 1; }
	@echo "Setting up the virtual environment in $(VENV) (one to four minutes, once; nothing is printed meanwhile) ..."
	@$(PYTHON) -m venv $(VENV) \
	  || { rm -rf $(VENV); echo "Python's venv module is missing: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[pictures,pdf,postgres]'
	@touch $@

$(DEV): $(STAMP)
	@echo "Adding what tests and documentation need (one to four minutes, once; nothing is printed meanwhile) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
