# the interpreter for the virtual environment; without a choice tools/find_python.sh looks for a suitable one
PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
RUN ?=
export OMP_NUM_THREADS ?= 1

.PHONY: setup run test check bench faults soak results screenshots docs bundle clean

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml tools/system_packages.sh
	@tools/system_packages.sh
	@test -x $(BIN)/python || { python=$$(tools/find_python.sh $(PYTHON)) && $$python -m venv $(VENV); }
	@echo "Installing into $(VENV) (a few minutes the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

run: setup
	@$(BIN)/python main.py $(RUN)

# two processes for two processors: with more, a trainer of low priority gets no processor while a test waits for it
test: setup
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(TESTS)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# speed; what the learning methods are worth is measured by `python -m experiments`
bench: setup
	$(BIN)/python -m benchmarks

# every fault of docs/reliability.md is caused, and its table written; FAULTS="word ..." runs only rows with these words
faults: setup
	$(BIN)/python -m faults $(FAULTS)

# a long run of the real window with faults, retraining and page changes; fails when something grows
soak: setup
	$(BIN)/python -m faults.soak --minutes $(or $(MINUTES),60)
	$(BIN)/python -m faults --show

# tables and figures of the documents from the committed results; runs no experiment
results: setup
	$(BIN)/python -m experiments learning --show --document docs/results.md
	$(BIN)/python -m experiments one-demonstration --show --document docs/results.md
	$(BIN)/python -m experiments gate --document docs/results.md
	$(BIN)/python -m experiments reproduction --show --document docs/reproduction.md
	$(BIN)/python -m experiments validation --show --document docs/validation.md

screenshots: setup
	$(BIN)/python main.py --screenshots docs/screenshots

# the documentation site, in build/site; fails when a link or a page is missing
docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "Open build/site/index.html"

bundle: setup
	$(BIN)/python -m mile_desktop bundle --all

clean:
	rm -rf $(VENV) build dist *.egg-info
