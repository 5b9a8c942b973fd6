#!/bin/bash
# docs.sh: runs the commands of README.md ("A real board") and of docs/install.md, word
# for word and in order, with this machine's package from dist/, in a fresh Debian. Needs
# root.
#
# It is a chroot, so that what cannot run there has a stand-in:
#   systemctl   cmd/talkgate/processes/testdata/systemctl, which runs what the units run
#   sudo        runs the command, as another user for -u
#   sudoedit    does nothing
#   setup       gets "--board sim" besides: there are no lines and no cards
set -euo pipefail
cd "$(dirname "$0")/../.."
say() { echo "docs-test: $*" >&2; }
fail() { say "FAILED: $*"; exit 1; }

[ "$(id -u)" = 0 ] || exec sudo -n "$0"
# A network of its own: the ports are those of the docs.
[ -n "${DOCS_DEBIAN:-}" ] || DOCS_DEBIAN=$(systemd/debian.sh) exec unshare --net "$0"
ip link set lo up
deb=$(ls -t "$PWD"/dist/talkgate_*_"$(dpkg --print-architecture)".deb | head -1)
debian=$DOCS_DEBIAN
root=$(mktemp -d)
end() {
	chroot "$root" sh -c 'for u in talkgate@north talkgate@north-gate talkgate-hub redis-server@talkgate; do ROOT= TALKGATE=talkgate systemctl stop $u; done' >/dev/null 2>&1 || true
	umount "$root/proc" "$root/dev/pts" 2>/dev/null || true
	rm -rf --one-file-system "$root"
}
trap end EXIT
cp -a "$debian/." "$root"
mount -t proc proc "$root/proc"
[ -c "$root/dev/null" ] || mknod -m 666 "$root/dev/null" c 1 3
[ -c "$root/dev/urandom" ] || mknod -m 666 "$root/dev/urandom" c 1 9
cp "$deb" "$root/root/"
cp cmd/talkgate/processes/testdata/systemctl "$root/usr/local/bin/systemctl"
cat >"$root/usr/local/bin/sudo" <<'SUDO'
#!/bin/sh
[ "$1" = -u ] || exec "$@"
user=$2; shift 2
exec runuser -u "$user" -- "$@"
SUDO
printf '#!/bin/sh\n' >"$root/usr/local/bin/sudoedit"
chmod +x "$root"/usr/local/bin/*
echo north >"$root/etc/hostname"

# commands FILE SECTION: those of its blocks of shell.
commands() {
	awk -v section="## $2" '/^## /{in_section = ($0 == section)} /^```/{in_block = in_section && !in_block && $0 == "```sh"; next} in_block' "$1"
}

# run COMMAND: as printed, at root'"'"'s shell in root'"'"'s home.
run() {
	local line=$1 status=0
	say "\$ $line"
	[ "$line" != "sudo talkgate setup" ] || line+=" --board sim"
	# Enter, for every question.
	yes '' 2>/dev/null | chroot "$root" env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin ROOT= TALKGATE=talkgate DEBIAN_FRONTEND=noninteractive \
		bash -c "cd /root; $line" >&2 || status=${PIPESTATUS[1]}
	return "$status"
}

count=0
while read -r line; do
	run "$line" || fail "$line"
	count=$((count + 1))
done < <(commands README.md "A real board")
chroot "$root" bash -c 'exec 3<>/dev/tcp/127.0.0.1/9100 && printf "GET /status HTTP/1.0\r\n\r\n" >&3 && cat <&3' | grep -q '"onAir":true' || fail "the port of README.md is not on air"
say "README.md: on air after $count commands"
[ "$count" -le 3 ] || fail "$count commands to the first heard press, expected 3 at most"
run "sudo talkgate setup --undo" || fail "undo"

for section in "The package" "Setting a board up" "A port by hand" "A hub"; do
	if [ "$section" = "A port by hand" ]; then # the operator of its hub made it
		chroot "$root" sh -c 'talkgate token --secret-file /etc/talkgate/hub.secret --user north --channel gates >/root/north-gate.token'
	fi
	while read -r line; do
		case $line in
		*"talkgate doctor"*) run "$line" || say "doctor says what is to be done: no lines, no cards, no such Redis here" ;;
		*) run "$line" || fail "$line" ;;
		esac
	done < <(commands docs/install.md "$section")
done
say "docs/install.md: every command ran"
