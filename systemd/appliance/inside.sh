#!/bin/bash
# What happens in the booted appliance, as a unit of its systemd. Everything that
# is printed becomes the transcript; /mnt/result says in the end whether it was right.
set -u
export HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin SYSTEMD_PAGER= SYSTEMD_COLORS=0 SYSTEMD_URLIFY=0
port=talkgate@north-gate
radio=/run/desk

over() {
	echo "$1" >/mnt/result
	sync
	systemctl poweroff --force --force
	exit
}
fail() {
	echo "FAILED: $*"
	systemctl status --no-pager -n 0 $port talkgate-hub
	journalctl --no-pager -b -n 200 -u $port -u talkgate-hub -u redis-server -o short-monotonic
	tail -3 $radio.log
	over 1
}
step() { printf '\n## %s\n' "$*"; }
# Shows a command and what it says.
run() {
	echo "\$ $*"
	"$@" 2>&1
}
# Waits until a command is right; without real time on its side, for long.
await() {
	local what=$1
	shift
	for ((i = 0; i < 240; i++)); do
		if "$@" >/dev/null 2>&1; then
			echo "$what"
			return
		fi
		# A port that ends again and again is not waited for.
		[ "$(systemctl show -P NRestarts $port)" -lt 5 ] || break
		sleep 0.5
	done
	fail "never: $what"
}

# The board: lines that are wired to files, and a card whose other end is its second
# device.
chip=/sys/kernel/config/gpio-sim/board
names=(PTT KEY TALK BUSY ALERT LINK)
plug() {
	mkdir -p $chip/bank
	echo board >$chip/bank/label
	echo ${#names[@]} >$chip/bank/num_lines
	for n in "${!names[@]}"; do
		mkdir $chip/bank/line$n
		echo "${names[n]}" >$chip/bank/line$n/name
	done
	echo 1 >$chip/live
	lines=/sys/devices/platform/$(cat $chip/dev_name)/$(cat $chip/bank/chip_name)
	echo pull-up >$lines/sim_gpio0/pull
}
press() {
	echo "(the button is pressed)"
	echo pull-down >$lines/sim_gpio0/pull
}
release() {
	echo "(the button is let up)"
	echo pull-up >$lines/sim_gpio0/pull
}
is() { # is NAME 0|1
	for n in "${!names[@]}"; do
		[ "${names[n]}" != "$1" ] || [ "$(cat $lines/sim_gpio$n/value)" = "$2" ] || return 1
	done
}
on_air() { systemctl is-active $port && is LINK 1; }
pid() { systemctl show -P MainPID $port; }
new_pid() { [ "$(pid)" != 0 ] && [ "$(pid)" != "$1" ]; }

# The other member of the channel, a virtual radio.
desk() { # desk press|release
	echo "(the other member: $1)"
	echo "$1" >&9
}
desk_hears() { # desk_hears PATTERN
	local from
	from=$(($(wc -l <$radio.log)))
	await "at the other member: $1" sh -c "tail -n +$from $radio.log | grep -q '$1'"
}
cd /root || over 1

step "The machine"
run uname -sr
run systemctl --version | head -2
run grep Loopback /proc/asound/cards
plug

step "Installed"
run dpkg -i /old.deb || fail "dpkg"
run id talkgate
await "the chip is for group gpio" sh -c "stat -c %G /dev/gpiochip0 | grep -q gpio"
run ls -l /dev/gpiochip0 /dev/snd/controlC0

step "A hub and its Redis"
run systemctl start redis-server || fail "redis"
(umask 077; head -c 32 /dev/urandom | base64 >/etc/talkgate/hub.secret)
run systemctl start talkgate-hub || fail "hub"
run systemctl status --no-pager -n 0 talkgate-hub

step "A port, its token a credential"
cat >/etc/talkgate/north-gate.yaml <<-CONFIG
	version: 1
	channel: gates
	identity: {user_id: north-gate, user_name: North gate}
	redis: {url: redis://127.0.0.1:6379/0}
	link: {kind: hub, url: "http://127.0.0.1:8080", token_file: credential:token}
	hardware:
	  driver: board
	  ptt: {chip: board, line: PTT, pull: keep}
	  ptt_out: {chip: board, line: KEY}
	  lamps:
	    talk: {chip: board, line: TALK}
	    busy: {chip: board, line: BUSY}
	    alert: {chip: board, line: ALERT}
	    link: {chip: board, line: LINK}
	  sound:
	    microphone: {card: Loopback}
	    speaker: {card: Loopback}
	audio: {tones: {enabled: false}}
CONFIG
talkgate token --secret-file /etc/talkgate/hub.secret --user north-gate --channel gates --ttl 720h >/etc/talkgate/north-gate.token
chmod 600 /etc/talkgate/north-gate.token
run talkgate rights grant north-gate gates
run systemctl start --no-block $port
await "it is active, and its link lamp is lit" on_air
run systemctl status --no-pager -n 0 $port

step "How it is confined"
run systemd-analyze security --no-pager --threshold=20 $port.service >/run/exposure || fail "$(tail -1 /run/exposure)"
tail -1 /run/exposure
run systemd-analyze security --no-pager --threshold=20 talkgate-hub.service >/run/exposure || fail "$(tail -1 /run/exposure)"
tail -1 /run/exposure
run grep -E '^(NoNewPrivs|Seccomp|CapBnd|Groups)' /proc/"$(pid)"/status

step "Pressed, and heard"
mkfifo $radio.in
exec 9<>$radio.in
: >$radio.log
(umask 077; talkgate token --secret-file /etc/talkgate/hub.secret --user desk --channel gates --ttl 720h >desk.token)
talkgate rights grant desk gates >/dev/null
cat >desk.yaml <<-CONFIG
	version: 1
	channel: gates
	identity: {user_id: desk, user_name: The desk}
	redis: {url: redis://127.0.0.1:6379/0}
	link: {kind: hub, url: "http://127.0.0.1:8080", token_file: desk.token}
	hardware: {driver: sim}
	audio: {tones: {enabled: false}}
CONFIG
talkgate run --config desk.yaml <&9 >>$radio.log 2>&1 &
desk_hears 'lamps=link'
speaker-test -D plughw:Loopback,1 -r 48000 -c 1 -t sine -f 440 -l 0 >/run/tone.log 2>&1 &
tone=$!
press
await "its talk lamp is lit" is TALK 1
desk_hears 'speaker=heard holder="north-gate"'
release
await "its talk lamp is dark" is TALK 0
desk_hears 'speaker=quiet'
kill $tone
run grep -E '^(VmRSS|Rss)' /proc/"$(pid)"/status

step "Killed while it keys the transmitter"
desk press
await "PTT-out is keyed" is KEY 1
before=$(pid)
run systemctl kill -s KILL $port
await "PTT-out has dropped" is KEY 0
await "started again" new_pid "$before"
await "on air again" on_air
desk release
desk_hears 'lamps=link speaker=quiet'

step "Hung, and ended by its watchdog"
before=$(pid)
run kill -STOP "$before"
await "started again" new_pid "$before"
await "on air again" on_air
journalctl --no-pager -o cat -u $port | grep -E 'Watchdog timeout|SIGABRT|result .watchdog' | tail -3
run systemctl show -P NRestarts $port

step "The clock of a board without a battery"
now=$(date +%s)
run date -s 1970-01-02
run systemctl restart --no-block $port
await "it waits for the right time" sh -c "systemctl show -P StatusText $port | grep -q 'the right time'"
run systemctl show -P StatusText $port
date -s "@$((now + 60))" >/dev/null
echo "(a time server answers)"
await "on air" on_air

step "Its configuration read again"
before=$(pid)
echo 'log: {level: debug}' >>/etc/talkgate/north-gate.yaml
run systemctl reload $port || fail "reload"
await "it says so" sh -c "journalctl -u $port | grep -q 'configuration is reloaded'"
[ "$(pid)" = "$before" ] || fail "another process after the reload"

step "Upgraded"
run dpkg -i /new.deb || fail "dpkg"
await "the new one runs" new_pid "$before"
await "on air" on_air
run dpkg-query -W talkgate

step "Removed and purged"
run dpkg -r talkgate || fail "dpkg"
systemctl is-active $port talkgate-hub | grep -qx active && fail "it still runs"
await "every line is let go" is LINK 0
run ls /etc/talkgate
run dpkg -P talkgate || fail "dpkg"
[ ! -e /etc/talkgate ] || fail "/etc/talkgate is left"
run ls /usr/bin/talkgate && fail "the command is left"

step "All of it was right"
over 0
