# lib: what the live tests share. Sourced with PENSTOCK, PEN_BUILD and PEN_TEST_DATA set; gives a
# scratch directory that is removed at the end together with every process started here.
set -u
scratch=$(mktemp -d) || exit 1
passed=0 failed=0 skipped=0
near=$PEN_TEST_DATA/near
dump=$PEN_BUILD/tests/live/live_dump
line=$PEN_BUILD/tests/live/live_line
hostile=$PEN_BUILD/tests/live/live_hostile
genesis_root=8EhZRfDTYujfZoUZtZ3eSMB9gJyFo5zjscR12dEcaxGU
small_root=GRqsQiLsteXhPiadvQ3Xkpuop5c87g35UyhpTB8LuMxv
edges_root=28dXfKSczkZrkaRUrxLpwxGmnxNtbz2Uw5Dt3zseFiir

cleanup() {
	local left mounted
	left=$(jobs -p)
	[ -z "$left" ] || kill -9 $left 2>/dev/null
	wait 2>/dev/null
	for mounted in "$scratch/tiny" "$scratch/closed"; do
		mountpoint -q "$mounted" 2>/dev/null && umount "$mounted"
	done
	rm -rf "$scratch"
}
trap cleanup EXIT

# result CODE NAME: count one result. False if it is a bad one.
result() {
	if [ "$1" -eq 0 ]; then
		passed=$((passed + 1))
		echo "ok   $2"
	else
		failed=$((failed + 1))
		echo "FAIL $2"
		return 1
	fi
}

# expect WANTED GOT NAME: the same.
expect() {
	[ "$1" = "$2" ]
	result $? "$3${4:+ ($4)}" && return
	echo "     wanted '$1', got '$2'"
	return 1
}

skip() {
	skipped=$((skipped + 1))
	echo "skip $1"
}

finish() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
	exit
}

now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }

# raw_object BYTES: in $scratch/raw, of $scratch/bytes; sets object.
raw_object() {
	head -c "$1" /dev/urandom >"$scratch/bytes"
	object=$("$PENSTOCK" make --form raw --from "file:$scratch/bytes" --store "$scratch/raw" \
		--json 2>"$scratch/err" | sed -n 's/.*"root":"\([^"]*\)".*/\1/p')
	[ -n "$object" ]
}

# wait_line FILE PATTERN: until the file has a line like it, at most 20 s; else that is a failure.
wait_line() {
	for _ in $(seq 400); do
		grep -q -- "$2" "$1" 2>/dev/null && return 0
		sleep 0.05
	done
	result 1 "a line with '$2' within 20 s"
	cat "$1"
	return 1
}

# start_serve STORE [FLAG...]: serve a store on a free port; sets url and server. False, which is no
# failure, in a build without a front.
start_serve() {
	local log=$scratch/serve.$RANDOM store=$1
	shift
	"$PENSTOCK" serve --http 127.0.0.1:0 --store "$scratch/nowhere" >"$log" 2>&1
	! grep -q 'libmicrohttpd was missing' "$log" || return 1
	"$PENSTOCK" serve --http 127.0.0.1:0 --store "$store" "$@" 2>"$log" &
	server=$!
	wait_line "$log" 'http://127' || return 1
	url=$(sed -n 's/.*\(http:\/\/127\.0\.0\.1:[0-9]*\).*/\1/p' "$log" | head -n 1)
}

# start_listen STORE [FLAG...]: serve a store by UDP on a free port; sets peer and server. Under
# IPv6 with listen_at='[::1]'.
listen_at=127.0.0.1
start_listen() {
	local log=$scratch/listen.$RANDOM store=$1
	shift
	"$PENSTOCK" serve --listen "$listen_at:0" --store "$store" "$@" 2>"$log" &
	server=$!
	wait_line "$log" 'udp [[0-9]' || return 1
	peer=$(sed -n 's/.*udp \([^ ]*:[0-9]*\) .*/\1/p' "$log" | head -n 1)
}

# start_hostile DIR MODE [NAME]: sets url and server.
start_hostile() {
	local out=$scratch/hostile.$RANDOM
	"$hostile" "$@" >"$out" &
	server=$!
	wait_line "$out" '^[0-9]' || return 1
	url=http://127.0.0.1:$(cat "$out")
}

stop() {
	kill -9 "$server" 2>/dev/null
	wait "$server" 2>/dev/null
}

# kill_make COUNT DIR STORE FLAG...: make parts into a store, killed when so many files are in
# STORE/DIR. True if it was still at work.
kill_make() {
	local at=$1 dir=$2 store=$3 victim
	shift 3
	rm -rf "$store"
	"$PENSTOCK" make --store "$store" "$@" >/dev/null 2>&1 &
	victim=$!
	for _ in $(seq 2000); do
		[ "$(ls "$store/$dir" 2>/dev/null | wc -l)" -ge "$at" ] && break
		kill -0 $victim 2>/dev/null || break
	done
	kill -9 $victim 2>/dev/null
	wait $victim 2>/dev/null
	[ $? -eq 137 ]
}

# dump_db DB OUT: both columns of shard s7.v3 as text into OUT.state and OUT.flat.
dump_db() {
	"$dump" "$1" s7.v3 state >"$2.state" && "$dump" "$1" s7.v3 flat >"$2.flat"
}

# make_state DIR KEYS PARTS [FLAG...]: a store of the profile's state; sets root.
make_state() {
	"$PENSTOCK" generate --profile mainnet --keys "$2" --seed 1 --out "$scratch/state.kv" &&
		"$PENSTOCK" make --from "kv:$scratch/state.kv" --store "$1" --chain test \
			--epoch-height 1 --epoch-id 11111111111111111111111111111111 --shard 7 \
			--of "$3" "${@:4}" 2>"$scratch/make.log"
	result $? 'a state to be moved is made' || return 1
	root=$("$PENSTOCK" inspect state "kv:$scratch/state.kv" --json |
		sed 's/.*"root": *"\([^"]*\)".*/\1/')
	rm -f "$scratch/state.kv"
}
