# The verbs of this repository, for people and CI alike. `make run` and `make test` are all a newcomer needs.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
DATA ?= ./gridtally-data

.PHONY: help build run test check e2e load bench fuzz up down up-local smoke docs tools

help: ## list the verbs
	@grep -hE '^[a-z0-9-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

build: ## the release programs, in target/release
	cargo build --release -p gridtally -p gridtally-simulator

run: build ## a fleet, a month of readings, bills; then serves until Ctrl-C
	./target/release/gridtally demo --data $(DATA)

up: build ## the platform without a fleet
	./target/release/gridtally up --data $(DATA)

test: tools ## every test, with the tools it needs
	scripts/test

check: tools ## formatting, lints, licences and bans, the tree's rules
	scripts/check

e2e: tools ## only the end-to-end journeys
	cargo build -p gridtally -p gridtally-simulator
	cargo test -p e2e

load: build ## readings as fast as they go, against a running `make up`
	./target/release/gridtally-simulator load --token-file <(./target/release/gridtally token issue --role device --subject 'load-*' --data $(DATA))

bench: build ## the table of the README, measured here and now
	scripts/bench

tools: ## installs what the tests need into target/test-tools
	scripts/test-tools
