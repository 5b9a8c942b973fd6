#!/bin/sh
# foreign.sh ARCH DIRECTORY PACKAGE...: downloads packages of Debian 12 for another
# architecture and unpacks them into a directory. The system's own apt is left alone.
set -eu
arch=$1 dir=$2
shift 2
mkdir -p "$dir/apt/lists/partial" "$dir/apt/cache/archives/partial" "$dir/apt/etc"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main" >"$dir/apt/etc/sources.list"
: >"$dir/apt/status"
apt() {
	command=$1
	shift
	"$command" -qq -o Dir::State::Lists="$dir/apt/lists" -o Dir::State::status="$dir/apt/status" -o Dir::Cache="$dir/apt/cache" \
		-o Dir::Etc::sourcelist="$dir/apt/etc/sources.list" -o Dir::Etc::sourceparts=/dev/null -o APT::Sandbox::User=root \
		-o APT::Architecture="$arch" -o APT::Architectures="$arch" "$@"
}
[ -e "$dir/apt/done" ] || { apt apt-get update >&2; touch "$dir/apt/done"; }
cd "$dir/apt"
for package; do
	case $package in
	*'*') package=$(apt apt-cache pkgnames "${package%'*'}" | grep -v -e dbg -e unsigned -e cloud -e rt | sort -V | tail -1) ;;
	esac
	apt apt-get download "$package" >&2
	dpkg-deb -x "$package"_*.deb "$dir"
	rm "$package"_*.deb
done
