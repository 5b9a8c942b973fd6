#!/bin/sh
# needs.sh COMMAND[:PACKAGE] FILE:PACKAGE ...
# Installs the Debian package of each command or file that is missing, where that is
# permitted (root, or sudo without a password). Says loudly what stays missing.
set -eu

missing='' packages=''
for need in "$@"; do
	if ! command -v "${need%%:*}" >/dev/null && ! [ -e "${need%%:*}" ]; then
		missing="$missing ${need%%:*}"
		packages="$packages ${need#*:}"
	fi
done
[ -n "$missing" ] || exit 0

sudo=''
[ "$(id -u)" = 0 ] || sudo='sudo -n'
if command -v apt-get >/dev/null && $sudo true 2>/dev/null; then
	echo "installing$packages" >&2
	export DEBIAN_FRONTEND=noninteractive
	# $packages and $sudo are lists of words.
	apt="$sudo apt-get -qq -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3"
	# One list that is not to be had, a stale mirror, need not be the one we need.
	$apt update || true
	if $apt install -y --no-install-recommends $packages >/dev/null; then
		exit 0
	fi
fi
echo "*** MISSING:$missing (Debian packages:$packages)" >&2
echo "*** The tests that need them are SKIPPED; with CI=true that is a failure." >&2
