#!/bin/sh
# Makes signal.pb.go of signal.proto. Needs protoc (Debian: protobuf-compiler); the
# plugin is of the version that go.mod names.
set -eu
cd "$(dirname "$0")"
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
${GO:-go} build -o "$bin" google.golang.org/protobuf/cmd/protoc-gen-go
PATH="$bin:$PATH" protoc --go_out=. --go_opt=paths=source_relative signal.proto
