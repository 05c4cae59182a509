# What ./dev does, for fingers that are used to make: make bench ARGS=--quick
ARGS ?=

.PHONY: help demo test lint types bench docs lock

help:
	@./dev --help

demo test lint types bench docs lock:
	@./dev $@ $(ARGS)
