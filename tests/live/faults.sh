#!/usr/bin/env bash
# Servers that lie, stall or fail; disks that are full; databases that hold something else. Each
# ends in its own exit code and sentence, and nothing unproved is in the database.
. "$(dirname "$0")/lib.sh"

parts=$near/golden/small
bad=state_part_000003_of_000007

# sync_from URL...: sets code and log; database in $db. No byte for $stall seconds is a stall.
stall=2
sync_from() {
	local from=()
	for source in "$@"; do from+=(--from "$source"); done
	log=$scratch/log
	timeout 60 "$PENSTOCK" sync "${from[@]}" --root "$small_root" --shard s7.v3 --of 7 \
		--db "$db" --stall "$stall" --tries 2 >"$log" 2>&1
	code=$?
}

# Nothing but proved parts: each row of State names what it holds, and the rest is unfinished.
nothing_unproved() {
	dump_db "$db" "$scratch/partial" 2>/dev/null || return 0
	! grep -q '!' "$scratch/partial.state" && join -v 1 "$scratch/partial.flat" \
		"$scratch/whole.flat" | wc -l | grep -qx 0
}

db=$scratch/whole
sync_from "dir:$parts"
expect 0 "$code" 'the undisturbed sync'
dump_db "$db" "$scratch/whole"

# MODE, exit code, what the sentence must say
while read -r mode wanted says; do
	db=$scratch/db-$mode
	start_hostile "$parts" "$mode" "$bad"
	# Half a gigabyte comes before it is too much; a busy machine stops for breath on the way.
	[ "$mode" != endless ] || stall=30
	sync_from "$url"
	stall=2
	expect "$wanted" "$code" "a server that answers $mode"
	grep -qE "$says" "$log"
	result $? "  says '$says'" || tail -n 5 "$log"
	nothing_unproved
	result $? '  has nothing unproved in the database'
	stop
	sync_from "dir:$parts"
	expect 0 "$code" '  goes on from a good source'
	dump_db "$db" "$scratch/after"
	cmp -s "$scratch/after.state" "$scratch/whole.state" &&
		cmp -s "$scratch/after.flat" "$scratch/whole.flat"
	result $? '  ends in the same database, key by key'
done <<'END'
404 3 part 3
500 6 500
truncated 6 (part 3|bytes)
other 4 part 3
garbage 4 part 3
slow 5 (stall|no byte|slow)
silent 5 (stall|no byte)
reset 6 (part 3|closed|empty|reset)
endless 4 (part 3|larger)
END

# One bad source beside a good one never fails a sync.
for mode in 404 500 truncated other garbage silent reset; do
	db=$scratch/pair-$mode
	start_hostile "$parts" "$mode"
	sync_from "$url" "dir:$parts"
	expect 0 "$code" "a server that answers $mode for everything, beside a good source" ||
		tail -n 3 "$log"
	case $mode in
	other | garbage)
		grep -q "^$url sent [1-9][0-9]* bad parts" "$log"
		result $? '  which is named'
		;;
	esac
	stop
done

db=$scratch/nobody
sync_from http://127.0.0.1:9
expect 6 "$code" 'nobody listens'

if command -v openssl >"$scratch/found"; then
	openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=127.0.0.1 \
		-keyout "$scratch/key" -out "$scratch/certificate" 2>"$scratch/openssl"
	openssl s_server -accept 127.0.0.1:0 -key "$scratch/key" -cert "$scratch/certificate" \
		-WWW >"$scratch/tls" 2>&1 &
	server=$!
	wait_line "$scratch/tls" '^ACCEPT 127'
	sync_from "https://$(sed -n 's/^ACCEPT //p' "$scratch/tls")"
	expect 6 "$code" 'a server whose certificate nobody vouches for'
	grep -qi 'certificate' "$log"
	result $? '  says so' || cat "$log"
	stop
else
	skip 'a server with a certificate: no openssl'
fi

# Databases that hold something else.
db=$scratch/whole
"$PENSTOCK" sync --from "dir:$near/golden/genesis" --root "$genesis_root" --shard s7.v3 --of 5 \
	--db "$db" >"$scratch/log" 2>&1
expect 2 $? 'a database of another root is refused'
grep -q "$genesis_root" "$scratch/log" && grep -q "$small_root" "$scratch/log"
result $? '  both roots are named'
"$PENSTOCK" sync --from "dir:$parts" --root "$small_root" --shard s7.v3 --of 8 --db "$db" \
	>"$scratch/log" 2>&1
expect 2 $? 'a database of another N is refused'
grep -q '7' "$scratch/log" && grep -q '8' "$scratch/log"
result $? '  both are named'
sync_from "dir:$parts"
expect 0 "$code" 'a finished database: nothing to do'

# A wrong N of which nothing was applied binds nobody.
db=$scratch/wrong
mkdir "$scratch/wrong-parts"
cp "$parts/state_part_000001_of_000007" "$scratch/wrong-parts/state_part_000000_of_000001"
"$PENSTOCK" sync --from "dir:$scratch/wrong-parts" --root "$small_root" --shard s7.v3 --db "$db" \
	>"$scratch/log" 2>&1
expect 4 $? 'a directory with a wrong N'
sync_from "dir:$parts"
expect 0 "$code" '  and the right one goes in afterwards'
expect 1 "$(grep -c 'in 1 parts and has none of them: begun anew' "$log")" '  which says so'
dump_db "$db" "$scratch/after"
cmp -s "$scratch/after.state" "$scratch/whole.state"
result $? '  ends in the same database'

# Opened by another process, which a signal then ends; what it had applied is kept.
for signal in TERM INT; do
	db=$scratch/busy-$signal
	start_hostile "$parts" silent "$bad"
	: >"$scratch/first"
	"$PENSTOCK" sync --from "$url" --root "$small_root" --shard s7.v3 --of 7 --db "$db" \
		--stall 60 --log-level debug >"$scratch/first" 2>&1 &
	first=$!
	for _ in $(seq 400); do
		[ "$(grep -c '^part . done' "$scratch/first")" -eq 6 ] && break
		sleep 0.05
	done
	sync_from "dir:$parts"
	expect 9 "$code" 'a database that another process has open'
	grep -qi 'another process' "$log"
	result $? '  says so' || cat "$log"
	kill -$signal "$first"
	wait "$first"
	expect 7 $? "SIG$signal ends it with exit code 7"
	grep -q '6 of 7 parts are kept' "$scratch/first"
	result $? '  says what is kept' || cat "$scratch/first"
	stop
	sync_from "dir:$parts"
	expect 0 "$code" '  and the next run goes on'
	grep -q '6 of 7 parts are kept from before' "$log"
	result $? '  from there' || cat "$log"
done

# A full disk.
mkdir "$scratch/tiny"
if mount -t tmpfs -o size=3m tmpfs "$scratch/tiny" 2>/dev/null; then
	db=$scratch/tiny/db
	sync_from "dir:$parts"
	expect 8 "$code" 'a full disk'
	grep -qi 'space' "$log"
	result $? '  says so' || cat "$log"
	mount -o remount,size=200m "$scratch/tiny"
	sync_from "dir:$parts"
	expect 0 "$code" '  and with room again the next run goes on' || cat "$log"
	dump_db "$db" "$scratch/after"
	cmp -s "$scratch/after.state" "$scratch/whole.state"
	result $? '  ends in the same database'
else
	skip 'a full disk: no privilege to mount a small tmpfs'
fi
finish
