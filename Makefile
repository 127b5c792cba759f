# `make` lists the targets. Everything runs in .venv, which the first target creates.

PYTHON ?= python3
PORT ?= 8000
DATA ?= .data/engine.db
THREADS ?= 8
WITH_PERSON = $(if $(PERSON),--user '$(PERSON)') $(if $(PERSON_GROUPS),--groups '$(PERSON_GROUPS)')
WITH_AGENTS = $(if $(AGENTS),--agents '$(AGENTS)') $(if $(AGENTS_PYTHON),--python '$(AGENTS_PYTHON)')
DOCS_PORT ?= 8001
EVENT ?= events/direct.json
BLUEPRINT ?= examples/research-with-review.yaml
RACES ?= 500
STACK ?= ai-coordination
# The deployed function's runtime, as in template.yaml.
LAMBDA_VERSION := 3.13
LAMBDA_PLATFORM := manylinux2014_aarch64

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
LAMBDA_TESTS := $(VENV)-lambda/.installed
SAM := $(VENV)-sam/bin/sam
RUNTIME := $(VENV)-runtime/bin/python
SYSTEM := $(VENV)-system/bin/ministack
PEERS := $(VENV)-peers/.installed
# Each of these has an environment of its own: their requirements contradict each other.
AGENT_SDKS := a2a-sdk google-adk strands
AGENT_PEERS := $(foreach name,$(AGENT_SDKS),$(VENV)-peers-$(name)/.installed)
BENCH_PEERS := $(foreach name,langgraph dbos,$(VENV)-bench-$(name)/.installed)
CHECKOV := $(VENV)-checkov/bin/checkov
DOCS := $(VENV)-docs/.installed
BROWSER := $(VENV)-browser/.installed
SCHEMA := ai_coordination/api/schema.graphql
ARTIFACTS_DIR ?= $(CURDIR)/build/ApiFunction

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Personal settings that would put packages elsewhere than in the environment made here.
unexport PIP_PREFIX PIP_REQUIRE_VIRTUALENV PIP_TARGET PIP_USER PYTHONHOME PYTHONPATH
# And one by which each process would compile the engine anew: the tests start dozens.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^##: / {print "\n" substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##: Everyday

.PHONY: install
install: $(INSTALLED) ## Create .venv and install everything

$(INSTALLED): pyproject.toml requirements.txt constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "Python 3.11 or newer is needed, and '$(PYTHON)' is not: make PYTHON=/path/to/python3" >&2; exit 1; }
	@test ! -x $(BIN)/python || $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || rm -rf $(VENV)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV), which takes a minute or two"
	@$(BIN)/python -m pip install -qq --constraint constraints.txt --editable '.[dev,local]'
	@touch $@

# Also for the servers that other commands start.
export MODELS EVENTS_URL EVENTS_SECRET

.PHONY: run
run: $(INSTALLED) ## Serve http://127.0.0.1:8000/graphql, everything embedded (AGENTS=file.py MODELS=fake|aws EVENTS_URL=http://… PERSON=name PERSON_GROUPS=a,b PORT=9000 DATA=:memory:)
	@$(BIN)/python -m ai_coordination.local serve --port $(PORT) --threads $(THREADS) --data '$(DATA)' $(WITH_AGENTS) $(WITH_PERSON)

.PHONY: demo
demo: $(INSTALLED) ## Run a session of five agents, live in the terminal (PORT=9000)
	@$(BIN)/python -m ai_coordination.local demo --port $(PORT)

# A query may be any text: as its value, make neither expands nor runs what is in it.
unexport QUERY
try: export TRY_QUERY = $(value QUERY)

.PHONY: try
try: $(INSTALLED) ## Run a session of a blueprint file (BLUEPRINT=file.yaml TASK=name QUERY="…" AGENTS=file.py OPTIONS=--approve)
	@$(BIN)/python -m ai_coordination.local try '$(BLUEPRINT)' --port $(PORT) $(WITH_AGENTS) \
		$(if $(TASK),--task '$(TASK)') \
		$(if $(value QUERY),--query "$$TRY_QUERY") $(if $(SESSION),--session '$(SESSION)') $(OPTIONS)

.PHONY: invoke
invoke: $(INSTALLED) ## Call the handler once with an event (EVENT=events/NAME.json)
	@$(BIN)/python -m ai_coordination.local invoke $(EVENT)

# One process more than two cores: some tests wait for other processes, or for time to pass.
.PHONY: test
test: $(INSTALLED) ## Run all tests but the long ones and those in a browser (COVERAGE=1 for branch coverage, TESTS=tests/unit for a part)
	@.ci/dynamodb-local
	@$(BIN)/python -m pytest -m 'not (browser or peers or runtime or stress or system)' -n 3 --dist worksteal \
		$(if $(COVERAGE),--cov $(if $(TESTS),,--cov-fail-under=90)) $(TESTS)

.PHONY: test-lambda
test-lambda: $(LAMBDA_TESTS) ## Run the same tests with the Python version of the deployed functions
	@.ci/dynamodb-local
	@$(<D)/bin/python -m pytest -m 'not (browser or peers or runtime or stress or system)' -n 3 --dist worksteal $(TESTS)

$(LAMBDA_TESTS): pyproject.toml requirements.txt constraints.txt
	@"$$(.ci/lambda-python $(LAMBDA_VERSION))" -m venv $(@D)
	@echo "Installing into $(@D)"
	@$(@D)/bin/python -m pip install -qq --constraint constraints.txt --editable '.[dev,local]'
	@touch $@

.PHONY: stress
stress: $(INSTALLED) ## Run the long tests: many races, many seeds (RACES=500)
	@.ci/dynamodb-local
	@$(BIN)/python -m pytest -m stress -n 2 --dist worksteal --races $(RACES) $(TESTS)

.PHONY: browser
browser: $(INSTALLED) $(BROWSER) ## Test the console in Chromium (TESTS=tests/browser/test_inbox.py for a part)
	@$(BIN)/python -m pytest -q -n 0 -m browser $(or $(TESTS),tests/browser)

.PHONY: console-types
console-types: $(INSTALLED) $(BROWSER) ## Check the types of the console's scripts and GraphQL documents (Node)
	@mkdir -p build/console-types
	@$(BIN)/python -m tests.browser.schema_type >build/console-types/schema.d.ts
	@$(VENV)-browser/node_modules/.bin/tsc --project tests/browser

.PHONY: pictures
pictures: $(INSTALLED) $(BROWSER) ## Take the pictures of the console in docs/assets/console (Chromium)
	@$(BIN)/python -m docs_tools.console_pictures

# Playwright drives the browser that is there: it downloads none. The packages of npm check pages and types.
$(BROWSER): $(INSTALLED) $(addprefix tests/browser/,requirements.txt package.json package-lock.json)
	@echo "Installing what tests of the console need into $(@D)"
	@mkdir -p $(@D)
	@$(BIN)/python -m pip install -qq --requirement tests/browser/requirements.txt
	@cp tests/browser/package.json tests/browser/package-lock.json $(@D)/
	@npm ci --silent --no-audit --no-fund --prefix $(@D)
	@touch $@

##: The gate

.PHONY: check
check: check-format lint types imports check-schema template ## Check format, lint, types, layers, schema and templates

.PHONY: check-format
check-format: $(INSTALLED)
	@$(BIN)/ruff format --check .

.PHONY: lint
lint: $(INSTALLED)
	@$(BIN)/ruff check .

.PHONY: types
types: $(INSTALLED)
	@$(BIN)/mypy

.PHONY: imports
imports: $(INSTALLED)
	@$(BIN)/lint-imports

.PHONY: check-schema
check-schema: $(INSTALLED)
	@$(BIN)/python -m ai_coordination.api.schema | diff -u $(SCHEMA) - \
		|| { echo "$(SCHEMA) is not the schema of the code: make schema" >&2; exit 1; }

.PHONY: template
template: $(INSTALLED)
	@$(BIN)/cfn-lint data.yaml template.yaml

.PHONY: checkov
checkov: $(CHECKOV) ## Check the templates with checkov; .checkov.yaml lists what is excluded, and why
	@$(CHECKOV) --config-file .checkov.yaml

$(CHECKOV):
	@$(PYTHON) -m venv $(VENV)-checkov
	@echo "Installing checkov into $(VENV)-checkov"
	@$(VENV)-checkov/bin/python -m pip install -qq checkov==3.3.30

.PHONY: docs
docs: $(DOCS) docs-reference ## Build the documentation site in build/site; fails on a broken link
	@$(VENV)-docs/bin/zensical build --strict --clean
	@$(BIN)/python -m docs_tools.check_site build/site

.PHONY: docs-serve
docs-serve: $(DOCS) docs-reference ## Serve the documentation, rebuilt on each change (DOCS_PORT=8001)
	@$(VENV)-docs/bin/zensical serve --dev-addr 127.0.0.1:$(DOCS_PORT)

.PHONY: docs-reference
docs-reference: $(INSTALLED)
	@$(BIN)/python -m docs_tools.graphql_reference docs/reference/graphql

# A separate environment, because only this target needs the site's generator.
$(DOCS): docs_tools/requirements.txt
	@test -x $(VENV)-docs/bin/python || $(PYTHON) -m venv $(VENV)-docs
	@echo "Installing Zensical into $(VENV)-docs"
	@$(VENV)-docs/bin/python -m pip install -qq --no-deps --requirement docs_tools/requirements.txt
	@touch $@

.PHONY: audit
audit: $(INSTALLED) ## Run the 61 audits of GraphQL over HTTP against the local server (Node)
	@.ci/audit

.PHONY: schema-tools
schema-tools: ## Check the schema with relay-compiler and graphql-codegen (Node)
	@.ci/schema-tools

.PHONY: sam
sam: $(SAM) $(INSTALLED) ## Validate the templates and build the package with SAM
	@SAM_CLI_TELEMETRY=0 $(SAM) validate --lint --template-file data.yaml
	@SAM_CLI_TELEMETRY=0 $(SAM) validate --lint --template-file template.yaml
	@SAM_CLI_TELEMETRY=0 $(SAM) build
	@.ci/package .aws-sam/build/ApiFunction
	@.ci/console-package .aws-sam/build/ConsoleFunction

# A separate environment, because SAM pins its requirements.
$(SAM):
	@$(PYTHON) -m venv $(VENV)-sam
	@echo "Installing the SAM CLI into $(VENV)-sam"
	@$(VENV)-sam/bin/python -m pip install -qq aws-sam-cli==1.170.0

.PHONY: runtime
runtime: $(SAM) $(RUNTIME) $(INSTALLED) ## Test the built package under Lambda's runtime client: start, size, memory
	@.ci/dynamodb-local
	@$(MAKE) --no-print-directory build-ApiFunction ARTIFACTS_DIR=$(CURDIR)/build/runtime
	@$(BIN)/python -m pytest -q -m runtime tests/system

$(RUNTIME):
	@"$$(.ci/lambda-python $(LAMBDA_VERSION))" -m venv $(VENV)-runtime
	@$(VENV)-runtime/bin/python -m pip install -qq awslambdaric==4.2.2

.PHONY: peers
peers: $(INSTALLED) $(PEERS) $(AGENT_PEERS) ## Models, tools and agents against LiteLLM, llama.cpp, the SDKs of MCP and A2A, ADK, Strands
	@$(BIN)/python -m pytest -q -n 0 -m peers tests/peers

$(PEERS): $(addprefix tests/peers/,requirements.txt constraints.txt package.json package-lock.json)
	@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	@echo "Installing LiteLLM, llama.cpp and MCP's SDKs into $(@D)"
	@$(@D)/bin/python -m pip install -qq --constraint tests/peers/constraints.txt --requirement $<
	@mkdir -p $(@D)/node && cp tests/peers/package.json tests/peers/package-lock.json $(@D)/node/
	@if command -v node >/dev/null && command -v npm >/dev/null; \
		then npm ci --silent --no-audit --no-fund --prefix $(@D)/node; \
		else echo "Without Node.js and npm, the tests of the TypeScript SDK are skipped"; fi
	@touch $@

$(AGENT_PEERS): $(VENV)-peers-%/.installed: tests/peers/requirements-%.txt tests/peers/constraints-%.txt
	@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	@echo "Installing $* into $(@D)"
	@$(@D)/bin/python -m pip install -qq --constraint tests/peers/constraints-$*.txt --requirement $<
	@touch $@

.PHONY: system
system: $(SAM) $(SYSTEM) $(INSTALLED) ## Deploy the templates to an emulator of AWS, and run sessions there
	@SAM_CLI_TELEMETRY=0 $(SAM) build --build-dir build/system
	@$(BIN)/python -m pytest -q -m system tests/system

# The emulator runs the functions with its own Python, so it needs the functions' version.
$(SYSTEM):
	@"$$(.ci/lambda-python $(LAMBDA_VERSION))" -m venv $(VENV)-system
	@echo "Installing MiniStack into $(VENV)-system"
	@$(VENV)-system/bin/python -m pip install -qq \
		ministack==1.5.33 aws-sam-translator==1.115.0 cryptography==50.0.2

##: Writing

.PHONY: format
format: $(INSTALLED) ## Format the code, and apply ruff's automatic fixes
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format .

.PHONY: schema
schema: $(INSTALLED) ## Write ai_coordination/api/schema.graphql
	@$(BIN)/python -m ai_coordination.api.schema > $(SCHEMA).new
	@mv $(SCHEMA).new $(SCHEMA)

.PHONY: corpus
corpus: $(INSTALLED) ## Record the items that this version stores, for the tests of later versions
	@$(BIN)/python -m tests.compatibility.write

.PHONY: constraints
constraints: ## Update the pinned versions to the newest that pyproject.toml allows
	@rm -rf $(VENV)-newest
	@$(PYTHON) -m venv $(VENV)-newest
	@$(VENV)-newest/bin/python -m pip install -qq '.[dev,local]'
	@head -n 1 constraints.txt > constraints.txt.new
	@$(VENV)-newest/bin/python -m pip freeze --exclude ai-coordination-engine >> constraints.txt.new
	@mv constraints.txt.new constraints.txt
	@$(VENV)-newest/bin/python -m pip install -qq pip-tools
	@echo '# What is deployed, with hashes: `make constraints` writes this file.' > requirements.lock
	@$(VENV)-newest/bin/pip-compile --quiet --generate-hashes --strip-extras --no-header \
		--no-annotate --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
		--constraint constraints.txt --output-file - requirements.txt >> requirements.lock
	@rm -rf $(VENV)-newest

.PHONY: peers-pins
peers-pins: ## Update the exact versions of what `make peers` and `make peers-bench` install (npm)
	@for requirements in tests/peers/requirements*.txt benchmarks/peers/requirements-*.txt; do \
		constraints=$$(echo $$requirements | sed s/requirements/constraints/); \
		echo "Writing $$constraints"; \
		rm -rf $(VENV)-newest; \
		$(PYTHON) -m venv $(VENV)-newest \
		&& $(VENV)-newest/bin/python -m pip install -qq --requirement $$requirements \
		&& { head -n 1 $$constraints && $(VENV)-newest/bin/python -m pip freeze; } \
			> $(VENV)-newest/frozen \
		&& mv $(VENV)-newest/frozen $$constraints \
		|| exit 1; \
	done
	@rm -rf $(VENV)-newest tests/peers/package-lock.json
	@npm install --silent --package-lock-only --omit-lockfile-registry-resolved --prefix tests/peers

.PHONY: bench
bench: $(INSTALLED) ## Measure the engine against the bare client, and its cold start
	@.ci/dynamodb-local
	@$(BIN)/python -m benchmarks

.PHONY: peers-bench
peers-bench: $(INSTALLED) $(BENCH_PEERS) ## Measure the engine, LangGraph and DBOS in turn
	@.ci/dynamodb-local
	@$(BIN)/python -m benchmarks.peers

$(BENCH_PEERS): $(VENV)-bench-%/.installed: benchmarks/peers/requirements-%.txt benchmarks/peers/constraints-%.txt
	@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	@echo "Installing $* into $(@D)"
	@$(@D)/bin/python -m pip install -qq --constraint benchmarks/peers/constraints-$*.txt --requirement $<
	@touch $@

.PHONY: bench-console
bench-console: $(INSTALLED) $(BROWSER) ## Measure how fast the console draws sessions of 50, 300 and 1,000 agents
	@$(BIN)/python -m benchmarks.console

##: Deploying

.PHONY: build
build: build-ApiFunction ## Build the functions' package in build/ApiFunction
	@.ci/package "$(ARTIFACTS_DIR)"
	@$(MAKE) --no-print-directory build-ConsoleFunction ARTIFACTS_DIR=$(CURDIR)/build/ConsoleFunction
	@.ci/console-package build/ConsoleFunction

# `sam build` calls this too, with ARTIFACTS_DIR set.
.PHONY: build-ApiFunction
build-ApiFunction: $(INSTALLED)
	@rm -rf "$(ARTIFACTS_DIR)"
	@mkdir -p "$(ARTIFACTS_DIR)"
	@$(BIN)/python -m pip install -qq --no-compile --target "$(ARTIFACTS_DIR)" \
		--implementation cp --python-version $(LAMBDA_VERSION) --platform $(LAMBDA_PLATFORM) \
		--only-binary=:all: --no-deps --require-hashes --requirement requirements.lock
	@cp -R ai_coordination "$(ARTIFACTS_DIR)/"
	@rm -rf "$(ARTIFACTS_DIR)/bin" $(addprefix "$(ARTIFACTS_DIR)"/ai_coordination/,console local testing)
	@find "$(ARTIFACTS_DIR)" -name __pycache__ -type d -prune -exec rm -rf {} +
	@$(BIN)/python .ci/trim.py "$(ARTIFACTS_DIR)"
	@.ci/compile $(LAMBDA_VERSION) "$(ARTIFACTS_DIR)"
	@# Fixed times, so that the same sources produce the same package, byte for byte.
	@find "$(ARTIFACTS_DIR)" -exec touch -h -d 1980-01-01T00:00:00Z {} +

.PHONY: deploy
deploy: $(SAM) $(INSTALLED) ## Build, show the changes, ask, and deploy both stacks (PARAMETERS='EndpointId=acme PartId=sales')
	@.ci/lambda-python $(LAMBDA_VERSION) >/dev/null
	@SAM_CLI_TELEMETRY=0 $(SAM) build
	@.ci/package .aws-sam/build/ApiFunction
	@.ci/console-package .aws-sam/build/ConsoleFunction
	@SAM_CLI_TELEMETRY=0 $(SAM) deploy --template-file data.yaml --stack-name $(STACK)-data \
		--parameter-overrides TablePrefix=$(STACK)- $(DATA_PARAMETERS) $(DEPLOY)
	@SAM_CLI_TELEMETRY=0 $(SAM) deploy --stack-name $(STACK) \
		--parameter-overrides TablePrefix=$(STACK)- $(PARAMETERS) $(DEPLOY)

.PHONY: destroy
destroy: $(INSTALLED) ## Delete both stacks with all data, after asking (STACK=trial)
	@$(BIN)/python .ci/destroy.py $(STACK)

.PHONY: build-WorkerFunction build-CallerFunction
build-WorkerFunction build-CallerFunction: build-ApiFunction

# The console needs no library, and none of the engine.
.PHONY: build-ConsoleFunction
build-ConsoleFunction:
	@rm -rf "$(ARTIFACTS_DIR)"
	@mkdir -p "$(ARTIFACTS_DIR)/ai_coordination"
	@cp ai_coordination/__init__.py "$(ARTIFACTS_DIR)/ai_coordination/"
	@cp -R ai_coordination/console "$(ARTIFACTS_DIR)/ai_coordination/"
	@find "$(ARTIFACTS_DIR)" -name __pycache__ -type d -prune -exec rm -rf {} +
	@.ci/compile $(LAMBDA_VERSION) "$(ARTIFACTS_DIR)"
	@find "$(ARTIFACTS_DIR)" -exec touch -h -d 1980-01-01T00:00:00Z {} +

.PHONY: clean
clean: ## Remove everything that make has created
	@rm -rf $(VENV) $(VENV)-* docs/reference/graphql .aws-sam .cache .dynamodb-local* .coverage .coverage.* .hypothesis .import_linter_cache \
		.mypy_cache .pytest_cache .ruff_cache build *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
