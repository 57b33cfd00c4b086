#!/usr/bin/env bash
# kill -9 of sync, and of serve, at moments spread over an undisturbed run: the database ends
# equal, key by key, and verifies. 50 moments with PEN_LONG, else 8.
. "$(dirname "$0")/lib.sh"

moments=8
[ -z "${PEN_LONG:-}" ] || moments=50
of=96
# An undisturbed run must take at least 3 s: the state grows until it does.
keys=40000
while :; do
	rm -rf "$scratch/store" "$scratch/whole"
	make_state "$scratch/store" $keys $of || { cat "$scratch/make.log"; break; }
	start_serve "$scratch/store"
	wait_offered() { curl -sf "$url/root/$root" >/dev/null; }
	for _ in $(seq 600); do wait_offered && break; sleep 0.1; done
	begin=$(date +%s%N)
	"$PENSTOCK" sync --from "$url" --root "$root" --shard s7.v3 --of $of --db "$scratch/whole" \
		>"$scratch/log" 2>&1
	code=$?
	took=$((($(date +%s%N) - begin) / 1000000))
	[ $code -eq 0 ] || break
	[ $took -ge 3000 ] && break
	stop
	keys=$((keys * 2))
done
expect 0 "$code" "an undisturbed sync of $keys keys in $of parts, $took ms"
dump_db "$scratch/whole" "$scratch/whole"

# To be run in the background: its process is the sync itself, so that a kill hits that.
sync_exec() {
	exec "$PENSTOCK" sync --from "$url" --root "$root" --shard s7.v3 --of $of --db "$1" \
		--log-level debug "${@:2}"
}
sync_db() {
	(sync_exec "$@")
}

# What the parts in flight were doing when the log ends.
phases() {
	awk '/^part [0-9]+ (fetch|prove|commit|done)/ { at[$2] = $3 }
		END { for (part in at) if (at[part] != "done") n[at[part]]++
			print (n["fetch"] > 0), (n["prove"] > 0), (n["commit"] > 0) }' "$1"
}

check_db() {
	"$PENSTOCK" verify db "$1" --shard s7.v3 --root "$root" >"$scratch/verify" 2>&1 || return 1
	dump_db "$1" "$scratch/again" && cmp "$scratch/again.state" "$scratch/whole.state" &&
		cmp "$scratch/again.flat" "$scratch/whole.flat"
}

in_fetch=0 in_prove=0 in_commit=0 unfinished=0
for i in $(seq $moments); do
	db=$scratch/killed
	rm -rf "$db"
	sync_exec "$db" >"$scratch/log" 2>&1 &
	victim=$!
	sleep "$(awk "BEGIN { print $took * ($i - 0.5) / $moments / 1000 }")"
	kill -9 $victim 2>/dev/null
	wait $victim 2>/dev/null
	[ $? -eq 137 ] && unfinished=$((unfinished + 1))
	read -r f p c <<<"$(phases "$scratch/log")"
	in_fetch=$((in_fetch + f)) in_prove=$((in_prove + p)) in_commit=$((in_commit + c))
	sync_db "$db" >"$scratch/log2" 2>&1 && check_db "$db"
	result $? "sync killed at moment $i of $moments" ||
		{ tail -n 3 "$scratch/log2" "$scratch/verify"; }
	done_before=$(grep -c '^part [0-9]* done' "$scratch/log")
	again=$(grep '^part [0-9]* done' "$scratch/log" "$scratch/log2" | sed 's/.*part //' | sort |
		uniq -d | wc -l)
	[ "$again" -eq 0 ] || result 1 "$again of $done_before parts were applied twice"
done
echo "     killed while running: $unfinished of $moments; parts in fetch at $in_fetch," \
	"in prove at $in_prove, in commit at $in_commit moments"
[ "$unfinished" -ge $((moments * 3 / 4)) ]
result $? 'most moments fell inside the run'

port=${url##*:}
for i in $(seq $moments); do
	db=$scratch/killed
	rm -rf "$db"
	sync_exec "$db" --tries 20 >"$scratch/log" 2>&1 &
	victim=$!
	sleep "$(awk "BEGIN { print $took * ($i - 0.5) / $moments / 1000 }")"
	kill -9 "$server"
	wait "$server" 2>/dev/null
	"$PENSTOCK" serve --http "127.0.0.1:$port" --store "$scratch/store" \
		2>"$scratch/serve.again" &
	server=$!
	wait $victim
	code=$?
	# The receiver rides over it, or says so and goes on when asked again.
	[ $code -eq 0 ] || sync_db "$db" >"$scratch/log" 2>&1
	check_db "$db"
	result $? "serve killed at moment $i of $moments"
done
finish
