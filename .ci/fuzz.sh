#!/bin/sh
# fuzz.sh TIME: every fuzz target of the module, TIME each. Where Go itself was too late
# to stop, "context deadline exceeded" without a failing input, it is tried once more.
set -eu

out=$(mktemp)
trap 'rm -f "$out"' EXIT

fuzz() {
	${GO:-go} test -run '^$' -fuzz "^$1\$" -fuzztime "$2" "$3" >"$out" 2>&1
}

grep -rl --include='*_test.go' '^func Fuzz' . | sort | while read -r file; do
	for target in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$file"); do
		echo "== $target in $(dirname "$file")"
		if ! fuzz "$target" "$1" "$(dirname "$file")"; then
			if grep -q 'Failing input' "$out" || ! grep -q 'context deadline exceeded' "$out" ||
				! fuzz "$target" "$1" "$(dirname "$file")"; then
				cat "$out"
				exit 1
			fi
		fi
		tail -n 1 "$out"
	done
done
