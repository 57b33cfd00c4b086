#!/usr/bin/env bash
# What every verb owes whoever types it or reads it with a program: the exit code of its class, a
# JSON text whatever happens, and no success that is none.
. "$(dirname "$0")/lib.sh"

golden=$near/golden/small
part=$golden/state_part_000003_of_000007
state=hex:$near/mainnet-genesis.hex
labels='--chain c --epoch-height 1 --epoch-id 11111111111111111111111111111111 --shard 0'
empty_root=11111111111111111111111111111111
cd "$scratch" || exit 1
: >empty
# A code of 134 or more is a sanitizer or an abort: no row wants one.
run() {
	timeout 60 "$PENSTOCK" "$@" >out 2>log </dev/null
}

# Standard output that is full, or not there.
for words in --version --help 'make --help' "inspect state $state" "inspect part $part" \
	"verify store $golden" \
	"sync --from dir:$golden --root $small_root --shard s7.v3 --db full"; do
	timeout 60 "$PENSTOCK" $words >/dev/full 2>log
	expect 8 $? "standard output is full: $words"
done
grep -q 'standard output: No space left' log
result $? '  the sentence says so'
timeout 60 "$PENSTOCK" verify part "$part" --root "$small_root" --part 2 --of 7 >/dev/full 2>log
expect 4 $? '  a failure of its own goes before it'
timeout 60 "$PENSTOCK" sync --from "dir:$golden" --root "$small_root" --shard s7.v3 --db closed \
	--log-level debug <&- >&- 2>&-
expect 0 $? 'sync with all three descriptors closed'
run verify db closed --shard s7.v3 --root "$small_root"
expect 0 $? '  leaves a whole database'

# JSON, whatever happens: exit code, words. Without python3 only the codes count.
json() {
	local wanted=$1
	shift
	run "$@"
	expect "$wanted" $? "--json: ${*:1:4}"
	command -v python3 >/dev/null || return 0
	python3 -c 'import json, sys; json.loads(open("out", "rb").read().decode("utf-8"))' 2>err
	result $? '  prints JSON' || head -c 300 out
}
odd=$(printf 'b\377d')
printf x >"$odd"
sync_words="--root $small_root --shard s7.v3 --tries 1"
json 0 inspect state "$state" --json
json 9 inspect state hex:nowhere --json
json 4 inspect state "hex:$odd" --json
json 0 inspect part "$part" --json
json 4 inspect part empty --json
json 9 inspect part "$odd/x" --json
json 4 inspect header empty --json
json 4 verify part "$odd" --root "$small_root" --part 0 --of 7 --json
json 9 verify part "$odd/x" --root "$small_root" --part 0 --of 7 --json
json 0 verify store "$golden" --json
json 9 verify store nowhere --json
json 9 verify db "$odd/x" --shard s7.v3 --root "$small_root" --json
json 0 sync --from "dir:$golden" $sync_words --db "db$odd" --json
json 4 verify db "db$odd" --shard s8.v3 --root "$small_root" --json
json 0 sync --from "dir:$golden" $sync_words --db "db$odd" --json
json 2 sync --from "dir:$golden" $sync_words --of 6 --db "db$odd" --json
json 9 sync --from dir:nowhere $sync_words --db new --json
json 3 sync --from "dir:$golden" $sync_words --of 6 --db new --json
mkdir few
cp "$part" few/
json 3 sync --from dir:few $sync_words --db new --json
grep -q '"reason": ".*no such file' out
result $? '  and the reason in it'
json 0 make --from "$state" --store made $labels --json
json 9 make --from hex:nowhere --store made $labels --json
json 2 make --from hex:empty --store none $labels --of 3 --json

# Flags that contradict each other, and words that are none.
run inspect part "$part" --raw --json
expect 2 $? '--raw and --json exclude each other'
run make --from "$state" --store other $labels word
expect 2 $? 'a word that is no flag'
grep -q "'word'" log
result $? '  is named'
run verify part "$part" --root "$small_root" --part 9 --of 7
expect 4 $? 'a part that cannot be'
grep -q 'StorageInternalError: 7 parts have no bound 9' log
result $? '  the sentence has the numbers that were given'

# What to do about it is said, and is true of the verb.
mkdir hollow
run make --from parts:hollow --form lean
expect 3 $? 'make of a directory without parts'
grep -q 'holds no part .*; name a directory that has some$' log
result $? '  says what to do' || cat log
run generate --profile mainnet --keys 10 --seed 1 --out /dev/full
expect 8 $? 'generate on a full disk'
grep -q 'No space left on device; make room there (df -h, df -i) and start again$' log
result $? '  does not say that anything of it stays' || cat log

# The empty state from end to end.
run make --from hex:empty --store nothing $labels
expect 0 $? 'the empty state is made'
run sync --from dir:nothing --root $empty_root --shard s0.v0 --of 3 --db edb --json
expect 0 $? '  synced'
grep -q '"of": 0, "parts": 0, "kept": 0, "done": true' out
result $? '  in no part'
run verify db edb --shard s0.v0 --root $empty_root
expect 0 $? '  verified'
run sync --from dir:nothing --root $empty_root --shard s0.v0 --db edb
expect 0 $? '  synced again'
run sync --from "dir:$golden" --root "$small_root" --shard s0.v0 --db edb
expect 2 $? '  and another state does not go on top of it'
run sync --from dir:nothing --root $empty_root --shard s7.v3 --db closed
expect 2 $? '  nor it on top of another'

# What may not be read is not the same as what is not there.
if [ "$(id -u)" -ne 0 ] || ! command -v setpriv >/dev/null; then
	skip 'directories that may not be read (not root)'
	finish
fi
nobody() {
	timeout 60 setpriv --reuid=65534 --regid=65534 --clear-groups "$PENSTOCK" "$@" \
		>out 2>log </dev/null
}
chmod 755 "$scratch"
mkdir as-nobody
chown 65534:65534 as-nobody
if ! nobody --version; then
	skip 'directories that may not be read (nobody may not run this build)'
	finish
fi
below=chain_id=c/epoch_height=1/epoch_id=11111111111111111111111111111111
for row in "file $below/shard_id=0/state_part_000000_of_000001" "shard $below/shard_id=0" \
	'level chain_id=c'; do
	read -r name closed <<<"$row"
	cp -r made "$name"
	chmod o= "$name/$closed"
	nobody verify store "$name" --json
	expect 9 $? "a $name that may not be read: verify store"
	python3 -m json.tool <out >err 2>&1 || ! command -v python3 >/dev/null
	result $? '  prints JSON'
	nobody sync --from "dir:$name" --root $genesis_root --shard s7.v3 --db as-nobody/db
	expect 9 $? '  sync'
	grep -q 'Permission denied' log
	result $? '  both say why'
done
finish
