# Two commands set everything up: `make demo` runs the main job on the embedded default, `make test` runs the tests.
# Each target installs what it needs into .venv first.

PYTHON ?= python3
VENV   ?= .venv
SEED   ?= 0
OUT    ?= runs/demo
PART   ?= lab
PEERS  ?= none
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: demo test fast check proof bench report pretrain clean help

help:        ## Say what each target does
	@grep -E '^[a-z]+: *.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

$(READY): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train,dev]'
	@$(BIN)/python -m compileall -q src  # a jail writes no bytecode: it would compile its part anew at every start
	@touch $(READY)

demo: $(READY)     ## A small model teaches itself to program: about four minutes on two cores
	$(BIN)/etude run lab --out $(OUT) --seed $(SEED)

test: $(READY)     ## All tests but those of the proof "whole" (about ten minutes on two cores)
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not whole" tests

fast: $(READY)     ## The tests that take seconds
	$(BIN)/python -m pytest -m "not slow and not data and not whole" tests

check: $(READY)    ## ruff, mypy --strict, import-linter, size rules
	$(BIN)/ruff check src tests benchmarks proofs
	$(BIN)/ruff format --check src tests benchmarks proofs
	$(BIN)/mypy
	$(BIN)/lint-imports

proof: $(READY)    ## The slow proofs: make proof PART=lab, drboot-claims, drboot-cost, drboot-regimes, puzzle-claims, leaks, honest-gain, grpo, adapters, fuzz, verdicts, whole
	$(BIN)/python proofs/$(subst -,_,$(PART)).py --out runs/proof-$(PART)

bench: $(READY)    ## Speed, as ratios measured side by side; PEERS=folder measures others beside us (benchmarks/README.md)
	$(BIN)/python benchmarks/sandbox.py --peers $(PEERS)
	$(BIN)/python benchmarks/sampling.py

pretrain: $(READY) ## Make the lab's base model again, from nothing
	$(BIN)/python -m etude.lab.pretrain --out runs/lab-base

clean:       ## Remove the virtual environment and everything built
	rm -rf $(VENV) build dist src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
