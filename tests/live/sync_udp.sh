#!/usr/bin/env bash
# sync by our own protocol: parts go from the packets to their proof and into the database, with no
# store between; alone and beside sources of other sorts, under IPv4 and IPv6; killed and
# interrupted. Every database that is done equals the others, key by key.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fetching.sh"
. "$(dirname "$0")/syncing.sh"

# States of nearcore: the database is the one that nearcore's own application of them gave.
if command -v zstdcat >/dev/null; then
	for row in "genesis $genesis_root 5" "small $small_root 7" "edges $edges_root 6"; do
		read -r name root of <<<"$row"
		dir=$scratch/golden.$name/chain_id=x/epoch_height=1/epoch_id=$root/shard_id=0
		mkdir -p "$dir"
		cp "$near/golden/$name"/state_part_* "$dir"
		"$PENSTOCK" make --from "parts:$dir" --form lean --store "$scratch/golden.$name" \
			--chain x --epoch-height 1 --epoch-id "$root" --shard 0 2>"$scratch/err" ||
			cat "$scratch/err"
		zstdcat "$near/golden/$name.state.zst" >"$scratch/$name.state"
		zstdcat "$near/golden/$name.flat.zst" >"$scratch/$name.flat"
		whole=$scratch/$name
		offer "$scratch/golden.$name" || { skip 'no serve --listen'; finish; }
		for form in nearcore lean; do
			sync "$name.$form" --from "$peer" --form $form
			wants 0 $? "$name in $form form"
			same "$name.$form" '  is what nearcore applied'
		done
		stop
	done
else
	skip 'the golden states: no zstd to unpack their dumps'
fi

all_begin || finish

# Every form, and what is said of it.
for form in nearcore lean any; do
	sync "$form" --from "$one" --form $form --json
	wants 0 $? "a generated state, $form form"
	same "$form" '  is the same'
	lean=$of
	[ $form != nearcore ] || lean=0
	forms="{\"nearcore\": $((of - lean)), \"lean\": $lean}"
	grep -q "\"parts\": $of, \"kept\": 0, \"forms\": $forms, \"keys\": 40000, " \
		"$scratch/out" && grep -q '"done": true}' "$scratch/out"
	said $? '  and the figures say so'
done
sync any --from "$one"
wants 0 $? 'a database that is done'
grep -q 'all parts were applied before' "$scratch/out"
said $? '  says so'
[ ! -e "$scratch/any/identity" ] && [ ! -e "$scratch/any/.penstock" ]
result $? '  and nothing but the database lies there'

# Under IPv6, and from a server of each family at once, at a rate that needs both.
six=
if grep -q ' lo$' /proc/net/if_inet6 2>"$scratch/err"; then
	listen_at='[::1]' offer "$scratch/store" --index "$scratch/six"
	six=$peer second=$server
	for form in nearcore lean; do
		sync "six.$form" --from "$six" --form $form --json
		wants 0 $? "from $six, $form form"
		once "$(cat "$scratch/store/$there"/${form/nearcore/state}_part_* | wc -c)" \
			"$(wire)" '  and nothing came twice'
		same "six.$form" '  it is the same'
	done
	sync both --from "$six" --from "$one" --form nearcore --rate 16Mbit/s --json
	wants 0 $? 'a server under IPv6 and one under IPv4'
	same both '  and it is the same'
	for source in "$six" "$one"; do
		grep -F "$source: " "$scratch/out" | grep -q ': [0-9.]* MB' &&
			! grep -qF "$source: 0.0 MB" "$scratch/out"
		said $? "  something came from $source"
	done
else
	skip 'sync under IPv6: the loopback has no ::1'
fi

# Sources of every sort, one of them dead; 16 Mbit/s are so little that all are needed.
start_serve "$scratch/store" --index "$scratch/index" || { skip 'no HTTP front'; finish; }
front=$server
sync mixed --from "$one" --from "$url" --from "dir:$scratch/few" --from 127.0.0.1:1 \
	--form nearcore --rate 16Mbit/s --json
wants 0 $? 'a server of ours, a web server, a directory, and one that is not there'
same mixed '  and it is the same'
for source in "$one" "$url" "dir:$scratch/few"; do
	grep "^$source: [0-9.]* MB" "$scratch/out" | grep -vq ': 0.0 MB'
	said $? "  something came from ${source%%/*}"
done
grep -q '^127.0.0.1:1: 0.0 MB; .*answer' "$scratch/out"
said $? '  and one does not answer'
once "$(cat "$scratch/store/$there"/state_part_* | wc -c)" "$(wire)" '  and nothing came twice'

# A rate holds by every way: 7.6 MB at 16 Mbit/s take 3.8 s.
for source in "$one" "$url"; do
	begun=$(now_ms)
	sync "rate.${source%%:*}" --from "$source" --form nearcore --rate 16Mbit/s
	wants 0 $? "at 16 Mbit/s from ${source%%:*}"
	took=$(($(now_ms) - begun))
	[ $took -ge 3400 ]
	result $? "  it takes its time ($took ms)"
done
kill -9 "$front"
wait "$front" 2>/dev/null

# kill -9, as soon as, behind some parts, the log says of one what is done to it (of "fetch":
# anything; most parts are begun at once): what was applied does not come again, and of a batch that
# was being put or committed there is all or nothing. 50 moments with PEN_LONG, else 5: from either
# server or both, in either form.
kill_in() {
	local applied=0
	tail -n +1 -s 0.001 -f "$scratch/killed.log" --pid=$syncing | while read -r _ _ what; do
		[ "$what" != 'done' ] || applied=$((applied + 1))
		[ "$1" = fetch ] || [ "$what" = "$1" ] || continue
		[ $applied -ge "$2" ] && kill -9 $syncing && break
	done
}
words=(fetch prove put commit done)
moments=5
[ -z "${PEN_LONG:-}" ] || moments=50
servers=("$one" "${six:-$one}" "$one ${six:-}")
forms=(nearcore lean)
for i in $(seq 0 $((moments - 1))); do
	read -ra from <<<"${servers[i % 3]}"
	flags=("${from[@]/#/--from=}" --form "${forms[i % 2]}")
	word=${words[i % 5]} kept=$(((i + 1) * of * 2 / 3 / moments))
	rm -rf "$scratch/killed" "$scratch/killed.log"
	: >"$scratch/killed.log"
	sync_begin killed "${flags[@]}" --rate 16Mbit/s
	kill_in $word $kept 2>"$scratch/reaped"
	wait $syncing 2>/dev/null
	expect 137 $? "kill -9 behind $kept parts, at $word of one" "${flags[*]}"
	applied "$scratch/killed.log" >"$scratch/before"
	here=$(wc -l <"$scratch/before")
	[ "$here" -ge $kept ] && [ "$here" -lt $of ]
	result $? "  with $here of $of applied"
	sync killed "${flags[@]}" --json --log-level debug
	wants 0 $? '  started again it goes on'
	twice=$(touched "$scratch/out" | comm -12 - "$scratch/before")
	expect '' "$twice" '  nothing of what was applied came again'
	missing=$(cd "$scratch/store/$there" && applied "$scratch/out" | while read -r k; do
		cat "$(printf '%s_part_%06d_of_%06d' "${flags[-1]/nearcore/state}" "$k" $of)"
	done | wc -c)
	# Of two servers each may take over the last parts of the other.
	[ ${#from[@]} -gt 1 ] ||
		once "$missing" "$(wire)" '  and nothing came but what was missing'
	same killed '  it is the same'
done

# Interrupted: what is whole is applied first.
sync_begin stopped --from "$one" --rate 4Mbit/s
wait_applied stopped 2
sync stopped --from "$one"
expect 9 $? 'a database that another process has open'
kill -INT $syncing
wait $syncing
expect 7 $? 'interrupted'
here=$(applied "$scratch/stopped.log" | wc -l)
grep -q "; $here of $of parts are kept" "$scratch/stopped.log"
result $? "  and it is said what is kept ($here)" || cat "$scratch/stopped.log"
"$PENSTOCK" verify db "$scratch/stopped" --shard s7.v3 --root "$root" >"$scratch/verify" 2>&1
expect 4 $? '  an unfinished database does not verify'
sync stopped --from "$one"
wants 0 $? '  the next run goes on'
grep -q "^$here of $of parts are kept from before" "$scratch/out"
said $? '  from there'
same stopped '  it is the same'
kill -9 "$first" ${six:+"$second"} 2>/dev/null
finish
