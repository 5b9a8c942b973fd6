#!/bin/sh
# Makes signal.pb.go of signal.proto. Needs protoc (Debian: protobuf-compiler). The
# plugin's code needs no reflection, which would be a megabyte of every binary.
set -eu
cd "$(dirname "$0")"
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
GOBIN="$bin" ${GO:-go} install github.com/aperturerobotics/protobuf-go-lite/cmd/protoc-gen-go-lite@v0.14.0
PATH="$bin:$PATH" protoc --go-lite_out=. --go-lite_opt=paths=source_relative --go-lite_opt=features=marshal+unmarshal+size signal.proto
