# Every target does its own set-up. A fresh machine needs Python 3.11 and make, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: setup demo test check web lock bench torture

setup: $(VENV)/.ready

$(VENV)/.ready: requirements-dev.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# The pages, built once and again when their sources change (web/build.py finds a Node).
web: setup
	$(BIN)/python web/build.py

demo: web
	exec $(BIN)/python -m simulators demo $(ARGS)

# Three at a time: most of the long ones wait for devices and programs in real time.
test: web
	$(BIN)/python tests/system_packages.py
	$(BIN)/python -m pytest -n 3 --dist loadfile $(ARGS)

check: web
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) test

# Ratios beside what others would pick, taken in one run each, one line of JSON for each:
# make bench ARGS=--json
bench: setup
	@$(BIN)/python -m benchmarks rules $(ARGS)
	@$(BIN)/python -m benchmarks delivery $(ARGS)
	@$(BIN)/python -m benchmarks acts $(ARGS)

# Tries to break the promises of the ledger: make torture ARGS="--scenario T2 --seed 515 --json"
torture: setup
	@$(BIN)/python tests/system_packages.py strace nftables gcc libc6-dev >&2
	@$(BIN)/python -m tests.torture $(ARGS)

# Needs uv; the locks name no host.
lock:
	uv pip compile pyproject.toml --generate-hashes --no-header --no-annotate --python-version 3.11 --universal -q -o requirements.lock
	uv pip compile pyproject.toml --group dev --generate-hashes --no-header --no-annotate --python-version 3.11 --universal -q -o requirements-dev.lock
	echo openfisca-core | uv pip compile - --generate-hashes --no-header --no-annotate --python-version 3.11 --universal -q -o benchmarks/openfisca.lock
