# Two commands: `make demo` shows what ferryman does, `make test` checks that it does it.
# Both make what they need first: a virtual environment, and AWS's Lambda emulator.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TOOLS := .tools/aws-sam-cli
CHECKOV := .tools/checkov
PATHS := src tests scripts examples benchmarks

# Programs of others that the tests hold ferryman to, and the Debian packages they are in.
# The compilers are for AWS's runtime client for Node.js, whose installation compiles it.
PROGRAMS := nginx podman runc chromium docker-registry skopeo wrk systemd-analyze jq cmake g++ \
            autoreconf libtoolize
PACKAGES := nginx-light podman runc catatonit chromium docker-registry skopeo wrk systemd jq \
            cmake g++ make autoconf automake libtool

# The emulator is a binary inside the wheel of aws-sam-cli, whose other dependencies
# would contradict ours: the wheel alone is unpacked, beside the environment.
EMULATOR := $(CURDIR)/$(TOOLS)/samcli/local/rapid/aws-lambda-rie-$(subst aarch64,arm64,$(shell uname -m))

# It is compiled against the headers that came with Node.js, where some did.
NODE_CLIENT := .tools/aws-lambda-ric/node_modules/aws-lambda-ric/dist/rapid-client.node
NODE_HEADERS := $(if $(wildcard /usr/include/node/common.gypi),npm_config_nodedir=/usr)

.DEFAULT_GOAL := help
.PHONY: help setup programs demo test bench-cost bench-build bench-lambda bench-local bench-logs bench-server docs lint types format clean

help:
	@echo "make demo    one application through all three targets, and what it would cost"
	@echo "make test    lint, types, import contracts, tests"
	@echo "make bench-cost, bench-lambda, bench-server, bench-build, bench-local"
	@echo "             measure, beside peers where there are some"
	@echo "make docs    write the reference pages that are made from the code"
	@echo "make format  put the code in its house style"
	@echo "make clean   remove what the others made"

setup: $(READY)

# Bytecode is compiled once, here: an environment may be told not to write any later.
$(READY): pyproject.toml Makefile
	@command -v npm >/dev/null || { echo "the tests need npm, which comes with Node.js"; exit 1; }
	@echo "setting up $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --editable '.[all]' --group dev
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --target $(TOOLS) 'aws-sam-cli>=1.140,<2'
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --target .tools/cargo-lambda 'cargo-lambda>=1.9,<2'
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --target .tools/uvloop 'uvloop>=0.21,<1'
	@$(BIN)/uv venv --quiet --allow-existing $(CHECKOV)
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(CHECKOV)/bin/python 'checkov>=3.3,<4'
	@npm install --silent --no-fund --no-audit --prefix .tools/axe axe-core@4
	@$(BIN)/python -m compileall -q src
	@$(BIN)/python -m tests.conformance.suite
	@touch $@

# What is missing is installed where that is allowed, and named where it is not.
programs:
	@(for program in $(PROGRAMS); do command -v $$program || exit 1; done) >/dev/null || \
	  { apt-get -qq update && \
	    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $(PACKAGES); } \
	    >/dev/null 2>&1 || \
	  { echo "the tests need $(PROGRAMS): install them, on Debian as root by"; \
	    echo "  apt-get install $(PACKAGES)"; exit 1; }

demo: $(READY)
	@FERRYMAN_LAMBDA__EMULATOR=$(EMULATOR) $(BIN)/python scripts/demo.py

$(NODE_CLIENT): | programs
	@echo "compiling AWS's runtime client for Node.js"
	@MAKEFLAGS=-j2 $(NODE_HEADERS) npm install --silent --no-fund --no-audit \
	  --prefix .tools/aws-lambda-ric aws-lambda-ric@3.3.0

test: programs $(NODE_CLIENT) lint types
	@$(BIN)/python -m pytest -n 2 --dist loadfile

bench-cost: $(READY)
	@$(BIN)/python benchmarks/cost.py

bench-lambda: $(READY)
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --group bench
	@$(BIN)/python benchmarks/lambda_overhead.py
	@$(BIN)/python benchmarks/lambda_memory.py --count 100000
	@$(BIN)/python -m benchmarks.lambda_import
	@$(BIN)/python -m benchmarks.lambda_concurrency

bench-server: $(READY)
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --group bench
	@$(BIN)/python -m benchmarks.server --uvloop .tools/uvloop

bench-build: $(READY)
	@$(BIN)/python -m benchmarks.build

bench-logs: $(READY)
	@$(BIN)/python benchmarks/logs.py

bench-local: $(READY)
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --group bench
	@$(BIN)/python -m benchmarks.local_lambda
	@$(BIN)/python -m benchmarks.development

docs: $(READY)
	@$(BIN)/python scripts/reference.py
	@PICTURES=write $(BIN)/python -m pytest -q -k its_picture tests/cost/page tests/calculator

lint: $(READY)
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/lint-imports --no-logo

types: $(READY)
	@$(BIN)/mypy --no-error-summary

format: $(READY)
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

clean:
	rm -rf $(VENV) .tools dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
