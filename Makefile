# Every target sets up .venv by itself, once; nothing else on the machine is touched.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

# What the demo trains on: a data set by name, or a .npy, .npz or .csv of your own.
DATA     ?= mnist1d
MODEL    ?= $(if $(filter mnist1d digits mnist fashion_mnist,$(DATA)),cnn,mlp)
NAME     ?= $(notdir $(basename $(DATA)))
# Seconds of the load test; it ends sooner where all that matters is decided.
BUDGET   ?= 90
# On mnist1d each width is told from the next in accuracy and in cost; eight variants are measured in minutes.
LADDER_mnist1d := --hidden 32,32 --widths 0.5,1,2,4 --variants float32,int8 --epochs 12
LADDER   ?= $(LADDER_$(DATA))
TRAIN    ?=
RUN      ?=
BENCH    ?=
# Folder of the data sets that the ladder suite reads; what is not there is left out.
DATA_DIR ?=
LADDERS  ?=

.DEFAULT_GOAL := help
.PHONY: help demo image test clients console soak bench referee peers cascades policies mixed ladder-suite check format lock clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  make demo DATA=breast_cancer MODEL=mlp"
	@echo "  make demo DATA=fashion_mnist TRAIN='--data-dir FOLDER'   (without a folder, Keras downloads it)"
	@echo "  make demo DATA=mine.csv TRAIN='--label species'"

demo: $(READY)  ## Train, serve, load-test every variant, and report
	$(BIN)/python -m training train --data $(DATA) --model $(MODEL) --name $(NAME) --models models $(LADDER) $(TRAIN)
	$(BIN)/python -m loadtests run --models models --model $(NAME) --rows 1,32 --budget $(BUDGET) --out reports/$(NAME) $(RUN)

image:  ## Build the image that serves; WITH_MODELS=yes puts models/ in it, without the rows of the data
	docker build $(if $(WITH_MODELS),--target with-models) -t precision-ladder .

test: check  ## Check, then run the whole suite but what takes minutes
	$(BIN)/python -m pytest -m "not slow and not clients" -n 3 --dist loadfile --no-loadscope-reorder --cov --cov-report=term

clients: $(READY)  ## Let real clients of all protocols talk to the service, and compare it with a real Triton
	$(BIN)/python -m pytest tests/clients -n 2 --dist loadfile
	@echo "what was said: reports/clients"

console: $(READY)  ## Look at the console in a real Chromium; Debian has it as `chromium`
	CHROMIUM=required $(BIN)/python -m pytest tests/service/console

soak: $(READY)  ## Run what takes long: thousands of mutations and examples, hundreds of swaps
	$(BIN)/python -m pytest -m "slow or hypothesis" --hypothesis-profile thorough -s

bench: $(READY)  ## Compare the service with bare ASGI and with other servers; uses wrk where it is installed
	$(BIN)/python -m benchmarks --models models $(BENCH)

referee: $(READY)  ## Hold our load test against MLCommons' LoadGen, and our generator against wrk
	$(BIN)/python -m benchmarks --models models --only referee,generator --out reports/referee $(BENCH)

peers: $(READY)  ## Compare Triton, MLServer and KServe with ours, by the load tester itself
	$(BIN)/python -m benchmarks.systems --models models --out reports/peers $(BENCH)

cascades: $(READY)  ## Set the cascade of each ladder against its variants alone; DATA_DIR=FOLDER has the data
	$(BIN)/python -m benchmarks.cascades --data-dir $(DATA_DIR) $(BENCH)

policies: $(READY)  ## Set variant=auto against other policies and single variants; BENCH='--bundle MODELS/NAME/1 ...'
	$(BIN)/python -m benchmarks.policies $(BENCH)

mixed: $(READY)  ## Compare mixed precision with NNCF's accuracy control, on one float model
	$(BIN)/python -m benchmarks.mixed --data $(DATA) --model $(MODEL) --out reports/mixed-$(NAME) $(BENCH)

ladder-suite: $(READY)  ## Make the ladder of each data set, and one table of all with verdicts; DATA_DIR=FOLDER has the data
	$(BIN)/python -m benchmarks.ladders $(if $(DATA_DIR),--data-dir $(DATA_DIR)) $(LADDERS)

check: $(READY)  ## Format, lint, types and architecture: the gate
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q --no-header --durations=0 tests/test_architecture.py

format: $(READY)  ## Put the code in form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(READY)  ## Pin every dependency anew, with hashes
	$(BIN)/uv pip compile --quiet --upgrade --universal --all-extras $(LOCK_FORM) pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --upgrade --universal --extra serve --constraint requirements.lock $(LOCK_FORM) pyproject.toml -o requirements-serve.lock
LOCK_FORM := --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links

clean:  ## Remove what make made, models and reports included
	rm -rf $(VENV) .venv-bench .venv-clients .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache models reports

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if (3, 11) <= v < (3, 14) else "Python 3.11, 3.12 or 3.13 is needed; $(PYTHON) is %d.%d. Say which: make PYTHON=python3.12" % v[:2])'
	$(PYTHON) -m venv $(VENV)
	@# The lock names everything: pip resolves nothing, and a release of tomorrow changes nothing.
	$(BIN)/pip install --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/pip install --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
