#!/usr/bin/env bash
# serve --listen: its flags, what it says of a machine that lacks something, its numbers, how it
# ends, and a store that changes while it is served. The long forms are for PEN_LONG.
. "$(dirname "$0")/lib.sh"

long=${PEN_LONG:-}
command -v curl >"$scratch/found" || { echo 'skip no curl'; exit 77; }

# start_listen STORE [FLAG...]: serve a store by UDP at $at, or on a free port; sets peer, port,
# server, log.
start_listen() {
	local store=$1
	shift
	log=$scratch/listen.$RANDOM
	"${wrap[@]}" "${binary:-$PENSTOCK}" serve --listen "${at:-127.0.0.1:0}" --store "$store" \
		"$@" 2>"$log" &
	server=$!
	wait_line "$log" 'udp 127' || return 1
	peer=$(sed -n 's/.*udp \(127\.0\.0\.1:[0-9]*\) .*/\1/p' "$log" | head -n 1)
	port=${peer##*:}
	url=$(sed -n 's/.*\(http:\/\/127\.0\.0\.1:[0-9]*\).*/\1/p' "$log" | head -n 1)
}
wrap=()

# end_listen NAME: SIGTERM, and the exit code must be 0.
end_listen() {
	kill -TERM "$server"
	wait "$server"
	expect 0 $? "$1"
}

fetch() { timeout 100 "$PENSTOCK" fetch "$@" >"$scratch/out" 2>&1; }

# metric NAME: the sum of its values, over all addresses, now (they are shown with a delay).
metric() {
	sleep 0.4
	curl -s --max-time 10 "$url/metrics" >"$scratch/metrics"
	grep -F "penstock_$1" "$scratch/metrics" |
		awk '!/^#/ { n += $NF } END { print n + 0 }'
}

# wait_metric NAME VALUE: until it is that, at most 20 s.
wait_metric() {
	for _ in $(seq 50); do
		[ "$(metric "$1")" = "$2" ] && return 0
	done
	echo "     penstock_$1 is $(metric "$1"), not $2"
	return 1
}

# make_raw MIB: an object of random bytes in $scratch/store; sets object, its root.
make_raw() {
	head -c $(($1 << 20)) /dev/urandom >"$scratch/bytes"
	object=$("$PENSTOCK" make --form raw --from "file:$scratch/bytes" --store "$scratch/store" \
		--json 2>"$scratch/err" | sed -n 's/.*"root":"\([^"]*\)".*/\1/p')
	rm "$scratch/bytes"
}

get() { rm -rf "$scratch/got" && fetch --from "$peer" --root "$object" --form raw \
	--store "$scratch/got" "$@"; }

make_raw 20
small=$object

# What this machine lacks is said once, with what mends it, and costs nothing but speed.
while IFS='|' read -r without mends; do
	PENSTOCK_WITHOUT=$without start_listen "$scratch/store" || finish
	expect 1 "$(grep -c -- "$mends" "$log")" "without $without it says once: $mends"
	get
	expect 0 $? '  and serves'
	end_listen '  and ends well'
done <<'END'
hugepages|vm.nr_hugepages=
registered|ulimit -l unlimited
gso|Linux 4.18 or newer
gro|Linux 5.0 or newer
multishot|packets that comes; mend it with Linux 6.0 or newer
io_uring|one read of a disk at a time; mend it with Linux 5.6 or newer
direct,registered,gso,gro,multishot,io_uring,hugepages|no huge pages for
END
PENSTOCK_WITHOUT=everything "$PENSTOCK" serve --listen 0 --store "$scratch/store" 2>"$scratch/err"
expect 2 $? 'without what there is not'

# The same by the kernel itself: no capability to lock memory, and little that may be locked.
if [ "$(id -u)" = 0 ] && command -v setpriv >"$scratch/found"; then
	wrap=(setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock prlimit --memlock=65536)
	start_listen "$scratch/store" --http 127.0.0.1:0
	expect 1 "$(grep -c 'not registered.*ulimit -l unlimited' "$log")" 'no memory may be locked'
	get
	expect 0 $? '  and it serves'
	expect 0 "$(metric disk_registered_bytes)" '  registered memory: none'
	end_listen '  and ends well'
	wrap=()
else
	skip 'no memory may be locked: not root, or no setpriv'
fi

# Flags.
while IFS='|' read -r wanted flags says; do
	# shellcheck disable=SC2086
	timeout 20 "$PENSTOCK" serve --store "$scratch/store" $flags >"$scratch/out" 2>&1
	expect "$wanted" $? "serve $flags"
	grep -q -- "$says" "$scratch/out"
	result $? "  says '$says'" || cat "$scratch/out"
done <<'END'
2|--listen 0 --poll=spin|adaptive or busy
2|--listen 0 --rate 10|64kbit/s
2|--listen 0 --rate fast|10Gbit/s
2|--listen 0 --memory 100MiB|MiB would do
2|--listen 0 --cpus 0,1023|CPU 1023
2|--listen 0 --cpus none|0-3,6
2|--listen 0 --listen 0 --cpus 0 --poll=busy|2 of them, and 1 CPUs; use --poll=adaptive
2|--http 0 --rate 1Gbit/s|for --listen
2|--listen nonsense|is no address
9|--listen 192.0.2.1:0|no interface has this address
9|--http 192.0.2.1:0|cannot listen on .*; no interface has this address
END
start_listen "$scratch/store" --listen 127.0.0.1:0 --cpus 0 --memory 700MiB --http 127.0.0.1:0 \
	--rate 400Mbit/s
affine=$(for task in /proc/"$server"/task/*; do
	sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "$task/status"
done | sort -u)
expect 0 "$affine" '--cpus 0: all threads are there'
grep -q 'memory: process .* = [0-9.]* MiB$' "$log"
result $? 'the sum of memory is printed'
sum=$(sed -n 's/.*memory: process.* = \([0-9]*\)\.[0-9]* MiB$/\1/p' "$log")
[ "$sum" -le 700 ] && [ "$sum" -ge 695 ]
result $? "  and is what --memory says ($sum MiB)"
second=$(sed -n 's/.*udp \(127\.0\.0\.1:[0-9]*\) .*/\1/p' "$log" | tail -n 1)
get --from "$second"
expect 0 $? 'a fetch from two addresses of one server'
expect "$sum" "$(($(metric memory_planned_bytes) >> 20))" '  /metrics shows the same sum'
if [ "${PEN_SANITIZE:-none}" = none ]; then
	hwm=$(($(sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$server/status") / 1024))
	[ "$hwm" -le 700 ]
	result $? "  $hwm MiB were used at most"
fi
end_listen '  and it ends well'

# The cap on the rate, over two addresses: 20 MiB at 80 Mbit/s take 2 s; half of it each.
start_listen "$scratch/store" --listen 127.0.0.1:0 --rate 80Mbit/s --http 127.0.0.1:0
second=$(sed -n 's/.*udp \(127\.0\.0\.1:[0-9]*\) .*/\1/p' "$log" | tail -n 1)
begin=$(now_ms)
get --from "$second"
expect 0 $? 'a fetch under --rate 80Mbit/s'
took=$(($(now_ms) - begin))
[ $took -ge 2000 ]
result $? "  takes $took ms: at least 2,000"

# Numbers: all there, in Prometheus's form, and they only rise.
expect 2 "$(metric udp_sessions_total)" 'metrics: two sessions'
[ "$(metric udp_data_bytes_total)" -ge $((20 << 20)) ]
result $? '  the bytes of the object'
reads=$(metric disk_reads_total)
if grep -q 'not registered\|no io_uring' "$log"; then
	skip 'reads into registered memory: none here'
else
	[ "$reads" -ge 20 ] && [ "$reads" = "$(metric disk_registered_reads_total)" ]
	result $? "  $reads reads, all into registered memory"
fi
for name in udp_pulls_total udp_opens_total 'udp_packets_total{.*in' 'udp_slots_total{.*opened' \
	'cache_gets_total{.*miss' uptime_seconds memory_resident_bytes udp_questions_total; do
	grep "^penstock_$name" "$scratch/metrics" | awk '{ n += $NF } END { exit !(n > 0) }'
	result $? "  $name"
done
for name in 'udp_sessions_refused_total{.*reason="no_place"' 'udp_dropped_total{.*"malformed"' \
	'cache_gets_total{.*join' cache_evicted_total 'udp_amplification_dropped_total{.*reset'; do
	expect 2 "$(grep -c "^penstock_$name" "$scratch/metrics")" "  $name, of each address"
done
cp "$scratch/metrics" "$scratch/before"
awk '/^# HELP/ { help[$3] = 1; next }
	/^# TYPE/ { if (type[$3]++) { print "twice: " $3; bad = 1 } next }
	{ name = $1; sub(/[{].*/, "", name)
	  if (!help[name] || !type[name] || $NF !~ /^[0-9]+$/) { print; bad = 1 } }
	END { exit bad }' "$scratch/before"
result $? '  each with its help and its type, once'
get
expect 0 $? '  and after one more fetch'
metric uptime_seconds >"$scratch/found"
awk 'NR == FNR { if ($1 !~ /^#/) was[$1] = $NF; next }
	/^# TYPE.*counter/ { counter[$3] = 1; next }
	{ name = $1; sub(/[{].*/, "", name)
	  if (counter[name] && $NF < was[$1]) { print; bad = 1 } }
	END { exit bad }' "$scratch/before" "$scratch/metrics"
result $? '  no counter fell'
end_listen '  and it ends well'

# Nothing to do: next to no CPU, and an answer at once.
idle_s=3 probes=100
[ -z "$long" ] || idle_s=30 probes=1000
# Nanoseconds that the server's threads ran.
ran_ns() { cat /proc/"$server"/task/*/schedstat | awk '{ n += $1 } END { printf "%d\n", n }'; }
start_listen "$scratch/store" --listen 127.0.0.1:0 --http 127.0.0.1:0 --poll=adaptive
sleep 3
before=$(ran_ns)
sleep $idle_s
idle=$(($(ran_ns) - before))
[ $idle -lt $((idle_s * 20000000)) ]
result $? "idle for $idle_s s it runs for $((idle / 1000)) us: below 2 % of a core"
# On a busy machine others hold a core for longer: the best of three is the server's own.
for _ in 1 2 3; do
	read -r _ median _ p99 _ most _ lost <<<"$("$PEN_BUILD/tests/live/live_probe" 127.0.0.1 \
		"$port" $probes 10 100)"
	echo "     $probes HELLOs, 10 to 100 ms apart: COOKIE after $median us at the median," \
		"$p99 at 99 %, $most at most; $lost lost"
	[ "$lost" = 0 ] && [ "$median" -le 1000 ] && [ "$p99" -le 5000 ] && break
done
result $? 'it answers within 1 ms, 99 of 100 within 5 ms'
end_listen 'and ends well'
if [ "$(nproc)" -ge 2 ]; then
	start_listen "$scratch/store" --poll=busy
	before=$(ran_ns)
	sleep 1
	[ $(($(ran_ns) - before)) -gt 100000000 ]
	result $? '--poll=busy does not sleep'
	get
	expect 0 $? '  and serves'
	end_listen '  and ends well'
fi

if [ "$(nproc)" -ge 2 ]; then
	start_listen "$scratch/store" --listen 127.0.0.1:0 --cpus 0,1
	pinned=$(for task in /proc/"$server"/task/*; do
		sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "$task/status"
	done | sort | uniq -c | awk '$2 ~ /^[01]$/ { print $1 " on " $2 }' | tr '\n' ',')
	expect '1 on 0,1 on 1,' "$pinned" '--cpus 0,1: each --listen has one to itself'
	end_listen '  and ends well'
fi

# An end on SIGTERM: what was begun is sent, clients are told and go elsewhere, in time.
make_raw 120
large=$object
start_listen "$scratch/store" --rate 200Mbit/s
first=$server one=$peer
start_listen "$scratch/store" --rate 200Mbit/s --index "$scratch/index"
sleep 4 # both prove what is new
rm -rf "$scratch/got"
"$PENSTOCK" fetch --from "$one" --from "$peer" --root "$large" --form raw --store "$scratch/got" \
	2>"$scratch/said" &
fetching=$!
sleep 1
kill -0 $fetching 2>/dev/null
result $? 'SIGTERM in the middle of a fetch'
begin=$(now_ms)
kill -TERM "$first"
wait "$first"
expect 0 $? '  the server exits 0'
took=$(($(now_ms) - begin))
[ $took -lt 12000 ]
result $? "  after $took ms"
wait $fetching
expect 0 $? '  and the other one gives the rest'
cmp -s "$scratch/store/raw/$large" "$scratch/got/raw/$large"
result $? '  byte for byte'
end_listen '  and ends well'

# The only one, which is started again: the fetch waits for it, and goes on.
start_listen "$scratch/store" --rate 400Mbit/s --index "$scratch/index"
sleep 1
rm -rf "$scratch/got"
timeout 60 "$PENSTOCK" fetch --from "$peer" --root "$large" --form raw --store "$scratch/got" \
	>"$scratch/out" 2>&1 &
fetching=$!
sleep 1
kill -0 $fetching 2>/dev/null
result $? 'a restart in the middle of a fetch from one server'
end_listen '  it ends well'
kill -0 $fetching 2>/dev/null
result $? '  and is waited for'
at=$peer start_listen "$scratch/store" --rate 400Mbit/s --index "$scratch/index"
wait $fetching
expect 0 $? '  until it is back'
cmp -s "$scratch/store/raw/$large" "$scratch/got/raw/$large"
result $? '  byte for byte'
end_listen '  and ends well'

# One guest that is so slow that its block cannot be finished in time; a second signal.
for signals in 1 2; do
	start_listen "$scratch/store" --rate 64kbit/s
	sleep 1
	rm -rf "$scratch/slow"
	timeout 60 "$PENSTOCK" fetch --from "$peer" --root "$small" --form raw \
		--store "$scratch/slow" >"$scratch/out" 2>&1 &
	fetching=$!
	sleep 3
	begin=$(now_ms)
	kill -TERM "$server"
	sleep 1
	kill -0 "$server" 2>/dev/null
	result $? 'blocks in flight are waited for'
	[ $signals = 1 ] || kill -TERM "$server"
	wait "$server"
	code=$?
	took=$(($(now_ms) - begin))
	if [ $signals = 1 ]; then
		expect 0 $code '  for a bounded time'
		[ $took -ge 9000 ] && [ $took -lt 13000 ]
	else
		expect 143 $code '  until a second signal'
		[ $took -lt 3000 ]
	fi
	result $? "  $took ms"
	kill $fetching 2>/dev/null
	wait $fetching 2>/dev/null
done

# A store that moves. `object` is 60 MiB, which take 5 s.
make_raw 60
file=$scratch/store/raw/$object
cp "$file" "$scratch/whole"
start_listen "$scratch/store" --rate 100Mbit/s --http 127.0.0.1:0
offered=$(find "$scratch/store/raw" -type f | wc -l)
wait_metric 'parts_offered{form="raw"}' "$offered"
result $? 'all objects are offered'

# The file goes on as it is: `how` changes it in the middle of a fetch; it ends as it may.
change() {
	local sent
	rm -rf "$scratch/moved"
	sent=$(metric udp_data_bytes_total)
	timeout 60 "$PENSTOCK" fetch --from "$peer" --root "$object" --form raw --stall 6 \
		--store "$scratch/moved" >"$scratch/out" 2>&1 &
	fetching=$!
	for _ in $(seq 50); do
		[ $(($(metric udp_data_bytes_total) - sent)) -lt 4000000 ] || break
	done
	"$@"
	wait $fetching
	code=$?
	[ ! -e "$scratch/moved/raw/$object" ] ||
		cmp -s "$scratch/whole" "$scratch/moved/raw/$object"
	result $? '  nothing wrong is in the store of who fetches' || echo "     exit code $code"
	kill -0 "$server" 2>/dev/null
	result $? "  the server is there (the fetch ended with $code)"
	wait_metric 'parts_offered{form="raw"}' $((offered - 1))
	result $? '  and offers it no more'
	get --stall 6
	expect 3 $? '  nobody has it, a new client hears'
	cp "$scratch/whole" "$scratch/back" && mv "$scratch/back" "$file"
	wait_metric 'parts_offered{form="raw"}' "$offered"
	result $? '  until it is back'
	get
	expect 0 $? '  and fetched'
}
echo '     a file that is cut'
change truncate -s 1000000 "$file"
[ "$(metric 'udp_slots_total{listen="'"$peer"'",answer="failed"}')" -gt 0 ]
result $? '  what could not be read was said'
echo '     a file that vanishes'
change rm "$file"
echo '     a file that is overwritten'
change dd if=/dev/urandom of="$file" bs=1M seek=20 count=30 conv=notrunc status=none
object=$small
get
expect 0 $? 'other objects are served all the while'
end_listen 'and it ends well'
rm -f "$scratch/whole"

# A cap on memory holds while parts are proved; what would take more is named.
if [ "${PEN_SANITIZE:-none}" = none ]; then
	make_state "$scratch/parts" 90000 1 >"$scratch/out" &&
		make_state "$scratch/large" 160000 1 >"$scratch/out" &&
		mv "$scratch/large/chain_id=test/epoch_height=1" \
			"$scratch/parts/chain_id=test/epoch_height=2"
	start_listen "$scratch/parts" --http 127.0.0.1:0 --memory 350MiB
	wait_metric files_refused 1
	result $? 'a part that --memory is too small for is not offered'
	expect 1 "$(metric 'parts_offered{form="nearcore"}')" '  a smaller one is'
	grep -q 'to prove it takes more memory than --memory leaves' "$log"
	result $? '  and it is said'
	hwm=$(($(sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$server/status") / 1024))
	[ "$hwm" -le 350 ]
	result $? "  $hwm MiB of 350 were used at most"
	end_listen '  and it ends well'
else
	skip 'a cap on memory: a sanitizer keeps what is freed'
fi

# A log takes no flood: a store full of what is no part.
state=chain_id=test/epoch_height=1/epoch_id=11111111111111111111111111111111/shard_id=0
mkdir -p "$scratch/junk/$state"
for k in $(seq 0 299); do
	echo junk >"$scratch/junk/$state/$(printf 'state_part_%06d_of_000300' "$k")"
done
start_listen "$scratch/junk" --http 127.0.0.1:0
wait_metric files_refused 300
result $? '300 files that are no parts'
sleep 3
expect 1 "$(grep -c 'not offered: ' "$log")" '  are one line'
[ "$(wc -l <"$log")" -le 10 ]
result $? '  of a log of at most 10'
end_listen '  and it ends well'

# Two servers of one store are one peer twice.
start_listen "$scratch/store"
first=$server one=$peer
start_listen "$scratch/store"
get --from "$one"
expect 0 $? 'two servers of one store'
begin=$(now_ms)
"$PENSTOCK" serve --listen "$one" --store "$scratch/store" >"$scratch/out" 2>&1
expect 9 $? 'a busy port'
took=$(($(now_ms) - begin))
[ $took -ge 2000 ] && [ $took -lt 8000 ]
result $? "  is asked for again for 2 s ($took ms)"
grep -q 'Address already in use; end who listens there (ss -lunp), or take another port' \
	"$scratch/out"
result $? '  and what to do is said'
end_listen 'one of them ends'
get --from "$one"
expect 0 $? 'the other serves'
kill -TERM "$first"
wait "$first"

if [ "$(id -u)" = 0 ] && command -v setpriv >"$scratch/found" &&
	[ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" -gt 80 ]; then
	setpriv --bounding-set=-net_bind_service --inh-caps=-net_bind_service "$PENSTOCK" serve \
		--listen 127.0.0.1:80 --store "$scratch/store" >"$scratch/out" 2>&1
	expect 9 $? 'a port that is for root'
	grep -q 'cap_net_bind_service+ep' "$scratch/out"
	result $? '  and what to do is said'
else
	skip 'a port that is for root: no way not to be'
fi

# A store, and files of it, that this user may not read.
if [ "$(id -u)" = 0 ] && command -v setpriv >"$scratch/found"; then
	nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	mkdir "$scratch/theirs" "$scratch/theirs/raw" "$scratch/side"
	cp "$scratch/store/raw/$small" "$scratch/theirs/raw/$small"
	chmod 711 "$scratch"
	chmod 700 "$scratch/theirs"
	chown 65534 "$scratch/side"
	"${nobody[@]}" "$PENSTOCK" serve --listen 127.0.0.1:0 --store "$scratch/theirs" \
		>"$scratch/out" 2>&1
	expect 9 $? 'a store that this user may not read'
	grep -q 'Permission denied; who runs this must be let in' "$scratch/out"
	result $? '  and what to do is said'
	chmod 755 "$scratch/theirs"
	chmod 000 "$scratch/theirs/raw/$small"
	wrap=("${nobody[@]}")
	start_listen "$scratch/theirs" --index "$scratch/side" --http 127.0.0.1:0
	wait_line "$log" '1 files or directories .* cannot be read'
	result $? 'a file that this user may not read'
	expect 1 "$(metric files_unread)" '  is counted'
	chmod 644 "$scratch/theirs/raw/$small"
	wait_metric 'parts_offered{form="raw"}' 1
	result $? '  and offered when it may'
	object=$small
	get
	expect 0 $? '  and served'
	end_listen '  and it ends well'
	wrap=()
	rm -rf "$scratch/side"
else
	skip 'a store that this user may not read: no way not to be root'
fi

# A store that is only read.
mkdir "$scratch/closed"
if mount --bind "$scratch/store" "$scratch/closed" 2>/dev/null &&
	mount -o remount,ro,bind "$scratch/closed"; then
	rm -rf "$scratch/index"
	start_listen "$scratch/closed" --index "$scratch/index"
	sleep 3
	get
	expect 0 $? 'a store that cannot be written to, with --index'
	[ -s "$scratch/index/index" ] && [ -s "$scratch/index/identity" ]
	result $? '  where index and identity are'
	end_listen '  and it ends well'
	mount -o remount,rw,bind "$scratch/closed"
	mv "$scratch/store/.penstock" "$scratch/side"
	mount -o remount,ro,bind "$scratch/closed"
	"$PENSTOCK" serve --listen 127.0.0.1:0 --store "$scratch/closed" >"$scratch/out" 2>&1
	expect 9 $? '  and without'
	grep -q -- '--index DIR' "$scratch/out"
	result $? '  which says so'
	umount "$scratch/closed"
	mv "$scratch/side" "$scratch/store/.penstock"
else
	skip 'a store that cannot be written to: no privilege to mount'
fi

# A build without libmicrohttpd.
binary=$PEN_BUILD/tests/live/live_no_http
start_listen "$scratch/store"
get
expect 0 $? 'a build without HTTP serves by UDP'
end_listen '  and ends well'
"$binary" serve --http 127.0.0.1:0 --store "$scratch/store" >"$scratch/out" 2>&1
expect 2 $? '  and refuses --http'
grep -q 'libmicrohttpd' "$scratch/out"
result $? '  with the reason'
finish
