#!/bin/sh
# test.sh NAME [FLAG ...] PACKAGE ...: go test through gotestsum: each package's
# closing line, the output of what failed, and a list of what was skipped. All of
# it is in build/NAME.json. With CI=true a skipped test is a failure.
set -eu

mkdir -p build
all=build/$1.json
shift
${GO:-go} run gotest.tools/gotestsum@v1.13.0 --format standard-quiet --format-hide-empty-pkg --jsonfile "$all" -- \
	-timeout 45m "$@"
if grep '"Action":"skip"' "$all" | grep -q '"Test":'; then
	echo "*** some tests were SKIPPED, see above; with CI=true that is a failure" >&2
	[ "${CI:-}" != true ]
fi
