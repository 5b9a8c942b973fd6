#!/bin/sh
# test.sh [FLAG ...]: go test over everything. Shows the closing line of each
# package and every skipped test; after a failure also what the tests said.
# With CI=true a skipped test is a failure.
set -eu

mkdir -p build
log=build/test.log
status=build/test.status
{ ${GO:-go} test -v -timeout 25m "$@" ./... 2>&1 && echo 0 >$status || echo 1 >$status; } |
	tee $log | grep --line-buffered -E '^(ok|FAIL|panic:|\?)|^ *--- (FAIL|SKIP)|^# ' || true

if [ "$(cat $status)" != 0 ]; then
	echo '---- what the tests said (build/test.log has it all):'
	grep -vE '^=== (RUN|PAUSE|CONT|NAME)|^ *--- PASS|^ok ' $log | tail -n 400
	exit 1
fi
if grep -qE '^ *--- SKIP' $log; then
	echo '*** some tests were SKIPPED, see above'
	[ "${CI:-}" != true ]
fi
