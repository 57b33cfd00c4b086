#!/usr/bin/env bash
# A large raw object is offered as soon as its server runs, and is not read for it: who made it, or
# fetched it, has left its digests. One that was copied in by hand is read first; the log says so.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fetching.sh"

bytes=$((512 << 20))
store=$scratch/store
printf penstock >"$scratch/bytes"
truncate -s $bytes "$scratch/bytes"

[ -r /proc/self/io ] || { skip 'no /proc/PID/io, which counts what is read'; finish; }

# serves STORE [FLAG...]: by UDP; sets peer, server, and log.
serves() {
	local served=$1
	shift
	log=$scratch/log.$RANDOM
	"$PENSTOCK" serve --listen 127.0.0.1:0 --store "$served" "$@" 2>"$log" &
	server=$!
	wait_line "$log" 'udp [[0-9]' || return 1
	peer=$(sed -n 's/.*udp \([^ ]*:[0-9]*\) .*/\1/p' "$log" | head -n 1)
}
# Bytes that the server has read. Those that it sends are not counted where they come by io_uring.
read_bytes() { sed -n 's/^rchar: //p' "/proc/$server/io"; }

# begins NAME: a fetch from the server gets what it came for; it ends once it has 8 MiB.
begins() {
	local got=$scratch/begun fetching
	rm -rf "$got"
	"$PENSTOCK" fetch --from "$peer" --root "$object" --form raw --store "$got" \
		>"$scratch/out" 2>&1 &
	fetching=$!
	until [ "$(du -sk "$got/.penstock/partial" 2>"$scratch/err" | cut -f 1)0" -ge 81920 ] ||
		! kill -0 $fetching 2>"$scratch/err"; do
		sleep 0.02
	done
	[ -n "$(find "$got/.penstock/partial" "$got/raw" -size +4M 2>"$scratch/err")" ]
	said $? "$1"
	kill -9 $fetching 2>"$scratch/err"
	wait $fetching 2>"$scratch/err"
}
# at_once STORE NAME: it is offered, and was not read for it. No faster than that, so that little is
# sent before it ends.
at_once() {
	serves "$1" --rate 64MiB
	is_at_once "$2"
}
is_at_once() {
	begins "$1"
	[ "$(read_bytes)" -lt $((bytes / 8)) ]
	result $? "  and the object was not read for it ($(read_bytes) bytes)"
	! grep 'no digests' "$log"
	result $? '  nor does the log say so'
	stop
}

mkdir "$store"
serves "$store" --rate 64MiB || { skip 'no serve --listen'; finish; }
object=$("$PENSTOCK" make --form raw --from "file:$scratch/bytes" --store "$store" --json \
	2>"$scratch/err" | sed -n 's/.*"root":"\([^"]*\)".*/\1/p')
[ -n "$object" ]
result $? 'an object is made'
is_at_once 'it is offered by who serves the store meanwhile'
at_once "$store" 'it is offered as soon as it is served'

serves "$store"
fetch --from "$peer" --root "$object" --form raw --store "$scratch/fetched"
wants 0 $? 'it is fetched'
stop
at_once "$scratch/fetched" 'and offered by who fetched it'
rm -rf "$scratch/fetched"
fetch --from "dir:$store" --root "$object" --form raw --store "$scratch/fetched"
wants 0 $? 'it is fetched from a directory'
at_once "$scratch/fetched" 'and offered by who fetched it'
rm -rf "$scratch/fetched"

mkdir -p "$scratch/copied/raw"
mv "$scratch/bytes" "$scratch/copied/raw/$object"
serves "$scratch/copied"
wait_line "$log" "raw/$object has no digests here: its 536.9 MB are read before it is offered"
result $? 'of one that was copied in by hand the log says that it is read'
for _ in $(seq 600); do
	[ -e "$scratch/copied/.penstock/index" ] && break
	sleep 0.1
done
begins 'and then it is offered'
[ "$(read_bytes)" -ge $bytes ]
result $? "  as it was ($(read_bytes) bytes)"
stop
at_once "$scratch/copied" 'after a restart it is not read again'
finish
