# The commands of the project. `make run` and `make test` are all that a user needs.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# What `make run` builds and runs: release is what trades, debug is what the tests built.
BUILD ?= release
CONFIG ?= deploy/config/paper.yaml
STATE ?= $(CURDIR)/.state
SPEED ?= 1
BIN = .build/$(BUILD)
SWIFT_SOURCES = Package.swift Sources Tests Benchmarks

# The pure decision with its tests, built for release in a tree of its own.
DECISION = BELLWETHER_DECISION_ONLY=1 swift test -c release --scratch-path .build/decision --quiet

.PHONY: help setup build run demo-federation test test-oracle test-browser test-api test-long bench bench-web mutants format lint check fuzz clean

help: ## Lists the targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## Installs the Debian packages that are missing.
	@deploy/setup

build: setup
	@swift build -c $(BUILD) --quiet

run: build ## Starts the paper cluster. DATA=DIR SPEED=1|N|max FOR=60s CONFIG=FILE STATE=DIR KEEP=1
	@$(BIN)/supervisor up --config $(CONFIG) --state $(STATE) --speed $(SPEED) \
	    $(if $(KEEP),,--fresh) \
	    $(if $(DATA),--data $(DATA)) $(if $(FOR),--for $(FOR))

# The comparison with the oracle takes what the other tests leave of the processor.
test: setup ## Builds and runs every test.
	@swift build --build-tests --quiet
	@nice -n 19 $(MAKE) --no-print-directory test-oracle > .build/oracle.log 2>&1 & oracle=$$!; \
	    swift test --skip-build; status=$$?; \
	    wait $$oracle || status=$$?; cat .build/oracle.log; exit $$status

test-oracle: ## Compares 5,000 seeded lives with the slow oracle. SEED=N for that one alone
	@BELLWETHER_SEQUENCES=$(if $(SEED),1,5000) BELLWETHER_SEED=$(or $(SEED),0) \
	    $(DECISION) --filter theEngineAgreesWithTheOracle

test-browser: ## Looks at the dashboard in Chromium. IMAGES=FOLDER for pictures
	@deploy/setup --browser
	@swift build --quiet
	@scripts/browser-checks $(if $(IMAGES),--images $(IMAGES))

test-api: ## Asks the API everything with schemathesis; promtool looks at the metrics. EXAMPLES=N
	@deploy/setup
	@swift build --quiet
	@scripts/api-checks $(if $(EXAMPLES),--examples $(EXAMPLES))

test-long: ## The same with a hundred times as many, the other seeded properties too.
	@BELLWETHER_SEQUENCES=500000 BELLWETHER_SEED=1000000 $(DECISION) --filter ScenarioTests

demo-federation: setup ## Three clusters learn together over the network. DATA=DIR, or SEED=N for a generated day
	@for product in fed-sync research; do \
	    swift build -c $(BUILD) --product $$product --quiet || exit 1; done
	@DATA="$(DATA)" SEED="$(SEED)" scripts/demo-federation $(BIN)

bench: setup ## Measures, beside the named peers. ONLY=name
	@for product in bench risk-core supervisor; do \
	    swift build -c release --product $$product --quiet || exit 1; done
	@.build/release/bench $(if $(ONLY),--only $(ONLY))

bench-web: setup ## Measures explanations, what watching costs those who trade, alerts. ONLY=name
	@swift build -c release --quiet
	@scripts/bench-web $(if $(ONLY),--only $(ONLY))

mutants: setup ## Takes each risk control out, and turns it round; for each, some test must fail.
	@scripts/mutants

format: ## Formats the sources.
	@swift format format --in-place --recursive $(SWIFT_SOURCES)

lint: ## Checks style, sizes, banned words, imports, and that generated files are fresh.
	@swift format lint --strict --recursive $(SWIFT_SOURCES)
	@scripts/tidy
	@scripts/check-imports
	@scripts/wire-generate --check
	@scripts/controls-generate --check
	@scripts/attacks-generate --check
	@scripts/threats-generate --check

check: lint ## Lint, the independent decoder and the units.
	@scripts/wire-check-sbe
	@scripts/check-units

fuzz: setup ## Fuzzes the wire decoder. SECONDS=20
	@scripts/fuzz-wire $(or $(SECONDS),20)

clean: ## Removes what was built, and the state of the default run.
	@rm -rf .build .state .venv .venv-clients .venv-clients.lock
