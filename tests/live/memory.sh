#!/usr/bin/env bash
# A sync takes no more memory than --memory says, whatever servers send.
. "$(dirname "$0")/lib.sh"

parts=$near/golden/small

# sync_watched MIB FLAG...: sets code, log and hwm (MiB, the most that was in memory).
sync_watched() {
	local cap=$1 pid said
	shift
	log=$scratch/log
	rm -rf "$scratch/db"
	timeout 100 "$PENSTOCK" sync "$@" --shard s7.v3 --db "$scratch/db" --memory "${cap}MiB" \
		--log-level debug >"$log" 2>&1 &
	pid=$!
	hwm=0
	while kill -0 "$pid" 2>/dev/null; do
		said=$(cat /proc/"$pid"/task/"$pid"/children 2>/dev/null)
		said=$(sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\).*/\1/p' \
			"/proc/${said%% *}/status" 2>/dev/null)
		[ -z "$said" ] || hwm=$((said / 1024))
		sleep 0.02
	done
	wait "$pid"
	code=$?
}

# sync_heard MIB FLAG...: the same, by our own protocol, from a server that may still be proving
# what it has.
sync_heard() {
	start_listen "$scratch/store" || return 1
	for _ in 1 2 3 4 5; do
		sync_watched "$1" --from "$peer" --root "$root" "${@:2}"
		[ "$code" -eq 3 ] || break
	done
	stop
}

sync_watched 100 --from "dir:$parts" --root "$small_root" --of 7
expect 2 "$code" 'a cap without room for one part is refused'
grep -q -- '--memory 100 MiB is too little' "$log"
result $? '  says how much is needed'
if [ "${PEN_SANITIZE:-none}" != none ]; then
	skip 'the high-water mark: a sanitizer keeps what is freed'
	finish
fi

for cap in 600 1024; do
	start_hostile "$parts" endless
	sync_watched "$cap" --from "$url" --root "$small_root" --of 7
	expect 4 "$code" "a server that sends without end, $cap MiB"
	grep -q -- "--memory $cap MiB leaves room for a part of" "$log"
	result $? '  says what there is room for' || tail -n 2 "$log"
	[ "$hwm" -gt 0 ] && [ "$hwm" -le "$cap" ]
	result $? "  takes $hwm MiB at most"
	sync_watched "$cap" --from "$url" --from "dir:$parts" --root "$small_root" --of 7
	expect 0 "$code" '  beside a good source it costs nothing'
	[ "$hwm" -le "$cap" ]
	result $? "  takes $hwm MiB at most"
	stop
done

# Parts of ordinary size, as many at a time as there are connections.
make_state "$scratch/store" 300000 8
sync_watched 1024 --from "dir:$scratch/store" --root "$root"
expect 0 "$code" 'parts of ordinary size'
[ "$hwm" -le 1024 ]
result $? "  take $hwm MiB at most"
expect 8 "$(grep -c '^part [0-9]* fetch' "$log")" '  and none is fetched twice'

run_lean() {
	"$PENSTOCK" make --from "parts:$scratch/store" --form lean >"$scratch/lean.log" 2>&1
	expect 0 $? 'the same in lean form' || cat "$scratch/lean.log"
}
run_lean
sync_watched 1024 --from "dir:$scratch/store" --root "$root" --form lean
expect 0 "$code" '  synced' || tail -n 3 "$log"
[ "$hwm" -le 1024 ]
result $? "  takes $hwm MiB at most"
expect 8 "$(grep -c '^part [0-9]* fetch' "$log")" '  and none is fetched twice'

for row in '640 nearcore' '640 lean' '1024 any'; do
	read -r cap form <<<"$row"
	sync_heard "$cap" --form "$form"
	expect 0 "$code" "by our own protocol, $form form, $cap MiB" || tail -n 3 "$log"
	[ "$hwm" -gt 0 ] && [ "$hwm" -le "$cap" ]
	result $? "  takes $hwm MiB at most"
done

# Parts that are larger are asked for again, alone.
rm -rf "$scratch/store"
make_state "$scratch/store" 300000 2
sync_watched 1024 --from "dir:$scratch/store" --root "$root"
expect 0 "$code" 'parts that are larger' || tail -n 3 "$log"
[ "$hwm" -le 1024 ]
result $? "  take $hwm MiB at most"
[ "$(grep -c '^part [0-9]* fetch' "$log")" -gt 2 ]
result $? '  and are fetched again'
run_lean
sync_watched 1024 --from "dir:$scratch/store" --root "$root" --form lean
expect 0 "$code" '  synced' || tail -n 3 "$log"
[ "$hwm" -le 1024 ]
result $? "  takes $hwm MiB at most"
[ "$(grep -c '^part [0-9]* fetch' "$log")" -gt 2 ]
result $? '  and they are fetched again'
for form in nearcore lean; do
	sync_heard 1024 --form $form
	expect 0 "$code" "  by our own protocol, $form form" || tail -n 3 "$log"
	[ "$hwm" -gt 0 ] && [ "$hwm" -le 1024 ]
	result $? "  takes $hwm MiB at most"
done
sync_heard 640
expect 4 "$code" '  with less memory they are refused by it, too'
grep -q -- '--memory 640 MiB leaves room for a part of' "$log"
result $? '  says how much they need' || tail -n 3 "$log"
sync_watched 530 --from "dir:$scratch/store" --root "$root"
expect 4 "$code" '  with less memory they are refused'
grep -q -- '--memory 530 MiB leaves room for a part of' "$log"
result $? '  says how much they need' || tail -n 3 "$log"
finish
