#!/usr/bin/env bash
# The forms of a part: lean ones made of pairs and of nearcore's parts, proved, shown, served,
# synced; where they are not worth a file; killed in the middle; and every flag that is wrong.
. "$(dirname "$0")/lib.sh"

of=24
state=$scratch/state.kv
epoch=11111111111111111111111111111111
labels=(--chain test --epoch-height 1 --epoch-id $epoch --shard 7)
dir=chain_id=test/epoch_height=1/epoch_id=$epoch/shard_id=7
golden=$near/golden
name() { printf '%s_part_%06d_of_%06d' "$1" "$2" "$3"; }
run() {
	timeout 120 "$PENSTOCK" "$@" >"$scratch/out" 2>"$scratch/log" </dev/null
}
make() {
	run make --from "kv:$state" --store "$1" "${labels[@]}" --of $of "${@:2}"
}
# number KEY: the first number behind it in the JSON.
number() { grep -o "\"$1\": *[0-9]*" "$scratch/out" | head -n 1 | tr -dc 0-9; }
count() { find "$1" -name "$2_part_*" | wc -l; }
says() {
	grep -q -- "$1" "$scratch/log"
	result $? "  says '$1'" || cat "$scratch/log"
}

"$PENSTOCK" generate --profile mainnet --keys 100000 --seed 1 --out "$state"
expect 0 $? 'the fixed profile'
run make --from "kv:$state" --store "$scratch/usual" "${labels[@]}" --form both --json
expect '0 4 0' "$? $(number made) $(number larger)" "cut as nearcore does, no part falls back"
wire() { find "$1" -name "$2_part_*" -printf '%s\n' | awk '{ all += $1 } END { print all }'; }
ratio=$(($(wire "$scratch/usual" lean) * 1000 / $(wire "$scratch/usual" state)))
[ $ratio -le 420 ]
result $? "  lean form has $ratio thousandths of nearcore form's bytes, at most 420"
rm -r "$scratch/usual"
"$PENSTOCK" generate --profile mainnet --keys 60000 --seed 1 --out "$state"
make "$scratch/both" --form both --json
expect 0 $? 'cut into many, in both forms'
# Parts of nothing but contracts may lose: frames keep a compressor from seeing what they share.
larger=$(number larger)
lean=$((of - larger))
[ $lean -gt 12 ]
result $? "  $lean of $of parts have a lean file"
expect $((of + lean)) "$(number made)" '  and all have one in nearcore form'
make "$scratch/lean" --form lean --json
expect 0 $? 'made in lean form alone'
expect "$lean $larger" "$(count "$scratch/lean" lean) $(count "$scratch/lean" state)" \
	'  what has no lean file is there in the other form'
make "$scratch/nearcore"
expect "0 $of" "$(count "$scratch/nearcore" lean) $(count "$scratch/nearcore" state)" \
	"left open, it is nearcore's form alone"
cp -r "$scratch/nearcore" "$scratch/pressed"
run make --from "parts:$scratch/pressed" --form lean --json
expect 0 $? "lean parts made of nearcore's form"
expect "$lean $larger" "$(number made) $(number larger)" '  those that are worth it'
differ=0
for ((k = 0; k < of; k++)); do
	[ -f "$scratch/both/$dir/$(name lean $k $of)" ] || continue
	for other in lean pressed; do
		cmp -s "$scratch/both/$dir/$(name lean $k $of)" \
			"$scratch/$other/$dir/$(name lean $k $of)" || differ=$((differ + 1))
	done
	"$PENSTOCK" inspect part --raw "$scratch/lean/$dir/$(name lean $k $of)" >"$scratch/a"
	"$PENSTOCK" inspect part --raw "$scratch/both/$dir/$(name state $k $of)" >"$scratch/b"
	cmp -s "$scratch/a" "$scratch/b" || differ=$((differ + 1))
done
expect 0 $differ 'lean parts are the same, whatever of, and hold what the other form does'
run verify store "$scratch/both" --json
expect 0 $? 'the store verifies'
expect "$of $lean" "$(number nearcore) $(number lean)" '  both forms were looked at'
make "$scratch/both" --form both --json
expect "0 $((of + lean))" "$(number made) $(number kept)" 'a second run makes nothing'
rm "$scratch/both/$dir/$(name lean 3 $of)" "$scratch/both/$dir/$(name lean 23 $of)" \
	"$scratch/both/$dir/$(name state 7 $of)"
make "$scratch/both" --form both --json
expect 3 "$(number made)" 'and one after a loss just what is missing'
make "$scratch/both" --form lean --json
expect "0 $lean" "$(number made) $(number kept)" 'lean form alone, beside the other: all is there'

# Values that nearly repeat: 40 of 150 kB that differ in a few bytes.
near_value=$(head -c 150000 /dev/urandom | od -An -v -tx1 | tr -d ' \n')
for ((i = 16; i < 56; i++)); do
	printf '%02x%02x %08x%s\n' $i $i $i "$near_value"
done >"$scratch/near.hex"
for form in both lean; do
	run make --from "hex:$scratch/near.hex" --store "$scratch/near-$form" "${labels[@]}" \
		--of 1 --form $form
	expect 0 $? "values that nearly repeat, --form $form"
	expect '0 1' "$(count "$scratch/near-$form" lean) $(count "$scratch/near-$form" state)" \
		"  there is no lean file, and nearcore's is"
	grep -q '1 parts have no lean file' "$scratch/out"
	result $? '  which is said' || cat "$scratch/out"
done
run make --from "parts:$scratch/near-both" --form lean --json
expect '0 1' "$(number made) $(number larger)" "  nor of nearcore's form"

# Killed in the middle of both forms.
broken=0 kills=0 remade=0
for at in 0 1 11 24 36; do
	store=$scratch/killed
	kill_make $at "$dir" "$store" --from "kv:$state" "${labels[@]}" --of $of --jobs 2 \
		--form both &&
		kills=$((kills + 1))
	mkdir -p "$store"
	run verify store "$store" || broken=$((broken + 1))
	there=$(ls "$store/$dir" 2>/dev/null | wc -l)
	make "$store" --form both --json
	[ "$(number made)" = $((of + lean - there)) ] || remade=$((remade + 1))
	diff -rq "$store/$dir" "$scratch/both/$dir" >/dev/null || broken=$((broken + 1))
	[ -z "$(ls "$store/.penstock/tmp" 2>/dev/null)" ] || broken=$((broken + 1))
done
echo "     killed while running: $kills of 5"
expect 0 $broken 'killed: no half part, and in the end all of them'
expect 0 $remade 'killed: the next run makes just what is missing'

# One part: verdict and inspection find its form by themselves.
mkdir "$scratch/own"
cp "$golden/small/"* "$scratch/own/"
run make --from "parts:$scratch/own" --form lean
expect 0 $? "lean parts of nearcore's own dump"
part=$scratch/own/$(name lean 3 7)
run verify part "$part" --root $small_root --part 3 --of 7 --json
expect 0 $? 'a lean part verifies'
grep -q '"form": "lean"' "$scratch/out"
result $? '  as one'
"$PENSTOCK" verify part "$golden/small/$(name state 3 7)" --root $small_root --part 3 --of 7 \
	--json | sed 's/nearcore/lean/' | cmp -s - "$scratch/out"
result $? "  with the numbers of nearcore's form"
run verify part "$part" --root $small_root --part 2 --of 7
expect 4 $? 'another part'
run verify part "$part" --root $genesis_root --part 3 --of 7
expect 4 $? 'another state'
head -c -1 "$part" >"$scratch/short"
run verify part "$scratch/short" --root $small_root --part 3 --of 7
expect 4 $? 'a part cut short'
says BadHead
run inspect part "$part" --json
expect "0 7 3" "$? $(number of) $(number part)" 'a lean part inspected'
run inspect part "$scratch/short" --raw
expect 4 $? '  a bad one has nothing raw'

# Served.
start_serve "$scratch/both" || exit 1
root=$("$PENSTOCK" inspect state "kv:$state" --json | sed 's/.*"root": *"\([^"]*\)".*/\1/')
if command -v curl >/dev/null; then
	for _ in $(seq 200); do
		curl -s "$url/root/$root" >"$scratch/out"
		grep -q '"scanning": false' "$scratch/out" && break
		sleep 0.1
	done
	grep -q "\"forms\": {\"nearcore\": \[$of\], \"lean\": \[$lean\]}" "$scratch/out"
	result $? 'the front says in which forms parts are there' || cat "$scratch/out"
	for path in "$dir" "root/$root/of/$of"; do
		curl -s "$url/$path/$(name lean 5 $of)" |
			cmp -s - "$scratch/both/$dir/$(name lean 5 $of)"
		result $? "  and serves a lean part under $path" | cut -c 1-72
	done
	curl -s "$url/metrics" | grep -qx "penstock_parts_offered{form=\"lean\"} $lean"
	result $? '  and counts them'
else
	skip 'the front by curl: no curl'
fi

# Synced: the same database, whatever the form.
sync() {
	rm -rf "$scratch/db"
	run sync --root "$root" --shard s7.v3 --db "$scratch/db" --log-level error --json "$@"
}
lean_parts() { grep -o '"lean": *[0-9]*' "$scratch/out" | tr -dc 0-9; }
while read -r from form wanted; do
	[ "$from" = front ] && from=$url || from=dir:$scratch/$from
	sync --from "$from" --form "$form"
	expect "0 $wanted" "$? $(lean_parts)" "sync --form $form ${from:0:5}: lean parts" ||
		cat "$scratch/log"
	dump_db "$scratch/db" "$scratch/got"
	[ -f "$scratch/wanted.state" ] || cp "$scratch/got.state" "$scratch/wanted.state"
	cmp -s "$scratch/got.state" "$scratch/wanted.state"
	result $? '  the database is the same'
done <<EOT
both nearcore 0
both any $lean
lean any $lean
nearcore any 0
front any $lean
front nearcore 0
pressed any $lean
EOT
run verify db "$scratch/db" --shard s7.v3 --root "$root"
expect 0 $? 'and it verifies'
# Tiny parts have fewer bytes in nearcore form: any takes the smaller of each.
cp -r "$golden/genesis" "$scratch/tiny-parts"
run make --from "parts:$scratch/tiny-parts" --form lean
smaller=0
for ((k = 0; k < 5; k++)); do
	[ "$(stat -c %s "$scratch/tiny-parts/$(name lean $k 5)")" -gt \
		"$(stat -c %s "$scratch/tiny-parts/$(name state $k 5)")" ] &&
		smaller=$((smaller + 1))
done
[ $smaller -gt 0 ] && [ $smaller -lt 5 ]
result $? "$smaller of 5 parts of genesis are smaller in nearcore form"
whole=$root root=$genesis_root
sync --from "dir:$scratch/tiny-parts"
expect "0 $((5 - smaller))" "$? $(lean_parts)" '  and are fetched so from a directory'
front=$server
start_serve "$scratch/tiny-parts" || exit 1
if command -v curl >/dev/null; then
	for _ in $(seq 200); do
		curl -s "$url/root/$root" >"$scratch/out"
		grep -q '"scanning": false' "$scratch/out" && break
		sleep 0.1
	done
	sync --from "$url"
	expect "0 $((5 - smaller))" "$? $(lean_parts)" '  and from a front'
fi
kill "$server"
wait "$server" 2>/dev/null
server=$front root=$whole
sync --from "dir:$scratch/nearcore" --form lean
expect 3 $? 'lean form alone, where there is none'
says 'no part of it in lean form'
sync --from "dir:$scratch/lean" --form nearcore
expect 3 $? 'nearcore form alone, where not all have it'
sync --from "dir:$scratch/lean" --from "dir:$scratch/nearcore" --form nearcore
expect '0 0' "$? $(lean_parts)" 'nearcore form alone, where one source has it'
rm "$scratch/lean/$dir/$(name lean 3 $of)"
head -c 2000 "$scratch/both/$dir/$(name lean 4 $of)" >"$scratch/lean/$dir/$(name lean 4 $of)"
sync --from "dir:$scratch/lean" --form any
expect 4 $? 'a lean part that is bad, and one that is missing'
sync --from "dir:$scratch/lean" --from "dir:$scratch/nearcore"
expect "0 $((lean - 2))" "$? $(lean_parts)" '  another source has them in the other form'
cp "$scratch/lean/$dir/$(name lean 4 $of)" "$scratch/both/$dir/"
sync --from "dir:$scratch/both"
expect "0 $((lean - 1))" "$? $(lean_parts)" '  or the same source'
start_hostile "$scratch/both/$dir" garbage
sync --from "$url" --of $of --form lean --tries 1
expect 4 $? 'a server that sends rubbish for lean parts'
sync --from "$url" --from "dir:$scratch/both" --of $of --tries 1
expect 0 $? '  is made up for by another source'
kill "$server"
wait "$server" 2>/dev/null
run verify store "$scratch/both"
expect 4 $? 'verify store sees a bad lean part'
says "$(name lean 4 $of): BadHead"
make "$scratch/both" --form both
expect 2 $? 'make leaves it alone'
says 'is there and is not part 4'

# Flags.
bad() {
	run "${@:2}"
	expect 2 $? "$1"
	[ -s "$scratch/log" ]
	result $? '  is said'
}
mini=(make --from "hex:$near/mainnet-genesis.hex" --store "$scratch/mini" "${labels[@]}")
for form in raw any Lean ''; do
	bad "make --form '$form'" "${mini[@]}" --form "$form"
done
for level in -6 20; do
	bad "make --form lean --level $level" "${mini[@]}" --form lean --level $level
done
for level in -5 19; do
	run "${mini[@]}" --form both --level $level
	expect 0 $? "make --form both --level $level"
	rm -r "$scratch/mini"
done
bad 'make --from parts: without --form' make --from "parts:$scratch/own"
bad 'make --from parts: --form both' make --from "parts:$scratch/own" --form both
bad 'make --from parts: with one label' make --from "parts:$scratch/own" --form lean --chain a
bad 'make --from parts: --parts without --of' make --from "parts:$scratch/own" --form lean \
	--parts 1
bad 'make --from parts: --memory' make --from "parts:$scratch/own" --form lean --memory 1GiB
cp -r "$scratch/nearcore/$dir" "$scratch/nearcore/${dir%7}8"
bad 'make --from parts: of several directories, with labels' make --from "parts:$scratch/nearcore" \
	--store "$scratch/many" --form lean "${labels[@]}"
run make --from "parts:$scratch/nowhere" --form lean
expect 9 $? 'make --from parts: of no directory'
mkdir "$scratch/empty"
run make --from "parts:$scratch/empty" --form lean --json
expect 3 $? 'make --from parts: of a directory without parts'
run make --from "parts:$scratch/own" --store "$scratch/labelled" --form lean --of 7 --parts 2-3 \
	"${labels[@]}"
expect '0 2' "$? $(ls "$scratch/labelled/$dir" | wc -l)" 'make --from parts: to another store, some'
printf x >"$scratch/own/$(name state 1 7)"
rm "$scratch/own/$(name lean 1 7)"
run make --from "parts:$scratch/own" --form lean --json
expect '4 6 1' "$? $(number kept) $(number bad)" 'make --from parts: one of them bad'
says "$(name state 1 7) is left out"
bad 'sync --form raw' sync --from "dir:$golden/small" --root $small_root --shard s7.v3 \
	--db "$scratch/none" --form raw
bad 'sync --bare --form lean' sync --from "dir:$golden/small" --root $small_root --shard s7.v3 \
	--db "$scratch/none" --form lean --bare
finish
