# make demo   read the pictures of examples/          make test   the whole test suite
# make serve  a page to draw on, in your browser      make lint   formatting, lint, types
# make clean  forget what was made

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
WEIGHTS := src/inkdigits/weights
PIP := PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1 \
	$(BIN)/python -m pip install --quiet

.PHONY: demo serve test lint examples weights readme dev clean

demo: $(VENV)/.reading
	@$(BIN)/inkdigits read examples --annotate out/demo

serve: $(VENV)/.serving
	@$(BIN)/inkdigits serve $(SERVE_ARGS)

test: $(VENV)/.dev
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright --pythonpath $(BIN)/python

# The shipped networks, from data and recipe: needs the data sets (docs/data.md) and some hours. One that was
# interrupted goes on where it was; one that is finished is not trained again until its run folder is removed.
weights: $(WEIGHTS)/inkdigits-digits.card.json $(WEIGHTS)/inkdigits-lines.card.json $(WEIGHTS)/inkdigits-context.card.json
	$(BIN)/inkdigits calibrate $(WEIGHTS)
	$(BIN)/python scripts/offline_network.py

# All weights of the package are to stay below 5 MB; the digit network is exported as C and JavaScript too.
$(WEIGHTS)/inkdigits-lines.card.json $(WEIGHTS)/inkdigits-context.card.json: HALVED = --half
$(WEIGHTS)/%.card.json: runs/weights-%/result.json
	$(BIN)/inkdigits export runs/weights-$* --out $(WEIGHTS) $(HALVED)

.PRECIOUS: runs/weights-%/result.json
runs/weights-%/result.json: | $(VENV)/.dev
	$(BIN)/inkdigits train $* --run runs/weights-$* $(if $(wildcard runs/weights-$*),--resume)

examples: $(VENV)/.dev
	$(BIN)/python scripts/make_examples.py

# The README's tables from results/*.json; its picture and its answer from examples/; what the page shows of both.
readme: $(VENV)/.dev
	$(BIN)/python scripts/readme_tables.py
	$(BIN)/python scripts/readme_example.py
	$(BIN)/python scripts/service_results.py

dev: $(VENV)/.dev

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "make: no python3.11 or python3 found; try make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "make: inkdigits needs Python 3.11 or newer; try make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.reading: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e .
	@touch $@

$(VENV)/.serving: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e '.[serve]'
	@touch $@ $(VENV)/.reading

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e '.[dev]'
	@touch $@ $(VENV)/.reading $(VENV)/.serving

clean:
	rm -rf $(VENV) out build dist .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
